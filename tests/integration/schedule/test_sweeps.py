"""Sweep, queue and worker: everything due is worked exactly once, whatever is doubled, lost or broken."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import TransactWriteError

from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.charging.charges import CHARGES_AT_ONCE
from chalicelib.domain.ids import new_id
from chalicelib.gateways import due_queue
from chalicelib.gateways.due_queue import Due, SendingFailed
from chalicelib.models import control
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.schedule import account_steps, sweeps
from chalicelib.services.schedule.sweeps import Position
from chalicelib.services.schedule.worker import take_due_steps
from tests.books import Books
from tests.breaker import Breaker
from tests.world import START, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")


def in_time() -> bool:
    return False


@dataclass
class Queue:
    """SQS; of its first requests it refuses the entries with these ids."""

    refuses: Sequence[list[str]] = ()
    batches: list[list[dict[str, str]]] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        number = len(self.batches)
        refused = self.refuses[number] if number < len(self.refuses) else []
        self.batches.append(request["Entries"])
        taken = [each for each in request["Entries"] if each["Id"] not in refused]
        self.taken.update(each["MessageDeduplicationId"] for each in taken)
        return {"Failed": [{"Id": name} for name in refused]} if refused else {}


def queue_watched(monkeypatch: pytest.MonkeyPatch, *refuses: list[str]) -> Queue:
    """From now on a queue that notes what it is sent; nobody waits before it is asked again."""
    queue = Queue(refuses)
    monkeypatch.setattr(due_queue, "_sqs", lambda: queue)
    monkeypatch.setattr(due_queue, "_PAUSES", (0, 0))
    return queue


def swept(world: World, *, healing: bool = False, run: str = "") -> list[Due]:
    """What one sweep of the renewals sends."""
    position = sweeps.first_position(
        sweep=Sweep.RENEWALS, run=run or new_id("run", at=world.now), now=world.now, healing=healing
    )
    rest, _ = sweeps.send_due(position, out_of_time=in_time)
    assert rest is None
    return world.receive()


def due_at_once(world: World, number: int, *, prepaid: int = 0, **wanted: Any) -> list[str]:
    """That many accounts, all renewing at the moment the world's ``now`` then is: copies of one that was created."""
    first = world.create(**wanted)
    world.advance(days=27)
    rows, wallet = program(world.program), world.wallet
    copies = [
        replace(first, id=new_id("acct", at=START), name=f"{first.name}-{n}", version=0) for n in range(1, number)
    ]
    copies = [replace(copy, reminded_for=copy.period.end if copy.period else None) for copy in copies]
    for copy in copies:
        taken = name_rows.take(copy.name, account_id=copy.id, password_hash="")
        commit([account_rows.put(copy, program=rows, actor="test"), taken])
    commit([wallet_rows.put(replace(wallet, active_paid_accounts=number))])
    if prepaid:
        world.buy(prepaid)
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    return [first.id, *(copy.id for copy in copies)]


def invoiced(world: World) -> Counter[str]:
    """Renewals by account: invoices after an account's first."""
    return Counter(invoice.account_id for invoice in Books(world).invoices if str(invoice.period.start) != "2026-01-31")


class TestOnce:
    @pytest.mark.parametrize("payment_method", ["pm_card_visa", "pm_card_timeout", "pm_card_declinedOnRenewal"])
    def test_the_sweep_run_three_times_at_one_frozen_time_makes_one_invoice(self, payment_method: str) -> None:
        world = World()
        world.create(billing_profile_id=world.card(payment_method))
        world.advance(days=27)
        world.now = world.next_alarm()

        for _ in range(3):
            world.run_schedules()

        assert list(invoiced(world).values()) == [1]
        Books(world).check()

    def test_two_sweeps_at_once_send_twice_and_charge_once(self) -> None:
        world = World()
        ids = due_at_once(world, 3)

        messages = swept(world) + swept(world)
        for message in messages:
            take_due_steps(message, now=world.now)

        assert [sorted(message.subjects) for message in messages] == [sorted(ids)] * 2
        assert invoiced(world) == Counter(ids)

    def test_a_message_delivered_ten_times_charges_once(self) -> None:
        world = World()
        ids = due_at_once(world, 3, prepaid=6_000)
        (message,) = swept(world)

        counts = [take_due_steps(message, now=world.now).counts for _ in range(10)]

        assert counts == [{"paid": 3}, *[{}] * 9]
        assert invoiced(world) == Counter(ids)

    def test_a_message_about_accounts_not_due_yet_does_nothing(self) -> None:
        world = World()
        account = world.create()

        taken = take_due_steps(Due(world.partner_id, (account.id, "acct_GONE"), Sweep.RENEWALS, "run"), now=world.now)

        assert taken.counts == {}
        assert len(world.invoices()) == 1


class TestWhatIsSent:
    def test_an_account_is_sent_from_its_instant_on_and_not_a_second_before(self) -> None:
        world = World()
        (account_id,) = due_at_once(world, 1)
        instant = world.now

        world.now = instant - timedelta(seconds=1)
        assert swept(world) == []
        world.now = instant
        assert [message.subjects for message in swept(world)] == [(account_id,)]

    def test_a_message_names_accounts_of_one_payer_and_that_payer_is_its_group(self, aws: None) -> None:
        worlds = [World(), World(names=100)]
        expected = {world.partner_id: set(due_at_once(world, 2)) for world in worlds}

        sent = swept(worlds[0])

        assert {message.payer: set(message.subjects) for message in sent} == expected

    @pytest.mark.parametrize(
        ("number", "sizes"),
        [
            pytest.param(33, [33], id="33 accounts are one message"),
            pytest.param(34, [33, 1], id="the 34th is another"),
            pytest.param(100, [33, 33, 33, 1], id="a hundred are four"),
        ],
    )
    def test_a_message_names_at_most_33_accounts(self, number: int, sizes: list[int]) -> None:
        world = World()
        ids = due_at_once(world, number)

        sent = swept(world)

        assert CHARGES_AT_ONCE == 33
        assert sorted((len(message.subjects) for message in sent), reverse=True) == sizes
        assert Counter(s for message in sent for s in message.subjects) == Counter(ids)

    def test_a_sweep_looks_back_five_minutes_and_the_healing_run_for_ever(self) -> None:
        world = World()
        (account_id,) = due_at_once(world, 1)
        fell_due = world.now
        control.remember_swept(Sweep.RENEWALS, until=fell_due + timedelta(minutes=5, seconds=1))
        world.now = fell_due + timedelta(days=3)

        assert swept(world) == []
        assert [message.subjects for message in swept(world, healing=True)] == [(account_id,)]
        control.remember_swept(Sweep.RENEWALS, until=fell_due + timedelta(minutes=5))
        assert [message.subjects for message in swept(world)] == [(account_id,)]

    def test_a_healing_run_does_not_move_what_the_next_sweep_looks_back_from(self) -> None:
        world = World()
        due_at_once(world, 1)
        swept(world)
        until = control.swept_until(Sweep.RENEWALS)

        world.now += timedelta(hours=1)
        swept(world, healing=True)

        assert control.swept_until(Sweep.RENEWALS) == until

    def test_full_messages_are_sent_ten_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        queue = queue_watched(monkeypatch)
        payers = [f"prt_{n}" for n in range(10)]
        rows = [SimpleNamespace(payer=payers[n % 10], id=f"acct_{n}") for n in range(33_000)]
        rows.insert(0, SimpleNamespace(payer=payers[0], id="bill_1"))
        monkeypatch.setattr(sweeps.alarms, "due", lambda *, shard, **_: iter(rows if shard == 0 else ()))

        sweeps.send_due(Position(Sweep.RENEWALS, "run", START, START), out_of_time=in_time)

        assert [len(batch) for batch in queue.batches] == [10] * 100 + [1]
        sent = [json.loads(entry["MessageBody"]) for batch in queue.batches for entry in batch]
        assert Counter(subject for message in sent for subject in message["subjects"]) == Counter(
            row.id for row in rows
        )
        assert sent[-1]["subjects"] == ["bill_1"], "a bill is sent behind what renews at its instant"
        assert len({entry["MessageDeduplicationId"] for batch in queue.batches for entry in batch}) == 1_001

    def test_what_the_queue_refuses_is_sent_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        queue = queue_watched(monkeypatch, ["2", "7"], ["7"])

        due_queue.send([Due(f"prt_{n}", ("acct_1",), Sweep.RENEWALS, "run") for n in range(10)], first=0)

        assert [len(batch) for batch in queue.batches] == [10, 2, 1]
        assert queue.taken == Counter({f"run-{n}": 1 for n in range(10)})

    def test_a_sweep_whose_messages_were_not_taken_has_not_swept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        due_at_once(world, 1)
        before = control.swept_until(Sweep.RENEWALS)

        queue = queue_watched(monkeypatch, ["0"], ["0"], ["0"])
        with pytest.raises(SendingFailed):
            swept(world)

        assert len(queue.batches) == 3
        assert control.swept_until(Sweep.RENEWALS) == before


class TestOutOfTime:
    @pytest.mark.parametrize("shards", [1, 4])
    @pytest.mark.parametrize("rows_a_run", [1, 2, 5])
    def test_a_sweep_cut_off_after_each_row_sends_every_account_exactly_once(
        self, rows_a_run: int, shards: int, sharded: Callable[[int], None]
    ) -> None:
        sharded(shards)
        world = World()
        ids = due_at_once(world, 7)
        position: Position | None = sweeps.first_position(sweep=Sweep.RENEWALS, run="run", now=world.now)
        runs, found = 0, 0

        while position is not None:
            clock = iter([False] * (rows_a_run - 1) + [True])
            position, here = sweeps.send_due(position, out_of_time=lambda clock=clock: next(clock))
            runs, found = runs + 1, found + here
            assert runs <= len(ids) + shards, "it goes on for ever"

        assert found == len(ids)
        assert runs >= len(ids) / rows_a_run
        assert Counter(s for message in world.receive() for s in message.subjects) == Counter(ids)
        assert control.swept_until(Sweep.RENEWALS) == world.now

    def test_it_has_swept_only_when_the_last_invocation_is_through(self) -> None:
        world = World()
        due_at_once(world, 2)
        before = control.swept_until(Sweep.RENEWALS)
        position = sweeps.first_position(sweep=Sweep.RENEWALS, run="run", now=world.now)

        rest, _ = sweeps.send_due(position, out_of_time=lambda: True)

        assert rest is not None
        assert rest.now == world.now
        assert control.swept_until(Sweep.RENEWALS) == before


class TestHealing:
    def test_a_lost_message_costs_nothing_but_time(self) -> None:
        world = World()
        ids = due_at_once(world, 3)
        swept(world)  # and nobody works on it
        world.now += timedelta(minutes=30)

        for message in swept(world, healing=True):
            take_due_steps(message, now=world.now)

        assert invoiced(world) == Counter(ids)
        Books(world).check()


class TestBreaking:
    @pytest.fixture
    def poisoned(self, monkeypatch: pytest.MonkeyPatch) -> set[str]:
        """Accounts whose step breaks the worker."""
        broken: set[str] = set()
        original = account_steps.renewals.next_charge

        def next_charge(account: Any, **given: Any) -> Any:
            if account.id in broken:
                raise LookupError("no such plan")
            return original(account, **given)

        monkeypatch.setattr(account_steps.renewals, "next_charge", next_charge)
        return broken

    def test_an_account_that_breaks_the_worker_is_parked_and_the_others_go_on(self, poisoned: set[str]) -> None:
        world = World()
        ids = due_at_once(world, 5)
        poisoned.add(ids[2])
        (message,) = swept(world)

        taken = take_due_steps(message, now=world.now)

        assert taken.counts == {"paid": 4, "stuck": 1}
        assert invoiced(world) == Counter(set(ids) - poisoned)
        assert Books(world).due_shards[ids[2]] == "stuck#00"

    def test_alone_in_its_message_it_is_parked_as_well(self, poisoned: set[str]) -> None:
        world = World()
        (account_id,) = due_at_once(world, 1)
        poisoned.add(account_id)
        (message,) = swept(world)

        assert take_due_steps(message, now=world.now).counts == {"stuck": 1}
        assert Books(world).due_shards[account_id] == "stuck#00"

    def test_a_parked_one_is_not_sent_again_and_not_lost(self, poisoned: set[str]) -> None:
        world = World()
        ids = due_at_once(world, 2)
        poisoned.add(ids[0])
        world.run_schedules()

        assert swept(world, healing=True) == []
        assert world.account(ids[0]).status is Status.ACTIVE
        poisoned.clear()
        take_due_steps(Due(world.partner_id, (ids[0],), Sweep.RENEWALS, "by hand"), now=world.now)
        assert Books(world).due_shards[ids[0]] == "renewals#00"
        Books(world).check()

    @pytest.mark.parametrize(
        ("code", "counts"),
        [
            pytest.param("ValidationException", {"paid": 2, "stuck": 1}, id="what it breaks on comes again: parked"),
            pytest.param("ThrottlingException", None, id="what it breaks on passes: the message comes again"),
        ],
    )
    def test_what_dynamodb_refuses_blocks_no_payer_for_ever(
        self, monkeypatch: pytest.MonkeyPatch, code: str, counts: dict[str, int] | None
    ) -> None:
        world = World()
        ids = due_at_once(world, 3)
        original = account_steps.renewals.next_charge

        def next_charge(account: Any, **given: Any) -> Any:
            if account.id == ids[1]:
                raise ClientError({"Error": {"Code": code, "Message": ""}}, "PutItem")
            return original(account, **given)

        monkeypatch.setattr(account_steps.renewals, "next_charge", next_charge)
        (message,) = swept(world)

        if counts is None:
            with pytest.raises(ClientError):
                take_due_steps(message, now=world.now)
            assert "stuck#00" not in Books(world).due_shards.values()
        else:
            assert take_due_steps(message, now=world.now).counts == counts
            assert Books(world).due_shards[ids[1]] == "stuck#00"

    def test_a_write_whose_answer_never_came_is_no_fault_of_its_account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        (account_id,) = due_at_once(world, 1)
        (message,) = swept(world)
        original = BaseClient._make_api_call

        def silent(client: Any, operation: str, kwargs: Any) -> Any:
            if operation == "TransactWriteItems":
                raise ReadTimeoutError(endpoint_url="https://dynamodb.example")
            return original(client, operation, kwargs)

        with monkeypatch.context() as patched:
            patched.setattr(BaseClient, "_make_api_call", silent)
            with pytest.raises(TransactWriteError):
                take_due_steps(message, now=world.now)

        assert Books(world).due_shards[account_id] == "renewals#00"
        world.now += timedelta(minutes=3)
        assert take_due_steps(message, now=world.now).counts == {"paid": 1}
        Books(world).check()


class TestCost:
    """What a message of 33 costs in DynamoDB, counted call by call."""

    @pytest.fixture
    def counted(self, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
        """Items written, by table."""
        written: Counter[str] = Counter()
        original = Breaker.aws

        def aws(self: Breaker, call: str, kwargs: Any, act: Callable[[], Any]) -> Any:
            for item in kwargs.get("TransactItems", []):
                (write,) = item.values()
                written[write["TableName"].removeprefix("sublet-")] += 1
            if call.startswith(("PutItem", "UpdateItem", "DeleteItem")):
                written[kwargs["TableName"].removeprefix("sublet-")] += 1
            return original(self, call, kwargs, act)

        monkeypatch.setattr(Breaker, "aws", aws)
        return written

    @staticmethod
    def calls_of(world: World, message: Due) -> Counter[str]:
        with Breaker().watching() as watched:
            take_due_steps(message, now=world.now)
        return Counter(call.partition(" ")[0] for call in watched.calls)

    def test_33_renewals_that_prepaid_money_covers_are_one_transaction_of_68_items(self, counted: Counter[str]) -> None:
        world = World()
        due_at_once(world, 33, prepaid=200_000)
        (message,) = swept(world)

        calls = self.calls_of(world, message)

        # Read are the accounts with their payer, then the wallet with the billing profiles that the invoices name.
        assert calls == {"BatchGetItem": 2, "TransactWriteItems": 1}
        assert counted == {"accounts": 33, "ledger": 34, "wallets": 1}  # and the batch of invoices
        assert len(invoiced(world)) == 33

    def test_33_renewals_by_card_are_three_item_writes_each_and_the_wallet_once(self, counted: Counter[str]) -> None:
        world = World()
        due_at_once(world, 33)
        (message,) = swept(world)

        calls = self.calls_of(world, message)

        assert calls == {"BatchGetItem": 2, "TransactWriteItems": 2, "card.charge": 33}
        # Nothing is held: the first transaction leaves the wallet alone, and checks the one card.
        assert counted == {"accounts": 66, "ledger": 34, "wallets": 1, "billing-profiles": 1}
        assert len(invoiced(world)) == 33

    def test_33_renewals_by_both_write_the_wallet_twice(self, counted: Counter[str]) -> None:
        world = World()
        due_at_once(world, 33, prepaid=1_000)
        (message,) = swept(world)

        self.calls_of(world, message)

        assert counted == {"accounts": 66, "ledger": 34, "wallets": 2, "billing-profiles": 1}

    def test_33_declined_renewals_fit_their_transactions(self, counted: Counter[str]) -> None:
        world = World()
        ids = due_at_once(world, 33, billing_profile_id=world.card("pm_card_declinedOnRenewal"))
        (message,) = swept(world)

        taken = take_due_steps(message, now=world.now)

        assert taken.counts == {"notpaid": 33}
        assert invoiced(world) == Counter(ids)

    def test_accounts_not_due_any_more_cost_their_read(self) -> None:
        world = World()
        due_at_once(world, 33, prepaid=200_000)
        (message,) = swept(world)
        take_due_steps(message, now=world.now)

        # with the payer's; and the wallet's, which may have to be topped up
        assert self.calls_of(world, message) == {"BatchGetItem": 1, "GetItem": 1}

    def test_a_wallet_that_tops_up_is_read_again_once_the_renewals_are_paid(self) -> None:
        world = World()
        world.top_up(10_000, 100_000)
        due_at_once(world, 1, prepaid=200_000)
        (message,) = swept(world)

        assert self.calls_of(world, message) == {"BatchGetItem": 2, "TransactWriteItems": 1, "GetItem": 1}


def test_a_partner_with_a_hundred_accounts_due_at_once_is_invoiced_for_each() -> None:
    world = World()
    ids = due_at_once(world, 100, prepaid=100_000)

    world.run_schedules(times=2)

    assert invoiced(world) == Counter(ids)
    numbers = [invoice.number for invoice in Books(world).invoices]
    assert numbers == list(range(1, 102))
    assert world.wallet.held.amount == 0
    assert sum(entry.amount.amount for entry in Books(world).journal) == world.wallet.balance.amount


def test_prepaid_money_goes_to_the_accounts_in_the_order_they_fell_due() -> None:
    world = World()
    fifth, fourth, third = (world.create(id=f"acct_{place}", time_zone=zone) for place, zone in enumerate(_WESTWARD))
    world.advance(days=27)
    world.buy(fourth.price.amount + third.price.amount)
    world.now += timedelta(days=2)

    take_due_steps(Due(world.partner_id, (fifth.id, fourth.id, third.id), Sweep.RENEWALS, "run"), now=world.now)

    assert {i.account_id: bool(i.card_charged) for i in world.invoices()[3:]} == {
        third.id: False,
        fourth.id: False,
        fifth.id: True,
    }


_WESTWARD = ("Pacific/Honolulu", "America/Chicago", "Europe/Dublin")


def test_a_trial_and_a_renewal_are_woken_by_their_own_schedules() -> None:
    world = World()
    trial = world.create(plan=TRIAL)
    paid = world.create()
    world.now += timedelta(days=60)

    found = {}
    for sweep in (Sweep.TRIALS, Sweep.RENEWALS):
        sweeps.send_due(sweeps.first_position(sweep=sweep, run=f"run-{sweep}", now=world.now), out_of_time=in_time)
        found[sweep] = [s for message in world.receive() for s in message.subjects]

    assert found == {Sweep.TRIALS: [trial.id], Sweep.RENEWALS: [paid.id]}


@pytest.fixture
def sharded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Set how many shards the due index has."""
    from chalicelib.config import settings

    def set_shards(number: int) -> None:
        monkeypatch.setenv("DUE_SHARDS", str(number))
        settings.cache_clear()

    yield set_shards
    monkeypatch.undo()
    settings.cache_clear()


def test_how_late_the_worker_is_and_how_old_the_oldest_due_account_is() -> None:
    world = World()
    accounts = due_at_once(world, 2)
    assert sweeps.oldest_due(now=world.now) < timedelta(minutes=1)

    late = world.now + timedelta(minutes=20)

    assert timedelta(minutes=20) <= sweeps.oldest_due(now=late) < timedelta(minutes=21)
    taken = take_due_steps(Due(world.partner_id, tuple(accounts), Sweep.RENEWALS, "run"), now=late)
    assert timedelta(minutes=20) <= taken.lateness < timedelta(minutes=21)
    assert sweeps.oldest_due(now=late) == timedelta(0)
