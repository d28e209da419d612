"""Payouts are gathered, frozen, sent once and settled (docs/rules.md §10)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from chalicelib.domain.earnings import balances
from chalicelib.domain.earnings.lines import Hold, LineKind
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payout_items import ItemStatus
from chalicelib.domain.earnings.payout_runs import Tally
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.domain.earnings.postings import Posting
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways.sandbox_payouts import SandboxPayouts, SentBatchRow
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.earnings.balances import EarningBalanceRow
from chalicelib.models.earnings.payout_runs import PARTNER_PREFIX, PartnerAlarmRow
from chalicelib.services.audit import payer_audits, readings
from chalicelib.services.earnings import payout_runs, payout_sending, payout_steps, payouts
from chalicelib.services.earnings.books import open_books
from chalicelib.services.earnings.payout_runs import RunChanged
from chalicelib.services.partners import partners
from chalicelib.services.schedule.worker import take_due_steps
from tests.integration.earnings.test_postings import suspend
from tests.payout_worlds import ADDRESS, PayoutWorld, a_payday
from tests.world import START

pytestmark = pytest.mark.usefixtures("aws")


def kinds(world: PayoutWorld) -> list[tuple[str, int]]:
    return [(line.kind.value, line.amount.amount) for line in world.lines]


def totals(world: PayoutWorld) -> tuple[int, int, int]:
    """Balance, payable and paid out."""
    balance = world.balance
    found = balances.totals(balance, today=world.now.date())
    return balance.balance.amount, found.payable.amount, found.paid_out.amount


def sent() -> list[Any]:
    return list(SentBatchRow.scan())


def test_what_is_payable_is_paid_on_the_payout_day_of_the_house() -> None:
    world = a_payday(6_000, -500)
    assert (world.now.day, world.now.hour) == (15, 6)  # midnight in Chicago

    world.run_schedules()

    payout = world.payout
    assert (payout.status, payout.amount.amount, payout.lines, payout.recipient) == ("paid", 5_500, 2, ADDRESS)
    assert kinds(world) == [("adjustment", 6_000), ("adjustment", -500), ("payout", -5_500)]
    assert {line.payout_id for line in world.lines} == {payout.id}
    assert totals(world) == (0, 0, 5_500)
    (batch,) = sent()
    assert batch.items == [[f"{payout.id}-1", ADDRESS, 5_500, "USD"]]


def test_the_next_payout_comes_a_month_later_and_takes_what_is_new() -> None:
    world = a_payday()
    world.run_schedules()
    world.earn(7_000)

    world.advance(days=27)
    assert len(world.payouts) == 1
    world.advance(days=5)

    assert [payout.amount.amount for payout in world.payouts] == [6_000, 7_000]
    assert totals(world) == (0, 0, 13_000)
    assert world.balance.settled_to == 2  # the first payout's lines are not looked at again
    assert len(sent()) == 2


@pytest.mark.parametrize(
    ("amount", "cause"), [(5_000, None), (4_999, Cause.BELOW_MINIMUM), (-1, Cause.OWED)], ids=["enough", "less", "owed"]
)
def test_it_is_carried_over_below_the_minimum(amount: int, cause: Cause | None) -> None:
    world = a_payday(amount)

    world.run_schedules()

    assert world.payout.cause is cause
    assert world.payout.status is (PayoutStatus.HELD if cause else PayoutStatus.PAID)
    assert len(sent()) == (0 if cause else 1)
    if cause:
        assert totals(world) == (amount, amount, 0)
        world.earn(10_000)
        world.advance(days=31)
        assert world.payout.amount.amount == amount + 10_000
        assert totals(world) == (0, 0, amount + 10_000)


def test_nothing_payable_is_no_payout() -> None:
    world = a_payday(6_000, -6_000)

    world.run_schedules()

    assert world.payouts == []
    assert world.next_payout_alarm() > world.now


def test_it_is_held_without_an_address_and_while_suspended() -> None:
    for prepare, cause in (
        (lambda world: world.be_paid_at(None), Cause.NO_ADDRESS),
        (lambda world: suspend(world, True), Cause.SUSPENDED),
        (lambda world: world.be_paid_at("new@bright.example"), Cause.NEW_ADDRESS),
    ):
        world = a_payday()
        prepare(world)

        world.run_schedules()

        assert (world.payout.status, world.payout.cause, world.payout.amount.amount) == ("held", cause, 6_000)
        assert kinds(world) == [("adjustment", 6_000)]
    assert sent() == []


@pytest.mark.parametrize(("short_of", "paid"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_an_address_is_paid_once_it_is_72_hours_old(short_of: timedelta, paid: bool) -> None:
    world = PayoutWorld()
    world.earn(6_000)
    begins_at = world.next_payout_alarm()
    world.now = begins_at - timedelta(hours=72) + short_of
    world.be_paid_at(ADDRESS)
    world.now = begins_at

    world.run_schedules()

    assert (world.payout.status is PayoutStatus.PAID) is paid


def test_a_batch_without_an_answer_is_sent_again_under_the_same_id() -> None:
    world = a_payday(address="money+silent@bright.example")

    world.run_schedules()
    assert (world.payout.status, world.payout.reference, world.payout.asks) == ("sent", None, 1)
    with pytest.raises(payouts.CannotBeMarkedPaid):
        mark_paid(world)
    world.advance(days=1)

    assert (world.payout.status, world.payout.asks) == ("paid", 2)
    assert len(sent()) == 1
    assert totals(world) == (0, 0, 6_000)


def mark_paid(world: PayoutWorld, reference: str = "wire 1") -> Any:
    return payouts.mark_paid(payout_id=world.payout.id, reference=reference, now=world.now, actor="operator")


def test_what_is_unclaimed_waits_and_is_returned_after_30_days_then_paid_with_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = a_payday(address="money+unclaimed@bright.example")
    world.run_schedules()

    world.advance(days=29)
    assert (world.payouts[0].status, world.payouts[0].cause) == ("unclaimed", Cause.UNREGISTERED)
    assert totals(world) == (0, 0, 6_000)
    with pytest.raises(payouts.CannotBeMarkedPaid):
        payouts.mark_paid(payout_id=world.payouts[0].id, reference="wire", now=world.now, actor="operator")
    world.be_paid_at(ADDRESS)
    world.advance(days=3)

    assert world.payouts[0].status is PayoutStatus.RETURNED
    returned = next(line for line in world.lines if line.kind is LineKind.PAYOUT_RETURNED)
    assert (returned.amount.amount, returned.reverses) == (6_000, world.lines[1].id)
    assert returned.reason == Cause.UNREGISTERED.in_words
    assert totals(world) == (6_000, 6_000, 0)
    world.advance(days=29)
    assert (world.payout.status, world.payout.amount.amount) == ("paid", 6_000)
    assert totals(world) == (0, 0, 6_000)


@pytest.mark.parametrize("fate", ["failed", "blocked"])
def test_what_can_never_work_is_not_tried_again_until_the_address_changes(fate: str) -> None:
    world = a_payday(address=f"money+{fate}@bright.example")
    world.run_schedules()

    assert (world.payout.status, world.payout.cause) == ("failed", Cause.CANNOT_RECEIVE)
    assert totals(world) == (6_000, 6_000, 0)
    world.advance(days=31)
    assert (world.payout.status, world.payout.cause) == ("held", Cause.FAILED_BEFORE)
    assert len(sent()) == 1
    world.be_paid_at(ADDRESS)
    world.advance(days=31)
    assert (world.payout.status, world.payout.amount.amount) == ("paid", 6_000)


def test_more_than_20_000_usd_is_sent_in_items_with_their_own_outcomes() -> None:
    world = a_payday(4_500_000)

    world.run_schedules()

    assert [item.amount.amount for item in world.payout.items] == [2_000_000, 2_000_000, 500_000]
    assert world.payout.status is PayoutStatus.PAID


def test_many_lines_are_settled_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_steps, "_GATHERED_AT_ONCE", 2)
    world = a_payday(2_000, 2_000, 1_000, 1_000, 1_000)
    begun = payout_runs.begin_payout(partner_id=world.partner_id, now=world.now, actor="worker")
    assert begun is not None
    calls = iter([False, False, True])
    _, finished = payout_steps.take_due_steps(
        partner_id=world.partner_id,
        payout_id=begun.id,
        now=world.now,
        actor="worker",
        out_of_time=lambda: next(calls),
    )
    assert not finished
    assert (world.payout.lines, world.payout.gathered, world.payout.amount.amount) == (4, 6_000, 7_000)
    assert totals(world) == (7_000, 1_000, 0)

    world.run_schedules()

    assert (world.payout.status, world.payout.lines, world.payout.amount.amount) == ("paid", 5, 7_000)
    assert totals(world) == (0, 0, 7_000)


def test_a_suspension_between_gathering_and_sending_gives_the_money_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_payday()
    begun = payout_runs.begin_payout(partner_id=world.partner_id, now=world.now, actor="worker")
    assert begun is not None
    steps = iter([False, False, True])
    payout_steps.take_due_steps(
        partner_id=world.partner_id,
        payout_id=begun.id,
        now=world.now,
        actor="worker",
        out_of_time=lambda: next(steps),
    )
    assert world.payout.is_frozen
    suspend(world, True)

    world.run_schedules()

    assert (world.payout.status, world.payout.cause) == ("held", Cause.SUSPENDED)
    assert kinds(world) == [("adjustment", 6_000), ("payout", -6_000), ("payout_returned", 6_000)]
    assert (totals(world), sent()) == ((6_000, 6_000, 0), [])


@pytest.fixture
def confirmed_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's payouts need a confirmation."""
    load = payout_runs.load_program

    def loaded(name: str) -> Any:
        program = load(name)
        assert program.commission is not None
        return replace(program, commission=replace(program.commission, payout_confirmation=True))

    monkeypatch.setattr(payout_runs, "load_program", loaded)


def confirm(world: PayoutWorld, **shown: Tally) -> None:
    payout_runs.confirm(run_id=world.payout.run_id, now=world.now, actor="operator", **shown)


def test_a_run_waits_for_its_confirmation_which_counts_once(confirmed_by_hand: None) -> None:
    world = a_payday()
    world.run_schedules()
    world.advance(days=3)
    assert (world.payout.status, sent()) == ("waiting_for_operator", [])

    for other in (Tally(), Tally(2, 6_000), Tally(1, 5_999)):  # what was shown before
        with pytest.raises(RunChanged):
            confirm(world, expected=other)

    for _ in range(2):
        confirm(world, expected=Tally(1, 6_000))  # sent twice, the form finds that it is done
        world.run_schedules()
        world.run_schedules()

    assert world.payout.status is PayoutStatus.PAID
    assert len(sent()) == 1
    assert len(list(world.lines)) == 2


def test_an_operator_starts_a_run_by_hand_which_pays_nobody_twice() -> None:
    world = PayoutWorld()
    world.be_paid_at(ADDRESS)
    world.earn(6_000)
    world.advance(days=4)

    for _ in range(2):
        run = payout_runs.start(program="solutions", now=world.now, actor="operator")
        world.run_schedules()
        world.run_schedules()

    assert (world.payout.status, world.payout.run_id, len(world.payouts)) == ("paid", run.id, 1)
    found, _ = payout_runs.list_runs(limit=10, start=None)
    tally = found[0].tallies[PayoutStatus.PAID]
    assert (len(found), tally.payouts, tally.amount) == (1, 1, 6_000)
    assert world.next_payout_alarm().day == 15  # the next one comes on its day


def test_a_run_by_hand_finds_lines_from_before_there_were_payouts() -> None:
    world = PayoutWorld()
    world.be_paid_at(ADDRESS)
    world.earn(6_000)
    world.advance(days=4)
    PartnerAlarmRow(PARTNER_PREFIX + world.partner_id).delete()
    row = EarningBalanceRow.get(world.partner_id, "balance")
    row.scheduled = None
    row.save()

    payout_runs.start(program="solutions", now=world.now, actor="operator")
    world.run_schedules()
    world.run_schedules()

    assert (world.payout.status, world.payout.amount.amount) == ("paid", 6_000)
    assert (world.balance.scheduled, world.next_payout_alarm().day) == (True, 15)


def test_a_run_by_hand_looks_again_at_what_was_held_on_its_day() -> None:
    world = a_payday(address=None)
    world.run_schedules()
    assert world.payout.status is PayoutStatus.HELD
    world.earn(1)
    suspend(world, True)
    payout_runs.start(program="solutions", now=world.now, actor="operator")
    world.run_schedules()
    world.run_schedules()

    assert (world.payout.cause, world.payout.amount.amount, len(world.payouts)) == (Cause.SUSPENDED, 6_001, 1)


def test_an_operator_marks_as_paid_what_was_held_or_given_back() -> None:
    held, failed = a_payday(address=None), a_payday(address="money+failed@bright.example")
    for world in (held, failed):
        world.run_schedules()

        assert mark_paid(world).status is PayoutStatus.PAID
        assert mark_paid(world).paid_reference == "wire 1"
        with pytest.raises(payouts.CannotBeMarkedPaid):
            mark_paid(world, "another")

        assert totals(world) == (0, 0, 6_000)
        assert world.payout.paid_at == world.now


def test_what_was_given_back_and_paid_by_a_later_payout_cannot_be_marked() -> None:
    world = a_payday(address="money+failed@bright.example")
    world.run_schedules()
    first = world.payout.id
    world.be_paid_at(ADDRESS)
    world.advance(days=31)

    with pytest.raises(payouts.CannotBeMarkedPaid, match=world.payout.id):
        payouts.mark_paid(payout_id=first, reference="wire", now=world.now, actor="operator")


class Silent(SandboxPayouts):
    """A processor that never answers when something is sent."""

    def send(self, **_: Any) -> Any:
        raise payout_sending.OutcomeUnknown("no answer")


def test_without_an_answer_for_29_days_an_operator_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_sending, "payout_gateway", Silent)
    world = a_payday()
    world.run_schedules()
    world.advance(days=28)
    with pytest.raises(payouts.OutcomeNotOpen):
        payouts.give_up(payout_id=world.payouts[0].id, now=world.now, actor="operator")
    world.advance(days=2)
    payout = world.payouts[0]
    assert (payout.is_undecided, payout.look_at, payout.asks) == (True, None, 33)

    payouts.give_up(payout_id=payout.id, now=world.now, actor="operator")

    assert (world.payouts[0].status, world.payouts[0].cause) == ("failed", Cause.OPERATOR)
    assert totals(world) == (6_000, 6_000, 0)


class Forgetful(SandboxPayouts):
    """A processor that accepts batches and then knows none, as if by another account's credentials."""

    def find_batch(self, *, reference: str, now: datetime) -> Any:
        return None


def test_an_accepted_batch_of_which_nothing_is_told_for_29_days_an_operator_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(payout_sending, "payout_gateway", Forgetful)
    world = a_payday()
    world.run_schedules()
    world.advance(days=28)
    assert (world.payouts[0].status, world.payouts[0].is_undecided) == ("sent", False)
    world.advance(days=2)
    payout = world.payouts[0]
    assert (payout.is_undecided, payout.reference is not None) == (True, True)
    assert payout.look_at is not None  # it is asked about further

    payouts.give_up(payout_id=payout.id, now=world.now, actor="operator")

    assert (world.payouts[0].status, world.payouts[0].look_at) == ("failed", None)
    assert totals(world) == (6_000, 6_000, 0)


def test_a_payment_of_another_amount_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_payday()
    monkeypatch.setattr(payout_sending, "payout_gateway", Forgetful)
    world.run_schedules()
    (batch,) = sent()
    batch.items = [[*batch.items[0][:2], 4_000, "USD"]]
    batch.save()
    monkeypatch.setattr(payout_sending, "payout_gateway", SandboxPayouts)

    world.advance(days=1)

    assert (world.payout.status, world.payout.items[0].amount.amount) == ("sent", 6_000)


class Unreachable(SandboxPayouts):
    """A processor that answers nothing when it is asked."""

    def find_batch(self, **_: Any) -> Any:
        raise payout_sending.OutcomeUnknown("no answer")


def test_the_late_look_at_what_was_paid_is_repeated_until_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_payday()
    world.run_schedules()
    paid = world.payout
    look = {"now": paid.look_at, "actor": "worker"}
    monkeypatch.setattr(payout_sending, "payout_gateway", Unreachable)
    assert payout_sending.ask(paid, **look).look_at == paid.look_at + timedelta(days=1)

    monkeypatch.setattr(payout_sending, "payout_gateway", SandboxPayouts)
    assert payout_sending.ask(paid, **look).look_at is None


class Told(SandboxPayouts):
    """A processor of whose items each has the status that is given here."""

    statuses: ClassVar[list[ItemStatus]]

    def find_batch(self, *, reference: str, now: datetime) -> Any:
        batch = super().find_batch(reference=reference, now=now)
        assert batch is not None
        items = [replace(item, status=each) for item, each in zip(batch.items, self.statuses, strict=True)]
        return replace(batch, items=tuple(items))


@pytest.mark.parametrize("is_marked", [False, True], ids=["as it is", "marked as paid"])
def test_a_payment_is_watched_although_another_item_failed(monkeypatch: pytest.MonkeyPatch, is_marked: bool) -> None:
    monkeypatch.setattr(payout_sending, "payout_gateway", Told)
    monkeypatch.setattr(readings, "payout_gateway", Told)
    Told.statuses = [ItemStatus.PAID, ItemStatus.FAILED]
    world = a_payday(3_000_000)
    world.watched = True
    world.run_schedules()
    assert (world.payout.status, totals(world)) == ("failed", (1_000_000, 1_000_000, 2_000_000))
    if is_marked:
        mark_paid(world)
        assert totals(world) == (0, 0, 3_000_000)
    status, before = world.payout.status, totals(world)

    Told.statuses = [ItemStatus.REVERSED, ItemStatus.FAILED]
    payout_steps.look_again(
        partner_id=world.partner_id, payout_id=world.payout.id, now=world.now, actor="worker", out_of_time=lambda: False
    )

    assert (world.payout.status, world.payout.look_at) == (status, None)
    assert totals(world) == (before[0] + 2_000_000, before[1] + 2_000_000, before[2] - 2_000_000)
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)
    audits = payer_audits.audit_with_clients(partner_id=world.partner_id, now=world.now)
    assert [finding for each in audits for finding in each.findings] == []


def test_what_is_taken_back_while_a_payout_is_gathered_is_deducted_from_the_next() -> None:
    world = a_payday()
    payout_runs.begin_payout(partner_id=world.partner_id, now=world.now, actor="worker")
    world.earn(-500)

    world.run_schedules()
    assert (world.payout.status, world.payout.amount.amount, totals(world)) == ("paid", 6_000, (-500, -500, 6_000))

    world.earn(8_000)
    world.advance(days=31)
    assert (world.payout.amount.amount, totals(world)) == (7_500, (0, 0, 13_500))


def test_lines_that_were_held_since_it_was_begun_are_left_out_and_too_little_is_carried_over() -> None:
    world = a_payday(6_000, 1_000)
    payout_runs.begin_payout(partner_id=world.partner_id, now=world.now, actor="worker")
    books = open_books(partners.get_partner(partner_id=world.partner_id), now=world.now, actor="worker")
    line = world.lines[0]
    books.post([Posting(line, replace(line, held_for=(Hold.DISPUTED,)))])
    books.flush()

    world.run_schedules()

    assert (world.payout.status, world.payout.cause, world.payout.amount.amount) == ("held", Cause.BELOW_MINIMUM, 1_000)
    assert kinds(world)[2:] == [("payout", -1_000), ("payout_returned", 1_000)]
    assert (totals(world), sent()) == ((7_000, 1_000, 0), [])


class NeverReturning(SandboxPayouts):
    """A processor that keeps what nobody claims until it is told to take it back."""

    def find_batch(self, *, reference: str, now: datetime) -> Any:
        return super().find_batch(reference=reference, now=min(now, START + timedelta(days=20)))

    def find_item(self, *, reference: str, now: datetime) -> Any:
        return super().find_item(reference=reference, now=min(now, START + timedelta(days=20)))


def test_what_the_processor_does_not_return_by_itself_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_sending, "payout_gateway", NeverReturning)
    world = a_payday(address="money+unclaimed@bright.example")
    world.run_schedules()
    world.be_paid_at(None)

    world.advance(days=30)
    assert world.payouts[0].status is PayoutStatus.UNCLAIMED
    world.advance(days=2)

    assert (world.payouts[0].status, totals(world)) == ("returned", (6_000, 6_000, 0))


def test_what_was_accepted_late_is_not_taken_back_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_sending, "payout_gateway", Silent)
    world = a_payday(address="money+unclaimed@bright.example")
    world.run_schedules()
    world.advance(days=20)
    monkeypatch.setattr(payout_sending, "payout_gateway", SandboxPayouts)

    world.advance(days=14)

    assert world.payouts[0].status is PayoutStatus.UNCLAIMED


def test_a_long_payout_goes_on_by_a_message_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_steps, "_GATHERED_AT_ONCE", 1)
    world = a_payday(2_000, 2_000, 1_000, 1_000)
    asked = iter(range(100))
    due = Due(world.partner_id, (f"payouts:{world.partner_id}",), "renewals", "run-1")

    taken = take_due_steps(due, now=world.now, out_of_time=lambda: next(asked) > 2)

    assert (taken.finished, world.payout.status) == (True, "scheduled")
    assert 0 < world.payout.lines < 4
    (following,) = world.receive()
    assert (following.payer, following.subjects) == (world.partner_id, (world.payout.id,))
    take_due_steps(following, now=world.now)
    assert (world.payout.status, world.payout.lines) == ("paid", 4)


def test_settled_lines_after_a_held_one_are_passed_in_several_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_rows, "_PLACES_AT_ONCE", 3)
    world = PayoutWorld()
    world.earn(*[1_000] * 8)
    for line in world.lines[1:]:
        row = line_rows.EarningLineRow.get(world.partner_id, line.id)
        row.payout_id = "pay_EARLIER"
        row.save()
    where: dict[str, Any] = {"until": 9, "payable_on": world.now.date(), "limit": 97}
    (late,) = world.earn(500)

    found, places = list[str](), list[int | None]([0])
    while (after := places[-1]) is not None:
        lines, last = line_rows.payable(world.partner_id, after=after, **where)
        found += [line.id for line in lines]
        places.append(last)

    assert (places, found) == ([0, 3, 6, None], [world.lines[0].id, late])
    assert {line.kind for line in world.lines} == {LineKind.ADJUSTMENT}
