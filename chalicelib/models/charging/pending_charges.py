"""Charges in progress that no account carries: rows of the table of alarms, deleted once their charge is settled."""

from dataclasses import replace
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import CHARGE_CHECKED_AFTER, Sweep
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import DueAttribute, EnumAttribute, Row
from chalicelib.models.packed_charges import ChargeAttribute
from chalicelib.models.transactions import Put, Remove, subject_unchanged


@dataclass(frozen=True, kw_only=True)
class _Pending:
    """What all pending charges have. The journal entry of a charge that was paid has the same ``id``."""

    id: str
    payer: str
    charge: Charge
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class PrepaidPurchase(_Pending):
    """A purchase of prepaid money, set aside for an account if it names one."""

    account_id: str | None


@dataclass(frozen=True, kw_only=True)
class CreditsPurchase(_Pending):
    """A purchase of ``quantity`` credits of one kind, allocated to an account if it names one."""

    account_id: str | None
    credit: CreditKind
    quantity: int


@dataclass(frozen=True, kw_only=True)
class InvoiceRefund(_Pending):
    """A refund of a paid invoice."""

    invoice_id: str

    @property
    def refunded_id(self) -> str:
        return self.invoice_id


@dataclass(frozen=True, kw_only=True)
class PurchaseRefund(_Pending):
    """A refund of a purchase of prepaid money, which ``entry_id`` names by its journal entry."""

    entry_id: str

    @property
    def refunded_id(self) -> str:
        return self.entry_id


PendingCharge = PrepaidPurchase | CreditsPurchase | InvoiceRefund | PurchaseRefund


class PendingChargeRow(Row[PendingCharge]):
    """All kinds of pending charges; the attributes that are set tell which kind it is (see :func:`get`)."""

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    charge = ChargeAttribute()
    account_id = UnicodeAttribute(null=True)
    credit = EnumAttribute(CreditKind, null=True)
    quantity = NumberAttribute()
    invoice_id = UnicodeAttribute(null=True)
    entry_id = UnicodeAttribute(null=True)
    version = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    actor = UnicodeAttribute()


def put(pending: PendingCharge, *, actor: str) -> Put:
    stored = {"quantity": 0, **vars(replace(pending, version=pending.version + 1))}
    row = PendingChargeRow(
        **stored,
        due_shard=shard_of(Sweep.RENEWALS, pending.id),
        due_at=pending.charge.started_at + CHARGE_CHECKED_AFTER,
        actor=actor,
    )
    return Put(row, subject=pending.id, condition=subject_unchanged(PendingChargeRow, pending.version))


def remove(pending: PendingCharge) -> Remove:
    return Remove(
        PendingChargeRow(pending.id),
        subject=pending.id,
        condition=subject_unchanged(PendingChargeRow, pending.version),
    )


def get(pending_id: str) -> PendingCharge | None:
    try:
        row = PendingChargeRow.get(pending_id, consistent_read=True)
    except PendingChargeRow.DoesNotExist:
        return None
    common: dict[str, Any] = {"id": row.id, "payer": row.payer, "charge": row.charge, "version": int(row.version)}
    if row.invoice_id is not None:
        return InvoiceRefund(**common, invoice_id=row.invoice_id)
    if row.entry_id is not None:
        return PurchaseRefund(**common, entry_id=row.entry_id)
    if row.credit is not None:
        return CreditsPurchase(**common, account_id=row.account_id, credit=row.credit, quantity=int(row.quantity))
    return PrepaidPurchase(**common, account_id=row.account_id)


def charge_in_progress(subject: str) -> tuple[str, Charge] | None:
    """Payer and charge of the account or the pending charge with this id; None when nothing is being charged."""
    try:
        row = PendingChargeRow.get(subject, consistent_read=True, attributes_to_get=["id", "payer", "charge"])
    except PendingChargeRow.DoesNotExist:
        return None
    return (row.payer, row.charge) if row.charge else None
