"""Invoices that are issued in bulk are listed by batches, all others by indexes; no list shows the difference."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from benchmarks.units import size_of
from chalicelib.config import settings
from chalicelib.domain.audit.findings import Kind
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models.billing import batches, invoice_lists
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.billing.batches import BatchRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.services.audit.payer_audits import audit_partner
from chalicelib.services.billing import invoices, refunds
from chalicelib.services.wallet import prepaid
from tests.books import Books, images
from tests.invoices import make_invoice
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

MANY = batches.AT_LEAST


def renewed(accounts: int, *, prepaid: int = 0, declined: int = 0, months: int = 2) -> World:
    """Accounts that renewed together: by prepaid money as far as it goes, the last of them by a card that declines."""
    world = World()
    card, bad = world.card(), world.card("pm_card_declinedOnRenewal")
    for number in range(accounts):
        world.create(billing_profile_id=bad if number >= accounts - declined else card)
    if prepaid:
        world.buy(prepaid, card=card)
    for _ in range(months):
        renewal = max(row.period.end for row in Books(world).accounts)
        while world.now.date() < renewal:
            world.now = world.next_alarm()
            world.run_schedules()
    return world


def pages(read: Any, limit: int) -> list[Any]:
    found, start, rounds = [], None, 0
    while rounds == 0 or start is not None:
        page, start = read(limit=limit, start=start)
        assert len(page) <= limit
        found, rounds = found + page, rounds + 1
    return found


def listed(world: World, limit: int = 100, **filters: Any) -> list[Invoice]:
    asked: dict[str, Any] = {
        "payer": world.partner_id,
        "account_id": None,
        "status": None,
        "since": None,
        "until": None,
    }
    return pages(lambda **page: invoices.list_invoices(**asked | filters, **page), limit)


def batch_rows(world: World) -> list[BatchRow]:
    return list(BatchRow.query(world.partner_id, BatchRow.id.startswith("batch#")))


def test_invoices_renewed_together_are_in_a_batch_and_in_no_index() -> None:
    world = renewed(MANY, prepaid=1_000_000, months=1)

    (batch,) = batch_rows(world)
    assert [each.number for each in batches.listed(batch)] == list(range(MANY + 1, 2 * MANY + 1))
    in_index = InvoiceRow.by_number.query(world.partner_id)
    assert [int(row.number) for row in in_index] == list(range(1, MANY + 1))
    entries, _ = journal_rows.of_payer(world.partner_id, limit=50, start=None)
    assert [entry.sequence for entry in entries] == list(range(MANY + 1, 0, -1))


def test_fewer_are_in_the_indexes_alone() -> None:
    assert batch_rows(renewed(MANY - 1, months=1)) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_all_lengths_have_the_same_invoices_and_entries_in_their_order(limit: int) -> None:
    world = renewed(MANY + 2, prepaid=MANY * 4_900 + 100, declined=1)
    assert len(batch_rows(world)) == 2

    numbers = [invoice.number for invoice in listed(world, limit)]
    assert numbers == list(range(world.wallet.last_invoice_number, 0, -1))
    journal = pages(lambda **page: prepaid.list_journal(partner_id=world.partner_id, **page), limit)
    assert [entry.sequence for entry in journal] == list(range(world.wallet.sequence, 0, -1))
    Books(world).check()
    found = audit_partner(partner_id=world.partner_id, now=world.now).findings
    assert [each for each in found if each.kind is not Kind.ALARM_LATE] == []  # the daily check does not run here


def test_filters_find_the_same_in_batches_and_indexes() -> None:
    world = renewed(MANY + 2, declined=1)
    everything = listed(world)

    for status in InvoiceStatus:
        assert listed(world, 2, status=status) == [each for each in everything if each.status is status]
    day = everything[len(everything) // 2].issued_at.date()
    for limit in (2, 100):
        since, until = listed(world, limit, since=day), listed(world, limit, until=day - timedelta(days=1))
        assert since + until == everything
        assert since
        assert until


def test_an_invoice_in_a_batch_that_is_refunded_is_listed_once() -> None:
    world = renewed(MANY, prepaid=1_000_000, months=1)
    newest = listed(world)[0]

    refunds.refund_invoice(
        refund_id="txn_01KGA92TC0KTJ6NFKNPR4TMRWE",
        payer=world.partner_id,
        invoice_id=newest.id,
        amount=100,
        now=world.now,
        actor=ACTOR,
    )

    again = listed(world, 3)
    assert [invoice.number for invoice in again] == list(range(2 * MANY, 0, -1))
    assert again[0].refunded.amount == 100
    assert len(world.journal()) == world.wallet.sequence
    Books(world).check()


def test_a_batch_lists_up_to_a_message_of_accounts_within_a_kilobyte() -> None:
    world = renewed(33, months=1)

    (batch,) = (image for image in images(settings().ledger_table) if image["id"]["S"].startswith("batch#"))
    assert len(batches.listed(BatchRow.from_raw_data(batch))) == 33
    assert size_of(batch) < 1024
    assert len(listed(world)) == 66


def test_an_invoice_is_what_it_would_be_outside_a_batch() -> None:
    world = renewed(MANY, prepaid=1_000_000, months=1)
    invoice = listed(world)[0]

    found = invoice_rows.get(world.partner_id, invoice.id)
    assert found == invoice
    image = next(each for each in images(settings().ledger_table) if each["id"]["S"] == invoice.id)
    assert "number" not in image
    assert "journal" not in image
    assert InvoiceRow.from_raw_data(image).serialize() == image


def test_the_highest_numbers_are_known_from_batches_too() -> None:
    world = renewed(MANY, prepaid=1_000_000, months=1)

    assert invoice_lists.newest(world.partner_id) == world.wallet.last_invoice_number
    assert journal_rows.newest(world.partner_id, CreditKind.PREPAID) == world.wallet.sequence


def test_steps_hold_numbers_and_places_with_gaps() -> None:
    world = World()
    wallet = replace(world.wallet, last_invoice_number=41, sequence=7)
    some = [_invoice(number, sequence) for number, sequence in ((42, 8), (44, None), (75, 9), (76, 10))]

    row = batches.put(some, wallet=wallet).row

    assert isinstance(row, BatchRow)
    assert batches.listed(row) == [(each.id, each.number, each.sequence) for each in some]


def _invoice(number: int, sequence: int | None) -> Invoice:
    return replace(make_invoice(), id=f"inv_{number:026d}", number=number, sequence=sequence, version=1)
