"""Disputes over HTTP."""

from typing import Self

from pydantic import Field

from chalicelib.api.base import ListQuery, Shape, Timestamp
from chalicelib.domain.disputes import Dispute, DisputeStatus


class DisputeShape(Shape):
    """A dispute of a card payment, in minor units."""

    id: str
    payer_id: str = Field(description="Whose payment it is: a partner or, if its client pays, an account.")
    account_id: str | None = Field(description="The account that the invoice is for.")
    invoice_id: str | None
    bill_id: str | None
    purchase_id: str | None = Field(description="The purchase of prepaid money.")
    status: DisputeStatus
    currency: str
    amount: int
    taken_back: int = Field(description="What a lost dispute took from the payment.")
    reason: str
    processor: str
    reference: str = Field(description="The card processor's own id of the dispute.")
    refundable: bool = Field(description="A mere inquiry of the bank, which a refund may answer.")
    opened_at: Timestamp
    evidence_due_at: Timestamp | None
    closed_at: Timestamp | None

    @classmethod
    def of(cls, dispute: Dispute) -> Self:
        return cls(
            id=dispute.id,
            payer_id=dispute.payer,
            account_id=dispute.account_id,
            invoice_id=dispute.invoice_id,
            bill_id=dispute.bill_id,
            purchase_id=dispute.purchase_id,
            status=dispute.status,
            currency=dispute.amount.currency,
            amount=dispute.amount.amount,
            taken_back=dispute.taken_back.amount if dispute.taken_back else 0,
            reason=dispute.reason,
            processor=dispute.processor,
            reference=dispute.reference,
            refundable=dispute.refundable,
            opened_at=dispute.opened_at,
            evidence_due_at=dispute.evidence_due,
            closed_at=dispute.closed_at,
        )


class ListDisputes(ListQuery):
    """The disputes of all payers, newest first."""
