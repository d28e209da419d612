"""The Single Bill over HTTP."""

from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.base import Body, Id, ListQuery, LocalDate, Shape, Timestamp
from chalicelib.api.bodies.billing.invoices import DisputeNotedShape, PaymentShape
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.wallet.open_bill import OpenBill


class ArrangeBill(Body):
    """The day of the month the bill is closed on, and the card that pays it. The card is required the first time."""

    bill_day: Annotated[int, Field(ge=1, le=31)] | None = None
    billing_profile_id: Id | None = None


class OpenBillShape(Shape):
    """The bill that is open, in minor units. While a bill is declined (`unpaid_bill_id`), nothing new goes on it."""

    bill_id: str
    number: str
    bill_day: int
    billing_profile_id: str
    opened_on: LocalDate
    total: int
    currency: str
    invoice_count: int
    unpaid_bill_id: str | None

    @classmethod
    def of(cls, bill: OpenBill) -> Self:
        return cls(
            bill_id=bill.id,
            number=f"{bill.number:06d}",
            bill_day=bill.day,
            billing_profile_id=bill.billing_profile_id,
            opened_on=bill.opened_on,
            total=bill.total.amount,
            currency=bill.total.currency,
            invoice_count=bill.count,
            unpaid_bill_id=bill.unpaid,
        )


class BillShape(Shape):
    """A closed bill, in minor units. Its invoices are paid when it is."""

    id: str
    number: str
    status: InvoiceStatus
    currency: str
    total: int
    invoice_count: int
    prepaid_applied: int
    card_charged: int
    waived: int = Field(description="A total not covered by prepaid money and too small to charge to a card.")
    refunded_to_card: int = Field(description="Refunds of its invoices that went back to the bill's card.")
    dispute: DisputeNotedShape | None = Field(description="The dispute that is open or, without one, the newest.")
    wallet_balance_after: int | None
    billing_profile_id: str
    payment: PaymentShape
    opened_on: LocalDate
    closed_at: Timestamp
    paid_at: Timestamp | None

    @classmethod
    def of(cls, bill: Bill) -> Self:
        return cls(
            id=bill.id,
            number=f"{bill.bill_number:06d}",
            status=bill.status,
            currency=bill.currency,
            total=bill.total.amount,
            invoice_count=bill.invoice_count,
            prepaid_applied=bill.prepaid_applied.amount,
            card_charged=bill.card_charged.amount,
            waived=bill.waived.amount if bill.waived else 0,
            refunded_to_card=bill.refunded_to_card.amount if bill.refunded_to_card else 0,
            dispute=DisputeNotedShape.shown(bill.disputes),
            wallet_balance_after=bill.wallet_balance_after.amount if bill.wallet_balance_after is not None else None,
            billing_profile_id=bill.billing_profile_id,
            payment=PaymentShape.of(bill),
            opened_on=bill.opened_on,
            closed_at=bill.closed_at,
            paid_at=bill.paid_at,
        )


class ListBills(ListQuery):
    """Closed bills, newest first."""


class ListBillInvoices(ListQuery):
    """The invoices on a bill, by number."""
