"""Invoices over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.base import Body, Id, ListQuery, LocalDate, Shape, Timestamp, not_before
from chalicelib.api.bodies.billing.credit_notes import CreditedShape
from chalicelib.api.bodies.catalog.plans import LineShape, PeriodShape
from chalicelib.api.bodies.wallet.entries import EntryShape
from chalicelib.api.clock import rfc3339
from chalicelib.api.spreadsheets import Cell, decimal_cell
from chalicelib.domain.billing.credit_notes import number_text
from chalicelib.domain.billing.invoices import Attempt, Invoice, InvoiceStatus, Outcome
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.disputes import DisputeStatus, Noted
from chalicelib.domain.disputes import shown as newest_of


class PaymentAttemptShape(Shape):
    """One attempt to charge the payer."""

    number: int
    at: Timestamp
    outcome: Outcome
    decline_code: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        return cls(number=attempt.number, at=attempt.at, outcome=attempt.outcome, decline_code=attempt.decline_code)


class PaidCard(Shape):
    """A card by its brand and last digits."""

    brand: str
    last4: str


class PaymentShape(Shape):
    """How it was paid, or the attempts to. No processor if prepaid money paid all of it."""

    processor: str | None
    reference: str | None
    card: PaidCard | None = Field(description="The card that was charged, even if its billing profile has another now.")
    attempts: list[PaymentAttemptShape]

    @classmethod
    def of(cls, paid: Invoice | Bill) -> Self:
        return cls(
            processor=paid.processor,
            reference=paid.reference,
            card=PaidCard(brand=paid.card.brand, last4=paid.card.last4) if paid.card else None,
            attempts=[PaymentAttemptShape.of(attempt) for attempt in paid.attempts],
        )


class DisputeNotedShape(Shape):
    """A dispute of the payment: the cardholder asks the bank for the money back."""

    id: str
    status: DisputeStatus
    amount: int
    currency: str = Field(description="The bank's, which may be another than the invoice's.")
    reason: str
    opened_at: Timestamp
    evidence_due_at: Timestamp | None
    closed_at: Timestamp | None
    taken_back: int = Field(description="What a lost dispute took from the payment; it counts as refunded.")

    @classmethod
    def of(cls, dispute: Noted) -> Self:
        return cls(
            id=dispute.id,
            status=dispute.status,
            amount=dispute.amount.amount,
            currency=dispute.amount.currency,
            reason=dispute.reason,
            opened_at=dispute.opened_at,
            evidence_due_at=dispute.evidence_due,
            closed_at=dispute.closed_at,
            taken_back=dispute.taken_back.amount if dispute.taken_back else 0,
        )

    @classmethod
    def shown(cls, disputes: Sequence[Noted]) -> Self | None:
        """The dispute that a payment with these shows, if any."""
        dispute = newest_of(disputes)
        return cls.of(dispute) if dispute else None


class InvoiceShape(Shape):
    """An invoice, in minor units."""

    id: str
    number: str
    account_id: str | None
    status: InvoiceStatus
    currency: str
    period: PeriodShape | None
    lines: list[LineShape]
    total: int
    prepaid_applied: int
    card_charged: int
    refunded: int
    credit_notes: list[CreditedShape] = Field(description="Its refunds, each with a document of its own.")
    dispute: DisputeNotedShape | None = Field(description="The dispute that is open or, without one, the newest.")
    wallet_balance_after: int | None
    payment: PaymentShape
    bill_id: str | None = Field(description="The Single Bill that pays it; it is paid when the bill is.")
    created_at: Timestamp
    paid_at: Timestamp | None

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        return cls(
            id=invoice.id,
            number=f"{invoice.number:06d}",
            account_id=invoice.account_id,
            status=invoice.status,
            currency=invoice.currency,
            period=PeriodShape(start=invoice.period.start, end=invoice.period.end) if invoice.period else None,
            lines=[LineShape.of(line) for line in invoice.lines],
            total=invoice.total.amount,
            prepaid_applied=invoice.prepaid_applied.amount,
            card_charged=invoice.card_charged.amount,
            refunded=invoice.refunded.amount,
            credit_notes=[CreditedShape.of(note) for note in invoice.credit_notes],
            dispute=DisputeNotedShape.shown(invoice.disputes),
            wallet_balance_after=invoice.wallet_balance_after.amount
            if invoice.wallet_balance_after is not None
            else None,
            payment=PaymentShape.of(invoice),
            bill_id=invoice.bill_id,
            created_at=invoice.issued_at,
            paid_at=invoice.paid_at,
        )


class ListAccountInvoices(ListQuery):
    """An account's billing history, newest first; dates are the partner's local ones, both included."""

    status: InvoiceStatus | None = None
    from_: LocalDate | None = Field(default=None, alias="from")
    to: Annotated[LocalDate | None, not_before("from_")] = None


class ListInvoices(ListAccountInvoices):
    """A partner's invoices, newest first."""

    account_id: Id | None = None


COLUMNS: Mapping[str, Callable[[Invoice], Cell]] = {
    "id": lambda i: i.id,
    "number": lambda i: f"{i.number:06d}",
    "account_id": lambda i: i.account_id,
    "status": lambda i: i.status,
    "currency": lambda i: i.currency,
    "period_start": lambda i: i.period.start.isoformat() if i.period else None,
    "period_end": lambda i: i.period.end.isoformat() if i.period else None,
    "description": lambda i: "; ".join(line.description for line in i.lines),
    "explanation": lambda i: "; ".join(f"{line.description}: {line.explained}" for line in i.lines),
    "total": lambda i: i.total.amount,
    "prepaid_applied": lambda i: i.prepaid_applied.amount,
    "card_charged": lambda i: i.card_charged.amount,
    "refunded": lambda i: i.refunded.amount,
    "wallet_balance_after": lambda i: i.wallet_balance_after.amount if i.wallet_balance_after is not None else None,
    "total_decimal": lambda i: decimal_cell(i.total),
    "prepaid_applied_decimal": lambda i: decimal_cell(i.prepaid_applied),
    "card_charged_decimal": lambda i: decimal_cell(i.card_charged),
    "refunded_decimal": lambda i: decimal_cell(i.refunded),
    "wallet_balance_after_decimal": lambda i: decimal_cell(i.wallet_balance_after),
    "attempts": lambda i: i.attempts[-1].number if i.attempts else 0,
    "processor": lambda i: i.processor,
    "reference": lambda i: i.reference,
    "bill_id": lambda i: i.bill_id,
    "credit_notes": lambda i: "; ".join(number_text(note.number) for note in i.credit_notes),
    "dispute_status": lambda i: dispute.status if (dispute := newest_of(i.disputes)) else None,
    "dispute_currency": lambda i: dispute.amount.currency if (dispute := newest_of(i.disputes)) else None,
    "dispute_amount": lambda i: dispute.amount.amount if (dispute := newest_of(i.disputes)) else None,
    "dispute_amount_decimal": lambda i: decimal_cell(dispute.amount) if (dispute := newest_of(i.disputes)) else None,
    "created_at": lambda i: rfc3339(i.issued_at),
    "paid_at": lambda i: rfc3339(i.paid_at) if i.paid_at else None,
}
"""An invoice as a row of CSV: amounts in minor units, and again as decimals for people."""


class Refund(Body):
    """Refunds part of what was paid or, without an amount, all that is left of it."""

    amount: Annotated[int, Field(gt=0, le=999_999_999_999, description="Minor units.")] | None = None


class Refunded(Shape):
    """A refund's journal entry, what went back to prepaid money and to the card, and the invoice after it."""

    entry: EntryShape
    invoice: InvoiceShape


class RefundedPurchase(Shape):
    """A refund's journal entry, and the purchase after it."""

    entry: EntryShape
    purchase: EntryShape
