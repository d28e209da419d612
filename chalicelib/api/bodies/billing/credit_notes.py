"""Credit notes over HTTP."""

from collections.abc import Callable, Mapping
from typing import Self

from pydantic import Field

from chalicelib.api.base import ListQuery, LocalDate, Shape, Timestamp
from chalicelib.api.clock import rfc3339
from chalicelib.api.spreadsheets import Cell, decimal_cell
from chalicelib.domain.billing.credit_notes import Credited, CreditNote, number_text


class CreditedShape(Shape):
    """A credit note as its invoice names it."""

    id: str
    number: str
    amount: int
    created_at: Timestamp

    @classmethod
    def of(cls, note: Credited) -> Self:
        return cls(id=note.id, number=number_text(note.number), amount=note.amount.amount, created_at=note.at)


class CreditNoteShape(Shape):
    """The refund of an invoice, in minor units."""

    id: str
    number: str = Field(description="Without gaps, in a series separate from the invoices.")
    invoice_id: str
    account_id: str | None
    currency: str
    amount: int = Field(description="The amount refunded. Negative if a refund failed after it was booked.")
    to_card: int
    to_prepaid: int
    corrects: str | None = Field(description="The number of the credit note whose refund failed.")
    processor: str | None
    reference: str | None
    created_at: Timestamp

    @classmethod
    def of(cls, note: CreditNote) -> Self:
        return cls(
            id=note.id,
            number=number_text(note.number),
            invoice_id=note.invoice_id,
            account_id=note.account_id,
            currency=note.amount.currency,
            amount=note.amount.amount,
            to_card=note.to_card.amount,
            to_prepaid=note.to_prepaid.amount,
            corrects=number_text(note.corrects) if note.corrects else None,
            processor=note.processor,
            reference=note.reference,
            created_at=note.issued_at,
        )


class ListCreditNotes(ListQuery):
    """A partner's credit notes, newest first; dates are the partner's local ones, both included."""

    from_: LocalDate | None = Field(default=None, alias="from")
    to: LocalDate | None = None


COLUMNS: Mapping[str, Callable[[CreditNote], Cell]] = {
    "id": lambda n: n.id,
    "number": lambda n: number_text(n.number),
    "invoice_id": lambda n: n.invoice_id,
    "account_id": lambda n: n.account_id,
    "currency": lambda n: n.amount.currency,
    "amount": lambda n: n.amount.amount,
    "to_card": lambda n: n.to_card.amount,
    "to_prepaid": lambda n: n.to_prepaid.amount,
    "amount_decimal": lambda n: decimal_cell(n.amount),
    "to_card_decimal": lambda n: decimal_cell(n.to_card),
    "to_prepaid_decimal": lambda n: decimal_cell(n.to_prepaid),
    "corrects": lambda n: number_text(n.corrects) if n.corrects else None,
    "processor": lambda n: n.processor,
    "reference": lambda n: n.reference,
    "created_at": lambda n: rfc3339(n.issued_at),
}
"""A credit note as a row of CSV: amounts in minor units, and again as decimals for people."""
