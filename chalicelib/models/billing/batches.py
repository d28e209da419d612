"""Batches: the invoices that one transaction issued and that were paid at once, listed together in a row of their own.

A renewal's invoice would otherwise have an entry in two indexes, by its number and in the journal, each for the price
of half the invoice. The lists read both: what was written alone from the index, what was written in bulk from here.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.ids import bytes_of, id_of, is_account_id, is_id
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.base import InstantAttribute, Row
from chalicelib.models.packed import decoded, encoded
from chalicelib.models.transactions import Put

R = TypeVar("R", bound=Row[Any])

AT_LEAST = 4
"""Fewer invoices are cheaper in the indexes: a batch takes a write of its own."""

_PREFIX = "batch#"
_ID_CHARACTERS = 22
_NOT_IN_JOURNAL = "0"
"""The step of an invoice that used no prepaid money. Steps are characters from here on, one for each number on."""


class BatchRow(Table):
    """Its id sorts by the wallet's version, and so by numbers, by the journal and by time.

    Numbers and places in the journal are stored as steps from the invoice before, the first from what the payer's
    wallet had last: an invoice that was declined in the same transaction takes a number and is not in the batch.
    """

    class Meta:
        table_name = TableName("ledger_table")

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    at = InstantAttribute()
    invoices = UnicodeAttribute()
    numbers_from = NumberAttribute()
    numbers = UnicodeAttribute()
    sequences_from = NumberAttribute()
    sequences = UnicodeAttribute()


class Listed(NamedTuple):
    """An invoice in a batch: its number, and its place in the journal if it has one."""

    id: str
    number: int
    sequence: int | None


def belongs(invoice: Invoice) -> bool:
    """Whether an invoice that is written now can be listed in a batch: it is new and paid, and stays so."""
    is_new = invoice.version == 1
    return is_new and invoice.status is InvoiceStatus.PAID and is_id("inv", invoice.id) and not invoice.bill_id


def put(invoices: Sequence[Invoice], *, wallet: Wallet) -> Put:
    """The write that lists these invoices of a payer, in the order of their numbers; ``wallet`` is as it was read."""
    row = BatchRow(
        wallet.payer,
        f"{_PREFIX}{wallet.version:012d}",
        at=invoices[0].issued_at,
        invoices="".join(encoded(bytes_of(invoice.id)) for invoice in invoices),
        numbers_from=wallet.last_invoice_number,
        numbers=_steps(wallet.last_invoice_number, [invoice.number for invoice in invoices]),
        sequences_from=wallet.sequence,
        sequences=_steps(wallet.sequence, [invoice.sequence for invoice in invoices]),
    )
    return Put(row, subject=row.id, condition=BatchRow.id.does_not_exist())


def listed(row: BatchRow) -> list[Listed]:
    """The invoices of a batch in the order of their numbers."""
    codes = (row.invoices[start : start + _ID_CHARACTERS] for start in range(0, len(row.invoices), _ID_CHARACTERS))
    ids = [id_of("inv", decoded(code)) for code in codes]
    numbers = _places(int(row.numbers_from), row.numbers)
    sequences = _places(int(row.sequences_from), row.sequences)
    return [
        Listed(id, number, sequence)
        for id, number, sequence in zip(ids, numbers, sequences, strict=True)
        if number is not None
    ]


def newest(payer: str) -> tuple[int, int]:
    """The last number and the last place in the journal that the payer's newest batch knows of; 0 without one."""
    for row in _batches(payer, descending=True, through=None):
        found = listed(row)
        sequences = [each.sequence for each in found if each.sequence is not None]
        return found[-1].number, max(sequences, default=int(row.sequences_from))
    return 0, 0


class Place(NamedTuple):
    """Where in a list an invoice or an entry stands, and the batch that lists it: "" if an index does."""

    number: int
    batch: str = ""


def by_number(
    row_class: type[R],
    payer: str,
    *,
    descending: bool = True,
    below: Place | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[tuple[Place, R]]:
    """A payer's invoices in batches by their numbers, as rows of ``row_class``; ``below`` is where a page ended."""
    for row in _batches(payer, descending=descending, through=below and below.batch):
        if until is not None and row.at >= until:
            continue
        if since is not None and row.at < since and descending:
            return
        yield from _read(row_class, row, [(each.number, each.id) for each in listed(row)], descending, below)


def by_sequence(
    row_class: type[R], payer: str, *, descending: bool = True, below: Place | None = None
) -> Iterator[tuple[Place, R]]:
    """A payer's invoices in batches that used prepaid money, by their places in the journal."""
    for row in _batches(payer, descending=descending, through=below and below.batch):
        places = [(each.sequence, each.id) for each in listed(row) if each.sequence is not None]
        yield from _read(row_class, row, places, descending, below)


def together(
    alone: Iterable[tuple[Place, R]], batched: Iterable[tuple[Place, R]], *, descending: bool = True
) -> Iterator[tuple[Place, R]]:
    """What was written alone and what was written in bulk as one list.

    An invoice that changed since, as by a refund, is in both, and comes once. Two that have the same place come both.
    """
    rows = merge(alone, batched, key=lambda each: each[0].number, reverse=descending)
    for _, same in groupby(rows, key=lambda each: each[0].number):
        ids: dict[str, tuple[Place, Any]] = {}
        for place, row in same:
            ids.setdefault(_id_of(row), (place, row))
        yield from ids.values()


def _id_of(row: Any) -> str:
    return str(row.id)


def page(
    rows: Iterator[tuple[Place, R]], *, limit: int, start: dict[str, Any] | None
) -> tuple[list[R], dict[str, Any] | None]:
    """Up to ``limit`` rows of a list, and the key that the next page starts after; see :func:`start_of`."""
    found: list[R] = []
    last = start_of(start) or Place(0)
    for place, row in rows:
        if len(found) == limit:
            return found, last._asdict()
        found.append(row)
        last = Place(place.number, place.batch or last.batch)
    return found, None


def start_of(start: dict[str, Any] | None) -> Place | None:
    """Where the page before ended."""
    return Place(**start) if start else None


def _batches(payer: str, *, descending: bool, through: str | None) -> Iterator[BatchRow]:
    """A payer's batches, the newest first, from the one ``through`` which a page ended. Accounts have none."""
    if is_account_id(payer):
        return iter(())
    of_batches = BatchRow.id.between(_PREFIX, through) if through else BatchRow.id.startswith(_PREFIX)
    return iter(BatchRow.query(payer, of_batches, scan_index_forward=not descending))


def _read(
    row_class: type[R], batch: BatchRow, places: Sequence[tuple[int, str]], descending: bool, below: Place | None
) -> Iterator[tuple[Place, R]]:
    wanted = [(place, id) for place, id in places if below is None or place < below.number]
    if not wanted:
        return
    rows: Iterator[Any] = row_class.batch_get([(batch.payer, id) for _, id in wanted])
    found: dict[str, R] = {row.id: row for row in rows}
    for place, id in sorted(wanted, reverse=descending):
        if id in found:
            yield Place(place, batch.id), found[id]


def _steps(last: int, places: Sequence[int | None]) -> str:
    steps = ""
    for place in places:
        steps += _NOT_IN_JOURNAL if place is None else chr(ord(_NOT_IN_JOURNAL) + place - last)
        last = last if place is None else place
    return steps


def _places(last: int, steps: str) -> list[int | None]:
    places: list[int | None] = []
    for step in steps:
        last += ord(step) - ord(_NOT_IN_JOURNAL)
        places.append(None if step == _NOT_IN_JOURNAL else last)
    return places
