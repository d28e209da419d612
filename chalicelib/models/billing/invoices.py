"""Invoices of a payer, in the ledger's table; one that used prepaid money is a journal entry as well."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.billing.credit_notes import Credited
from chalicelib.domain.billing.invoices import Attempt, Invoice, InvoicedAccount, InvoiceStatus
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.copies import replace
from chalicelib.domain.disputes import Noted
from chalicelib.domain.earnings.terms import InvoiceEarning
from chalicelib.domain.wallet.journal import EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.base import (
    CardNameAttribute,
    DataAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    PeriodAttribute,
    RecordAttribute,
    Row,
)
from chalicelib.models.billing import batches
from chalicelib.models.billing.disputes import DisputeIndex
from chalicelib.models.billing.journal import CreditNoteIndex, JournalIndex, journal_of
from chalicelib.models.packed_charges import LinesAttribute
from chalicelib.models.transactions import Put, Write, subject_unchanged


class NumberIndex(GlobalSecondaryIndex[Any]):
    """A payer's invoices by their number."""

    class Meta:
        index_name = "by_number"
        projection = AllProjection()

    payer = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)


class BillIndex(GlobalSecondaryIndex[Any]):
    """The invoices on a Single Bill by their number."""

    class Meta:
        index_name = "by_bill"
        projection = AllProjection()

    bill_id = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)


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
    lines = LinesAttribute()
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
    disputes = DataAttribute[tuple[Noted, ...]](tuple[Noted, ...], null=True)
    earning = RecordAttribute[InvoiceEarning](InvoiceEarning, null=True)
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

    # In a batch, which lists it instead of the indexes: there its number has another name.
    batched = BooleanAttribute(null=True)

    by_number = NumberIndex()
    by_bill = BillIndex()
    journal_index = JournalIndex()
    # of entries and disputes alone; here so that one model has all indexes of the table
    by_credit_note = CreditNoteIndex()
    by_dispute = DisputeIndex()

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> "InvoiceRow":
        return super().from_raw_data({**data, "number": data["no"]} if "no" in data else data)

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        item = super().serialize(null_check)
        if "batched" in item:
            item = {**item, "no": item["number"]}
            del item["number"]
            item.pop("journal", None)
        return item


def put(invoice: Invoice, *, now: datetime, actor: str, event: str) -> Put:
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


def list_together(writes: Sequence[Write], *, wallet: Wallet) -> list[Write]:
    """The writes with one that lists the paid invoices among them, if they are many; ``wallet`` is as it was read."""
    issued = [write for write in writes if isinstance(write, Put) and isinstance(write.row, InvoiceRow)]
    together = {write.subject: write for write in issued if batches.belongs(stored(write))}
    if len(together) < batches.AT_LEAST:
        return list(writes)
    return [
        *(_in_batch(write) if write.subject in together else write for write in writes),
        batches.put([stored(write) for write in together.values()], wallet=wallet),
    ]


def _in_batch(write: Write) -> Write:
    assert isinstance(write, Put)
    item = {**write.row.serialize(), "batched": {"BOOL": True}}
    return replace(write, row=InvoiceRow.from_raw_data({**item, "no": item["number"]}))


def stored(put: Put) -> Invoice:
    """The invoice as a ``put`` leaves it in the table."""
    assert isinstance(put.row, InvoiceRow)
    return put.row.value()


def get(payer: str, invoice_id: str) -> Invoice | None:
    try:
        return InvoiceRow.get(payer, invoice_id, consistent_read=True).value()
    except InvoiceRow.DoesNotExist:
        return None


def get_many(payer: str, invoice_ids: Iterable[str]) -> dict[str, Invoice]:
    """The invoices with these ids, in one read."""
    keys = [(payer, invoice_id) for invoice_id in invoice_ids]
    if not keys:
        return {}
    return {row.id: row.value() for row in InvoiceRow.batch_get(keys, consistent_read=True)}


def get_each(keys: Iterable[tuple[str, str]]) -> list[Invoice]:
    """The invoices with these payers and ids, in one consistent read for every hundred."""
    wanted = list(keys)
    return [row.value() for row in InvoiceRow.batch_get(wanted, consistent_read=True)] if wanted else []
