"""Lists of invoices: of a payer, of an account, of a Single Bill."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus, id_of_charge
from chalicelib.models import pages
from chalicelib.models.billing import batches
from chalicelib.models.billing.batches import Place
from chalicelib.models.billing.invoices import InvoiceRow

_AT_ONCE = 100
"""DynamoDB reads no more items in one batch."""


def earning_on_bill(
    bill_id: str, *, payer: str, start: dict[str, Any] | None
) -> tuple[list[str], dict[str, Any] | None]:
    """The ids of up to 100 invoices on a Single Bill that a partner earns from, and where the next page starts."""
    filters = (InvoiceRow.payer == payer) & InvoiceRow.earning.exists()
    rows = InvoiceRow.by_bill.query(bill_id, filter_condition=filters, last_evaluated_key=start)
    page, last = pages.page_of(rows, 100)
    return [invoice.id for invoice in page], last


def of_payer(
    payer: str,
    *,
    status: InvoiceStatus | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """A payer's invoices by number, newest first, and where the next page starts."""
    below = batches.start_of(start)
    filters = pages.all_of(_conditions(status, since, until))
    alone = InvoiceRow.by_number.query(
        payer,
        InvoiceRow.number < below.number if below else None,
        filter_condition=filters,
        scan_index_forward=False,
        page_size=limit + 1 if filters is None else None,  # few match a filter: read a megabyte at a time
    )
    batched: Iterator[tuple[Place, InvoiceRow]] = iter(())
    if status in (None, InvoiceStatus.PAID):
        batched = batches.by_number(InvoiceRow, payer, below=below, since=since, until=until)
    rows = batches.together(((Place(int(row.number)), row) for row in alone), batched)
    page, last = batches.page(rows, limit=limit, start=start)
    return [row.value() for row in page], last


def newest(payer: str) -> int:
    """The highest number of an invoice of a payer, 0 without any."""
    rows = InvoiceRow.by_number.query(payer, scan_index_forward=False, limit=1)
    return max(batches.newest(payer)[0], *(int(row.number) for row in rows), 0)


def in_order(payer: str, *, until: int) -> Iterator[InvoiceRow]:
    """The rows of a payer's invoices by their numbers, up to ``until``."""
    alone = InvoiceRow.by_number.query(payer, InvoiceRow.number <= until)
    batched = batches.by_number(InvoiceRow, payer, descending=False)
    rows = batches.together(((Place(int(row.number)), row) for row in alone), batched, descending=False)
    return (row for place, row in rows if place.number <= until)


def of_account(
    account_id: str,
    *,
    charges: int,
    payer: str,
    status: InvoiceStatus | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """The invoices that ``payer`` pays of an account which had so many ``charges``, newest first, and where the next
    page starts.
    """
    newest = int(start["charge"]) - 1 if start else charges
    page: list[tuple[int, Invoice]] = []
    takes_all = status is None and since is None and until is None
    at_once = min(limit + 1, _AT_ONCE) if takes_all else _AT_ONCE  # few match a filter
    for number, invoice in _of_charges(account_id, payer=payer, newest=newest, at_once=at_once):
        if _is_among(invoice, status, since, until):
            if len(page) == limit:
                return [each for _, each in page], {"charge": page[-1][0]}
            page.append((number, invoice))
    return [each for _, each in page], None


def history(account_id: str, *, charges: int, payers: Iterable[str]) -> list[Invoice]:
    """All invoices of an account in the order they were issued, whichever of these ``payers`` paid them."""
    found = [each for payer in payers for each in _of_charges(account_id, payer=payer, newest=charges)]
    return [invoice for _, invoice in sorted(found, key=lambda each: each[0])]


def _of_charges(account_id: str, *, payer: str, newest: int, at_once: int = _AT_ONCE) -> Iterator[tuple[int, Invoice]]:
    """A payer's invoices of an account with the numbers of their charges, from the ``newest`` down.

    Their ids follow from the numbers, so that no index has to list them.
    """
    for last in range(newest, 0, -at_once):
        numbers = {id_of_charge(account_id, number): number for number in range(last, max(last - at_once, 0), -1)}
        keys = [(payer, each) for each in numbers]
        rows = {row.id: row for row in InvoiceRow.batch_get(keys, consistent_read=True)}
        yield from ((number, rows[each].value()) for each, number in numbers.items() if each in rows)


def _is_among(invoice: Invoice, status: InvoiceStatus | None, since: datetime | None, until: datetime | None) -> bool:
    """What :func:`_conditions` say of a row, said of an invoice."""
    return (
        (status is None or invoice.status is status or invoice.bill_id is not None)
        and (since is None or invoice.issued_at >= since)
        and (until is None or invoice.issued_at < until)
    )


def on_bill(
    bill_id: str, *, payer: str, limit: int, start: dict[str, Any] | None
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """The invoices on a payer's Single Bill by number, and where the next page starts."""
    rows = InvoiceRow.by_bill.query(
        bill_id, filter_condition=InvoiceRow.payer == payer, page_size=limit + 1, last_evaluated_key=start
    )
    return pages.page_of(rows, limit)


def _conditions(
    status: InvoiceStatus | None, since: datetime | None, until: datetime | None
) -> tuple[Condition | None, ...]:
    return (
        # What a Single Bill pays is stored as open; whether it is paid, its bill knows.
        (InvoiceRow.status == status) | InvoiceRow.bill_id.exists() if status else None,
        InvoiceRow.issued_at >= since if since else None,
        InvoiceRow.issued_at < until if until else None,
    )
