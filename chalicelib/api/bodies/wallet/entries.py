"""Journal entries over HTTP: apart from other bodies of credits, since those of invoices show entries too."""

from typing import Self

from pydantic import Field

from chalicelib.api.base import Shape, Timestamp
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind


class EntryShape(Shape):
    """A journal entry: one movement and the balance after it, in minor units."""

    id: str
    at: Timestamp
    kind: EntryKind
    amount: int = Field(description="The signed change of the balance; 0 when money is set aside or taken back.")
    currency: str | None = Field(description="Null for credits that are counted, not money.")
    balance_after: int
    set_aside_change: int | None = None
    account_id: str | None = None
    invoice_id: str | None = None
    account_change: int | None = Field(
        default=None, description="The change of the account's own credits, which are not part of the balance."
    )
    used_at: Timestamp | None = Field(default=None, description="When the account used the credits.")
    to_card: int | None = Field(
        default=None,
        description="What a refund gave back to a card, or a lost dispute took back; negative if that was undone.",
    )
    purchase_id: str | None = Field(default=None, description="The purchase of prepaid money that was refunded.")
    refunded: int | None = Field(
        default=None, description="How much of a purchase was given back or taken back, or is being given back."
    )
    bill_id: str | None = Field(default=None, description="The Single Bill whose payment a bank took back.")
    dispute_id: str | None = Field(
        default=None, description="The dispute that was lost or, of a purchase, the one that is open."
    )

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(
            id=entry.id.replace("inv_", "txn_", 1) if entry.id.startswith("inv_") else entry.id,
            at=entry.at,
            kind=entry.kind,
            amount=entry.amount.amount,
            currency=entry.amount.currency if entry.credit is CreditKind.PREPAID else None,
            balance_after=entry.balance_after.amount,
            set_aside_change=entry.set_aside_change.amount if entry.set_aside_change else None,
            account_id=entry.account_id,
            invoice_id=entry.invoice_id,
            account_change=entry.account_change.amount if entry.account_change else None,
            used_at=entry.used_at,
            to_card=entry.to_card.amount if entry.to_card else None,
            purchase_id=entry.purchase_id,
            refunded=entry.refunded.amount if entry.refunded else None,
            bill_id=entry.bill_id,
            dispute_id=entry.dispute_id or entry.disputed_by,
        )
