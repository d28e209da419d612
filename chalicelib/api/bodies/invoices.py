"""Invoices over HTTP."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from chalicelib.api.base import Id, ListQuery, LocalDate, Shape, Timestamp
from chalicelib.api.bodies.plans import LineShape, PeriodShape
from chalicelib.domain.invoices import Attempt, Invoice, InvoiceStatus, Outcome


class AttemptShape(Shape):
    """One time the payer was asked for the money."""

    number: int
    at: Timestamp
    outcome: Outcome
    decline_code: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        return cls(number=attempt.number, at=attempt.at, outcome=attempt.outcome, decline_code=attempt.decline_code)


class PaymentShape(Shape):
    """How it was paid, or tried to be. No processor where prepaid money paid all of it."""

    processor: str | None
    reference: str | None
    attempts: list[AttemptShape]

    @classmethod
    def of(cls, processor: str | None, reference: str | None, attempts: Sequence[Attempt]) -> Self:
        return cls(processor=processor, reference=reference, attempts=[AttemptShape.of(a) for a in attempts])


class InvoiceShape(Shape):
    """An invoice, in minor units."""

    id: str
    number: str
    account_id: str
    status: InvoiceStatus
    currency: str
    period: PeriodShape | None
    lines: list[LineShape]
    total: int
    prepaid_applied: int
    card_charged: int
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
            wallet_balance_after=invoice.wallet_balance_after.amount
            if invoice.wallet_balance_after is not None
            else None,
            payment=PaymentShape.of(invoice.processor, invoice.reference, invoice.attempts),
            bill_id=invoice.bill_id,
            created_at=invoice.issued_at,
            paid_at=invoice.paid_at,
        )


class ListAccountInvoices(ListQuery):
    """An account's billing history, newest first; dates are the partner's local ones, both included."""

    status: InvoiceStatus | None = None
    from_: LocalDate | None = Field(default=None, alias="from")
    to: LocalDate | None = None


class ListInvoices(ListAccountInvoices):
    """A partner's invoices, newest first."""

    account_id: Id | None = None
