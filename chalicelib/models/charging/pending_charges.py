"""Purchases in progress: rows of the table of alarms that are gone once their charge is settled."""

from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import CHARGE_CHECKED_AFTER, Sweep
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import DataAttribute, DueAttribute, EnumAttribute, Row
from chalicelib.models.transactions import Put, Remove, subject_unchanged


class Purchase(NamedTuple):
    """A purchase in progress: a charge that no account carries. Its row is gone once it is settled.

    Without a ``credit`` it buys prepaid money, else ``quantity`` credits of that kind. A refund names the invoice it
    is of, or, by its journal entry, the purchase of prepaid money.
    """

    id: str
    payer: str
    charge: Charge
    account_id: str | None
    credit: CreditKind | None = None
    quantity: int = 0
    invoice_id: str | None = None
    entry_id: str | None = None
    version: int = 0


class PurchaseRow(Row[Purchase]):
    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    charge = DataAttribute[Charge](Charge)
    account_id = UnicodeAttribute(null=True)
    credit = EnumAttribute(CreditKind, null=True)
    quantity = NumberAttribute()
    invoice_id = UnicodeAttribute(null=True)
    entry_id = UnicodeAttribute(null=True)
    version = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    actor = UnicodeAttribute()


def put(purchase: Purchase, *, actor: str) -> Put:
    due_at = purchase.charge.started_at + CHARGE_CHECKED_AFTER
    row = PurchaseRow(
        purchase.id,
        payer=purchase.payer,
        charge=purchase.charge,
        account_id=purchase.account_id,
        credit=purchase.credit,
        quantity=purchase.quantity,
        invoice_id=purchase.invoice_id,
        entry_id=purchase.entry_id,
        version=purchase.version + 1,
        due_shard=shard_of(Sweep.RENEWALS, purchase.id),
        due_at=due_at,
        actor=actor,
    )
    return Put(row, subject=purchase.id, condition=subject_unchanged(PurchaseRow, purchase.version))


def remove(purchase: Purchase) -> Remove:
    return Remove(
        PurchaseRow(purchase.id),
        subject=purchase.id,
        condition=subject_unchanged(PurchaseRow, purchase.version),
    )


def get(purchase_id: str) -> Purchase | None:
    try:
        row = PurchaseRow.get(purchase_id, consistent_read=True)
    except PurchaseRow.DoesNotExist:
        return None
    return Purchase(
        id=row.id,
        payer=row.payer,
        charge=row.charge,
        account_id=row.account_id,
        credit=row.credit,
        quantity=int(row.quantity),
        invoice_id=row.invoice_id,
        entry_id=row.entry_id,
        version=int(row.version),
    )


def charge_in_progress(subject: str) -> tuple[str, Charge] | None:
    """Payer and charge of whatever has a charge in progress under this id, an account or a purchase."""
    try:
        row = PurchaseRow.get(subject, consistent_read=True, attributes_to_get=["id", "payer", "charge"])
    except PurchaseRow.DoesNotExist:
        return None
    return (row.payer, row.charge) if row.charge else None
