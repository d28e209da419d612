"""The ledger: invoices and journal entries of a payer in one table.

An invoice that used prepaid money *is* the journal entry of that use: its row carries the entry's
attributes as well, so that the ``journal`` index reads both as entries.
"""

import operator
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.billing.credit_notes import Credited
from chalicelib.domain.billing.invoices import Attempt, Invoice, InvoicedAccount, InvoiceStatus
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.models.base import (
    CardNameAttribute,
    DataAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    PeriodAttribute,
    RecordAttribute,
    Row,
    page_of,
)
from chalicelib.models.transactions import Check, Put, subject_unchanged


class NumberIndex(GlobalSecondaryIndex[Any]):
    """A payer's invoices by their number."""

    class Meta:
        index_name = "by_number"
        projection = AllProjection()

    payer = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)


class AccountIndex(GlobalSecondaryIndex[Any]):
    """An account's invoices by the time they were issued."""

    class Meta:
        index_name = "by_account"
        projection = AllProjection()

    account_id = UnicodeAttribute(hash_key=True)
    issued_at = InstantAttribute(range_key=True)


class JournalIndex(GlobalSecondaryIndex[Any]):
    """A payer's journal of one kind of credit, in order."""

    class Meta:
        index_name = "journal"
        projection = AllProjection()

    journal = UnicodeAttribute(hash_key=True)
    sequence = NumberAttribute(range_key=True)


class BillIndex(GlobalSecondaryIndex[Any]):
    """The invoices on a Single Bill by their number."""

    class Meta:
        index_name = "by_bill"
        projection = AllProjection()

    bill_id = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)


class CreditNoteIndex(GlobalSecondaryIndex[Any]):
    """A payer's credit notes by their number."""

    class Meta:
        index_name = "by_credit_note"
        projection = AllProjection()

    payer = UnicodeAttribute(hash_key=True)
    credit_note = NumberAttribute(range_key=True)


class InvoiceRow(Row[Invoice]):
    holds = Invoice

    class Meta:
        table_name = TableName("ledger_table")

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    account_id = UnicodeAttribute(null=True)
    number = NumberAttribute()
    charge_kind = EnumAttribute(ChargeKind)
    status = EnumAttribute(InvoiceStatus)
    currency = UnicodeAttribute()
    lines = DataAttribute[tuple[Line, ...]](tuple[Line, ...])
    total = MoneyAttribute()
    prepaid_applied = MoneyAttribute()
    card_charged = MoneyAttribute()
    issued_at = InstantAttribute()
    period = PeriodAttribute(null=True)
    billing_profile_id = UnicodeAttribute(null=True)
    wallet_balance_after = MoneyAttribute(null=True)
    processor = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    card = CardNameAttribute(null=True)
    attempts = DataAttribute[tuple[Attempt, ...]](tuple[Attempt, ...], null=True)
    paid_at = InstantAttribute(null=True)
    bill_id = UnicodeAttribute(null=True)
    billed = MoneyAttribute(null=True)
    set_aside_applied = MoneyAttribute(null=True)
    refunded_to_card = MoneyAttribute(null=True)
    refunded_to_prepaid = MoneyAttribute(null=True)
    parties = UnicodeAttribute(null=True)
    account = RecordAttribute[InvoicedAccount](InvoicedAccount, null=True)
    credit_notes = DataAttribute[tuple[Credited, ...]](tuple[Credited, ...], null=True)
    sequence = NumberAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    # The journal entry this invoice is, once prepaid money paid some of it.
    journal = UnicodeAttribute(null=True)
    kind = EnumAttribute(EntryKind, null=True)
    at = InstantAttribute(null=True)
    amount = MoneyAttribute(null=True)
    balance_after = MoneyAttribute(null=True)
    set_aside_change = MoneyAttribute(null=True)
    invoice_id = UnicodeAttribute(null=True)
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    by_number = NumberIndex()
    by_account = AccountIndex()
    by_bill = BillIndex()
    journal_index = JournalIndex()
    by_credit_note = CreditNoteIndex()  # of entries alone; here so that one model has all indexes of the table


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
    # Not the key of the by_account index on its own: that index also needs issued_at.
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
    credit = EnumAttribute(CreditKind, null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    journal = UnicodeAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    journal_index = JournalIndex()
    by_credit_note = CreditNoteIndex()


def journal_of(payer: str, kind: CreditKind = CreditKind.PREPAID) -> str:
    """The journal of one kind of credit of one payer, as the index names it."""
    return f"{payer}#{kind}"


def put_invoice(invoice: Invoice, *, now: datetime, actor: str, event: str) -> Put:
    """The write of an invoice, new or changed ``now``; a new one only if its identity was never used.

    Without an ``event`` (a refund that is merely reserved) nothing is published.
    """
    entry: dict[str, Any] = {}
    if invoice.sequence is not None:
        entry = {
            "journal": journal_of(invoice.payer),
            "kind": EntryKind.APPLIED,
            "at": invoice.paid_at or invoice.issued_at,
            "amount": -invoice.prepaid_applied,
            "balance_after": invoice.wallet_balance_after,
            "set_aside_change": -invoice.set_aside_applied if invoice.set_aside_applied else None,
            "invoice_id": invoice.id,
        }
    changed = replace(invoice, version=invoice.version + 1, revision=invoice.revision + (1 if event else 0))
    row = InvoiceRow.of(changed, updated_at=now, actor=actor, event=event, **entry)
    return Put(row, subject=invoice.id, condition=subject_unchanged(InvoiceRow, invoice.version))


def stored_invoice(put: Put) -> Invoice:
    """The invoice as a ``put`` leaves it in the table."""
    assert isinstance(put.row, InvoiceRow)
    return put.row.value()


def put_entry(entry: Entry, *, actor: str, event: str) -> Put:
    """The write of a journal entry, a new one only if its identity was never used.

    Without an ``event`` (a refund that is merely reserved) nothing is published.
    """
    changed = replace(entry, version=entry.version + 1, revision=entry.revision + (1 if event else 0))
    row = EntryRow.of(changed, journal=journal_of(entry.payer, entry.credit), actor=actor, event=event)
    return Put(row, subject=entry.id, condition=subject_unchanged(EntryRow, entry.version))


def stored_entry(put: Put) -> Entry:
    """The entry as a ``put`` leaves it in the table."""
    assert isinstance(put.row, EntryRow)
    return put.row.value()


def not_entered(payer: str, entry_id: str) -> Check:
    """Go on only if the journal has no such entry."""
    return Check(EntryRow, payer, entry_id, subject=entry_id, condition=EntryRow.id.does_not_exist())


def get_invoice(payer: str, invoice_id: str) -> Invoice | None:
    try:
        return InvoiceRow.get(payer, invoice_id, consistent_read=True).value()
    except InvoiceRow.DoesNotExist:
        return None


def get_entry(payer: str, entry_id: str) -> Entry | None:
    try:
        return EntryRow.get(payer, entry_id, consistent_read=True).value()
    except EntryRow.DoesNotExist:
        return None


def get_invoices(payer: str, invoice_ids: Iterable[str]) -> dict[str, Invoice]:
    """The invoices with these ids, in one read."""
    keys = [(payer, invoice_id) for invoice_id in invoice_ids]
    if not keys:
        return {}
    return {row.id: row.value() for row in InvoiceRow.batch_get(keys, consistent_read=True)}


def journal(
    payer: str, *, kind: CreditKind = CreditKind.PREPAID, limit: int, start: dict[str, Any] | None
) -> tuple[list[Entry], dict[str, Any] | None]:
    """A payer's journal of one kind of credit, newest first, and where the next page starts."""
    rows = EntryRow.journal_index.query(
        journal_of(payer, kind), scan_index_forward=False, page_size=limit + 1, last_evaluated_key=start
    )
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last


def invoices_of_payer(
    payer: str,
    *,
    status: InvoiceStatus | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """A payer's invoices by number, newest first, and where the next page starts."""
    filters = _filters(status, since, until)
    rows = InvoiceRow.by_number.query(
        payer,
        filter_condition=filters,
        scan_index_forward=False,
        page_size=limit + 1 if filters is None else None,  # a filter leaves few: they are looked for by the megabyte
        last_evaluated_key=start,
    )
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last


def credit_notes_of_payer(
    payer: str, *, since: datetime | None, until: datetime | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Entry], dict[str, Any] | None]:
    """The journal entries that are a payer's credit notes, newest first, and where the next page starts."""
    rows = EntryRow.by_credit_note.query(
        payer,
        filter_condition=_all_of([EntryRow.at >= since if since else None, EntryRow.at < until if until else None]),
        scan_index_forward=False,
        page_size=limit + 1,
        last_evaluated_key=start,
    )
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last


def invoices_of_account(
    account_id: str,
    *,
    payer: str,
    status: InvoiceStatus | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """An account's invoices that ``payer`` pays, newest first, and where the next page starts."""
    theirs = InvoiceRow.payer == payer
    filters = _filters(status, since, until)
    rows = InvoiceRow.by_account.query(
        account_id,
        filter_condition=theirs if filters is None else theirs & filters,
        scan_index_forward=False,
        page_size=limit + 1,
        last_evaluated_key=start,
    )
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last


def invoices_on_bill(
    bill_id: str, *, payer: str, limit: int, start: dict[str, Any] | None
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """The invoices on a payer's Single Bill by number, and where the next page starts."""
    rows = InvoiceRow.by_bill.query(
        bill_id, filter_condition=InvoiceRow.payer == payer, page_size=limit + 1, last_evaluated_key=start
    )
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last


def _filters(status: InvoiceStatus | None, since: datetime | None, until: datetime | None) -> Condition | None:
    return _all_of(
        [
            # What a Single Bill pays is stored as open; whether it is paid, its bill knows.
            (InvoiceRow.status == status) | InvoiceRow.bill_id.exists() if status else None,
            InvoiceRow.issued_at >= since if since else None,
            InvoiceRow.issued_at < until if until else None,
        ]
    )


def _all_of(wanted: Iterable[Condition | None]) -> Condition | None:
    """One condition that all of these hold; None without any."""
    conditions = [condition for condition in wanted if condition is not None]
    return reduce(operator.and_, conditions) if conditions else None
