"""Payouts that are marked as paid while their lines change, or while another begins (docs/rules.md §10)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.earnings import balances
from chalicelib.domain.earnings.lines import EarningLine, Hold
from chalicelib.domain.earnings.postings import Posting
from chalicelib.gateways.sandbox_payouts import SentBatchRow
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.services.audit import payer_audits
from chalicelib.services.earnings import payout_runs, payout_steps, payouts
from chalicelib.services.earnings.books import open_books
from chalicelib.services.partners import partners
from tests.payout_worlds import ADDRESS, PayoutWorld, a_payday

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)


def held_payday(*amounts: int) -> PayoutWorld:
    """A partner whose payout of this was held, for want of an address."""
    world = a_payday(*amounts, address=None)
    world.watched = True
    world.run_schedules()
    return world


def hold(world: PayoutWorld, *lines: EarningLine, for_: tuple[Hold, ...] = (Hold.DISPUTED,)) -> None:
    books = open_books(partners.get_partner(partner_id=world.partner_id), now=world.now, actor="worker")
    books.post([Posting(line, replace(line, held_for=for_)) for line in lines])
    books.flush()


def mark_paid(world: PayoutWorld) -> Any:
    return payouts.mark_paid(payout_id=world.payouts[0].id, reference="wire 1", now=world.now, actor="operator")


def totals(world: PayoutWorld) -> tuple[int, int, int, int]:
    """Balance, payable, held and paid out."""
    balance = world.balance
    found = balances.totals(balance, today=world.now.date())
    return balance.balance.amount, found.payable.amount, found.held.amount, found.paid_out.amount


def findings(world: PayoutWorld) -> list[Any]:
    audits = list(payer_audits.audit_with_clients(partner_id=world.partner_id, now=world.now))
    return [finding for each in audits for finding in each.findings]


def sent_amounts() -> list[int]:
    return [item[2] for batch in SentBatchRow.scan() for item in batch.items]


@pytest.mark.parametrize("held", [1, 2], ids=["some lines", "all lines"])
def test_what_was_marked_as_paid_is_paid_whatever_is_held_meanwhile(held: int) -> None:
    world = held_payday(20_000, 30_000)
    hold(world, *world.lines[:held])
    held_amount = 20_000 if held == 1 else 50_000

    paid = mark_paid(world)

    assert (paid.status, paid.amount.amount, paid.paid_reference) == ("paid", 50_000, "wire 1")
    assert totals(world) == (0, -held_amount, held_amount, 50_000)
    assert findings(world) == []
    settled = line_rows.of_payout(
        paid.id, partner_id=world.partner_id, after=paid.gathers_after, until=paid.gathers_until
    )
    assert sum(line.amount.amount for line in settled) == 50_000  # its statement

    hold(world, *world.lines[:held], for_=())
    world.be_paid_at(ADDRESS)
    world.earn(7_000)
    world.advance(days=31)
    assert (totals(world), sent_amounts()) == ((0, 0, 0, 57_000), [7_000])
    assert findings(world) == []


def test_what_was_released_after_a_payment_by_other_means_was_held_is_paid_by_the_next() -> None:
    world = PayoutWorld()
    world.watched = True
    world.earn(20_000, 30_000)
    hold(world, world.lines[0])
    world.to_payout_day()
    world.run_schedules()
    assert world.payout.amount.amount == 30_000
    hold(world, world.lines[0], for_=())

    paid = mark_paid(world)

    assert (paid.status, paid.amount.amount) == ("paid", 30_000)
    assert totals(world) == (20_000, 20_000, 0, 30_000)
    assert findings(world) == []


def test_no_payout_begins_while_an_earlier_one_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_steps, "_GATHERED_AT_ONCE", 1)
    monkeypatch.setattr(payouts, "_STEPS_IN_REQUEST", 1)
    world = held_payday(20_000, 30_000, 30_000)
    world.be_paid_at(ADDRESS)
    world.now = world.next_payout_alarm()
    assert mark_paid(world).is_gathering

    begun = payout_runs.begin_payout(partner_id=world.partner_id, now=world.now, actor="worker")

    assert begun is None
    assert world.next_payout_alarm() == world.now + timedelta(minutes=15)
    world.run_schedules()
    world.advance(days=1)
    assert [(each.status, each.amount.amount) for each in world.payouts] == [("paid", 80_000)]
    assert (totals(world), sent_amounts()) == ((0, 0, 0, 80_000), [])


@pytest.mark.parametrize("first", ["begin", "mark"])
def test_of_a_mark_and_a_payout_that_begins_at_once_the_second_sees_the_first(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has read the newest payout when the first is written."""
    monkeypatch.setattr(payout_steps, "_GATHERED_AT_ONCE", 1)
    monkeypatch.setattr(payouts, "_STEPS_IN_REQUEST", 1)
    world = held_payday(20_000, 30_000)
    world.be_paid_at(ADDRESS)
    world.now = world.next_payout_alarm()
    last_of, overtaken = payout_rows.last_of, list[str]()

    def begin() -> Any:
        return payout_runs.begin_payout(partner_id=world.partner_id, now=world.now, actor="worker")

    def read_then_overtaken(partner_id: str) -> Any:
        found = last_of(partner_id)
        if not overtaken:
            overtaken.append(first)
            begin() if first == "begin" else mark_paid(world)
        return found

    monkeypatch.setattr(payout_rows, "last_of", read_then_overtaken)

    if first == "begin":
        with pytest.raises(payouts.CannotBeMarkedPaid):
            mark_paid(world)
    else:
        assert begin() is None
    world.run_schedules()
    world.advance(days=1)

    assert overtaken == [first]
    by_paypal = [50_000] if first == "begin" else []
    assert sent_amounts() == by_paypal
    assert [each.status.value for each in world.payouts] == (["held", "paid"] if by_paypal else ["paid"])
    assert totals(world) == (0, 0, 0, 50_000)


@pytest.mark.parametrize("address", [None, "money+failed@bright.example"], ids=["held", "given back"])
def test_another_amount_than_is_to_be_paid_is_refused_and_changes_nothing(address: str | None) -> None:
    world = a_payday(50_000, address=address)
    world.run_schedules()
    before = world.payout
    given: dict[str, Any] = {"payout_id": before.id, "reference": "wire 1", "now": world.now, "actor": "operator"}

    with pytest.raises(payouts.CannotBeMarkedPaid):
        payouts.mark_paid(**given, amount=49_999)

    assert world.payout == before
    assert payouts.mark_paid(**given, amount=50_000).status == "paid"
