"""Journal entries of a payer, in the ledger's table (docs/rules.md §7).

An invoice or a Single Bill that used prepaid money *is* the journal entry of that use: its row carries the entry's
attributes as well, so that the ``journal`` index reads both as entries.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.disputes import Noted
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.models.base import DataAttribute, EnumAttribute, InstantAttribute, MoneyAttribute, Row
from chalicelib.models.billing import batches
from chalicelib.models.billing.batches import Place
from chalicelib.models.transactions import Check, Put, subject_unchanged


class JournalIndex(GlobalSecondaryIndex[Any]):
    """A payer's journal of one kind of credit, in order."""

    class Meta:
        index_name = "journal"
        projection = AllProjection()

    journal = UnicodeAttribute(hash_key=True)
    sequence = NumberAttribute(range_key=True)


class CreditNoteIndex(GlobalSecondaryIndex[Any]):
    """A payer's credit notes by their number."""

    class Meta:
        index_name = "by_credit_note"
        projection = AllProjection()

    payer = UnicodeAttribute(hash_key=True)
    credit_note = NumberAttribute(range_key=True)


class EntryRow(Row[Entry]):
    holds = Entry

    class Meta:
        table_name = TableName("ledger_table")

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    kind = EnumAttribute(EntryKind)
    at = InstantAttribute()
    amount = MoneyAttribute()
    balance_after = MoneyAttribute()
    sequence = NumberAttribute()
    set_aside_change = MoneyAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    invoice_id = UnicodeAttribute(null=True)
    billing_profile_id = UnicodeAttribute(null=True)
    processor = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    to_card = MoneyAttribute(null=True)
    purchase_id = UnicodeAttribute(null=True)
    refunded = MoneyAttribute(null=True)
    account_change = MoneyAttribute(null=True)
    used_at = InstantAttribute(null=True)
    credit_note = NumberAttribute(null=True)
    corrects = NumberAttribute(null=True)
    # Not the key of the by_bill index on its own: that index also needs a number.
    bill_id = UnicodeAttribute(null=True)
    dispute_id = UnicodeAttribute(null=True)
    disputes = DataAttribute[tuple[Noted, ...]](tuple[Noted, ...], null=True)
    reason = UnicodeAttribute(null=True)
    credit = EnumAttribute(CreditKind, null=True)
    revision = NumberAttribute(default=0)  # what a lost dispute took is published by the dispute
    version = NumberAttribute()
    journal = UnicodeAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    journal_index = JournalIndex()
    by_credit_note = CreditNoteIndex()


def journal_of(payer: str, kind: CreditKind = CreditKind.PREPAID) -> str:
    """The journal of one kind of credit of one payer, as the index names it."""
    return f"{payer}#{kind}"


def put(entry: Entry, *, actor: str, event: str) -> Put:
    """The write of a journal entry, a new one only if its identity was never used.

    Without an ``event`` (a refund that is merely reserved) nothing is published.
    """
    changed = replace(entry, version=entry.version + 1, revision=entry.revision + (1 if event else 0))
    row = EntryRow.of(changed, journal=journal_of(entry.payer, entry.credit), actor=actor, event=event)
    return Put(row, subject=entry.id, condition=subject_unchanged(EntryRow, entry.version))


def stored(put: Put) -> Entry:
    """The entry as a ``put`` leaves it in the table."""
    assert isinstance(put.row, EntryRow)
    return put.row.value()


def not_entered(payer: str, entry_id: str) -> Check:
    """Go on only if the journal has no such entry."""
    return Check(EntryRow, payer, entry_id, subject=entry_id, condition=EntryRow.id.does_not_exist())


def get(payer: str, entry_id: str) -> Entry | None:
    try:
        return EntryRow.get(payer, entry_id, consistent_read=True).value()
    except EntryRow.DoesNotExist:
        return None


def of_payer(
    payer: str, *, kind: CreditKind = CreditKind.PREPAID, limit: int, start: dict[str, Any] | None
) -> tuple[list[Entry], dict[str, Any] | None]:
    """A payer's journal of one kind of credit, newest first, and where the next page starts."""
    below = batches.start_of(start)
    alone = EntryRow.journal_index.query(
        journal_of(payer, kind),
        EntryRow.sequence < below.number if below else None,
        scan_index_forward=False,
        page_size=limit + 1,
    )
    batched: Iterator[tuple[Place, EntryRow]] = iter(())
    if kind is CreditKind.PREPAID:
        batched = batches.by_sequence(EntryRow, payer, below=below)
    rows = batches.together(((Place(int(row.sequence)), row) for row in alone), batched)
    page, last = batches.page(rows, limit=limit, start=start)
    return [row.value() for row in page], last


def newest(payer: str, kind: CreditKind) -> int:
    """The highest number in a journal, 0 for an empty one."""
    rows = EntryRow.journal_index.query(journal_of(payer, kind), scan_index_forward=False, limit=1)
    of_batches = batches.newest(payer)[1] if kind is CreditKind.PREPAID else 0
    return max(of_batches, *(int(row.sequence) for row in rows), 0)


def in_order(payer: str, kind: CreditKind, *, until: int | None = None) -> Iterator[Entry]:
    """A journal by its numbers, up to ``until`` or as far as it goes."""
    alone = EntryRow.journal_index.query(
        journal_of(payer, kind), EntryRow.sequence <= until if until is not None else None
    )
    batched: Iterator[tuple[Place, EntryRow]] = iter(())
    if kind is CreditKind.PREPAID:
        batched = batches.by_sequence(EntryRow, payer, descending=False)
    rows = batches.together(((Place(int(row.sequence)), row) for row in alone), batched, descending=False)
    return (row.value() for place, row in rows if until is None or place.number <= until)
