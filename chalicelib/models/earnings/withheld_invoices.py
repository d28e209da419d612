"""The paid invoices that brought a suspended partner no line in its earnings ledger."""

from collections.abc import Iterable
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.models.base import InstantAttribute
from chalicelib.models.transactions import Put

PREFIX = "withheld#"


class WithheldRow(Table):
    """A paid invoice that brings its partner nothing, because the partner was suspended."""

    class Meta:
        table_name = TableName("earnings_table")

    partner_id = UnicodeAttribute(hash_key=True, attr_name="owner")
    id = UnicodeAttribute(range_key=True)
    account_id = UnicodeAttribute()
    invoice_id = UnicodeAttribute()
    revision = NumberAttribute()
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


def put(partner_id: str, *, account_id: str, invoice_id: str, now: datetime, actor: str) -> Put:
    """The write that notes, once, that an invoice brings nothing."""
    row = WithheldRow(
        partner_id,
        PREFIX + invoice_id,
        account_id=account_id,
        invoice_id=invoice_id,
        revision=1,
        updated_at=now,
        actor=actor,
        event="earning.withheld",
    )
    return Put(row, subject=PREFIX + invoice_id, condition=WithheldRow.id.does_not_exist())


def among(partner_id: str, invoice_ids: Iterable[str]) -> set[str]:
    """Those of these invoices that bring the partner nothing."""
    keys = [(partner_id, PREFIX + invoice_id) for invoice_id in invoice_ids]
    return {row.invoice_id for row in WithheldRow.batch_get(keys, consistent_read=True)} if keys else set()
