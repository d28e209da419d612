"""Credit notes document refunds; invoices stay as they were issued (docs/rules.md §6).

A credit note is the journal entry of its refund, with a number of its own. A refund that fails after it was booked is
corrected by another credit note, of a negative amount.
"""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import Entry

_PREFIX, _OF_ENTRIES = "cn_", "txn_"


@dataclass(frozen=True, slots=True)
class Credited:
    """A credit note as its invoice names it."""

    id: str
    number: int
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What was given back of an invoice, and where to. ``corrects`` is the number of one whose refund failed."""

    id: str
    payer: str
    number: int
    invoice_id: str
    account_id: str | None
    to_card: Money
    to_prepaid: Money
    issued_at: datetime
    processor: str | None = None
    reference: str | None = None
    corrects: int | None = None

    @property
    def amount(self) -> Money:
        """What the invoice is less by; negative for a correction."""
        return self.to_card + self.to_prepaid

    @property
    def credited(self) -> Credited:
        """The credit note as its invoice names it."""
        return Credited(id=self.id, number=self.number, amount=self.amount, at=self.issued_at)


def credit_note_of(entry: Entry) -> CreditNote | None:
    """The credit note that a journal entry is, or None."""
    if entry.credit_note is None or entry.invoice_id is None:
        return None
    return CreditNote(
        id=_PREFIX + entry.id.removeprefix(_OF_ENTRIES),
        payer=entry.payer,
        number=entry.credit_note,
        invoice_id=entry.invoice_id,
        account_id=entry.account_id,
        to_card=entry.to_card or Money.zero(entry.amount.currency),
        to_prepaid=entry.amount,
        issued_at=entry.at,
        processor=entry.processor,
        reference=entry.reference,
        corrects=entry.corrects,
    )


def entry_id_of(credit_note_id: str) -> str:
    """The id of the journal entry that a credit note is."""
    return _OF_ENTRIES + credit_note_id.removeprefix(_PREFIX)


def number_text(number: int) -> str:
    """`CN-000042`: numbers of credit notes are a series of their own."""
    return f"CN-{number:06d}"


def sum_of(credit_notes: Sequence[Credited], *, currency: str) -> Money:
    """The total that credit notes take off an invoice."""
    return sum((note.amount for note in credit_notes), Money.zero(currency))
