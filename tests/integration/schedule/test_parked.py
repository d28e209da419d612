"""What broke the worker is parked: it is listed, and unparked once the fault is fixed."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.ids import new_id
from chalicelib.gateways import due_queue
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways.payments import ProcessorMisconfigured
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models import alarms
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.earnings.payout_runs import PARTNER_PREFIX
from chalicelib.services.billing import refunds
from chalicelib.services.earnings import payout_sending
from chalicelib.services.schedule import account_steps, parked
from chalicelib.services.schedule.worker import take_due_steps
from infra import parked as command
from tests.books import Books
from tests.payout_worlds import a_payday
from tests.world import ACTOR, TRIAL, World, raw_account

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Accounts whose step breaks the worker."""
    ids: set[str] = set()
    original = account_steps._due

    def due(book: Any, **given: Any) -> Any:
        found = original(book, **given)
        if any(account.id in ids for account, _ in found):
            raise LookupError("no such plan")
        return found

    monkeypatch.setattr(account_steps, "_due", due)
    return ids


@pytest.fixture
def park(broken: set[str], monkeypatch: pytest.MonkeyPatch) -> World:
    """A partner whose renewal and whose trial are parked; a third account is sound."""
    monkeypatch.setattr("infra.commands.take_on", lambda *, stack: None)
    world = World()
    renewing, trial = world.create(name="renewing"), world.create(name="trying", plan=TRIAL)
    world.create(name="sound")
    broken |= {renewing.id, trial.id}
    world.advance(days=29)
    return world


def test_it_is_listed_with_what_to_do_and_once_unparked_it_is_done(
    park: World, broken: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    world, ids = park, sorted(broken)

    assert command.main(["list", "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert sorted(each["id"] for each in listed) == ids
    assert {(each["payer"], each["because"]) for each in listed} == {(world.partner_id, "LookupError")}
    assert [each["due_at"] for each in listed] == sorted(each["due_at"] for each in listed)
    assert command.main(["list"]) == 1
    assert "python -m infra.parked unpark" in capsys.readouterr().out

    broken.clear()
    assert command.main(["unpark"]) == 0
    world.run_schedules(healing=True)

    assert command.main(["list"]) == 0
    assert parked.list_parked() == []
    Books(world).check()
    assert len(world.invoices()) == 4


def test_one_is_unparked_by_its_id_and_one_that_is_not_parked_is_named(
    park: World, broken: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = sorted(broken)

    assert command.main(["unpark", first, "acct_NOBODY"]) == 1

    assert "acct_NOBODY is not parked" in capsys.readouterr().out
    assert [each.id for each in parked.list_parked()] == [second]


def test_unparked_too_early_it_is_parked_again(park: World, broken: set[str]) -> None:
    world = park
    parked.unpark()

    world.run_schedules(healing=True)

    assert {each.id for each in parked.list_parked()} == broken


def test_once_unparked_it_is_in_the_sweep_it_came_from(park: World, broken: set[str]) -> None:
    parked.unpark()

    shards = Books(park).due_shards
    assert sorted(shards[each].partition("#")[0] for each in broken) == [Sweep.RENEWALS, Sweep.TRIALS]


def test_a_change_of_the_account_unparks_it_as_well(park: World, broken: set[str]) -> None:
    world, account_id = park, min(broken, key=lambda each: park.account(each).name)  # the one that renews
    broken.clear()

    take_due_steps(Due(world.partner_id, (account_id,), Sweep.RENEWALS, "by hand"), now=world.now)

    assert account_id not in {each.id for each in parked.list_parked()}
    assert alarms.AlarmRow.get(account_id).stuck_because is None


def test_what_is_gone_meanwhile_cannot_be_parked() -> None:
    alarms.park("acct_GONE", because="LookupError")

    assert parked.list_parked() == []


def test_a_refund_that_breaks_is_set_apart_and_the_renewals_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    account = world.create()
    (invoice,) = world.invoices()
    refund_id = new_id("txn", at=world.now)
    wanted = {"refund_id": refund_id, "payer": world.partner_id, "invoice_id": invoice.id, "amount": None}
    with monkeypatch.context() as patched:
        patched.setattr(SandboxPayments, "refund", break_down)
        with pytest.raises(RuntimeError):
            refunds.refund_invoice(**wanted, now=world.now, actor=ACTOR)
        world.advance(days=29)
    assert len(world.invoices(account.id)) == 2

    refunds.refund_invoice(**wanted, now=world.now, actor=ACTOR)  # mended: the same request finishes it

    assert journal_rows.get(world.partner_id, refund_id) is not None


def test_a_processor_that_refuses_our_key_sets_no_account_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise ProcessorMisconfigured("the key was rolled")

    world = World()
    account = world.create()
    alarm = world.next_alarm()
    with monkeypatch.context() as patched:
        patched.setattr(SandboxPayments, "charge", refused)
        with pytest.raises(ProcessorMisconfigured):
            world.advance(days=29)
        world.now += timedelta(minutes=3)
        with pytest.raises(ProcessorMisconfigured):
            world.run_schedules()
    assert alarm is not None
    assert raw_account(account.id).due_shard == "renewals#00"

    world.run_schedules(healing=True)

    assert [invoice.status for invoice in world.invoices()] == [InvoiceStatus.PAID] * 2


def test_a_payout_that_breaks_is_parked_and_not_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_payday()

    with monkeypatch.context() as patched:
        patched.setattr(payout_sending, "prepare", break_down)
        world.run_schedules()

    assert [each.id for each in parked.list_parked()] == [world.payout.id]
    parked.unpark()
    world.run_schedules(healing=True)
    world.earn(7_000)
    world.advance(days=31)
    assert [each.amount.amount for each in world.payouts] == [6_000, 7_000]


def test_a_queue_that_refuses_the_message_to_go_on_parks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_payday()

    def refused(*_: Any, **__: Any) -> Any:
        raise due_queue.SendingFailed("1 of 1")

    asked = iter(range(100))
    due = Due(world.partner_id, (PARTNER_PREFIX + world.partner_id,), "renewals", "run-1")
    with monkeypatch.context() as patched:
        patched.setattr(due_queue, "send", refused)
        with pytest.raises(due_queue.SendingFailed):
            take_due_steps(due, now=world.now, out_of_time=lambda: next(asked) > 0)

    assert parked.list_parked() == []
    world.run_schedules(healing=True)
    assert world.payout.status == "paid"


def break_down(*_: Any, **__: Any) -> Any:
    raise RuntimeError("nobody foresaw this")
