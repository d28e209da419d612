"""The text of an invoice or a credit note: every word and amount, without the layout. It is English; other languages
have words instead of it (`documents/invoices`).

All of it is fixed when the document is issued, or when the invoice is paid or given up: drawn again years later, it
is the same. Refunds are not on the invoice but on its credit notes. Dates are the customer's local ones, and a
period is shown with its last day, not with the day after.
"""

from datetime import date, datetime, timedelta

from chalicelib.domain.billing.credit_notes import CreditNote, number_text
from chalicelib.domain.billing.invoices import Attempt, Invoice, InvoiceStatus, Outcome
from chalicelib.domain.billing.parties import Customer, Parties
from chalicelib.domain.calendar import Period, local_date
from chalicelib.domain.catalog.programs import Seller
from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.money import Money, total
from chalicelib.domain.values import dataclass

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TAX_ID = "Tax ID "
"""What the tax number in an address begins with."""

_BRANDS = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover", "jcb": "JCB"}
_OWED = (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE)


@dataclass(frozen=True, slots=True)
class Row:
    """A label and its text; a strong row is emphasised."""

    label: str
    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line of the invoice: what it is for, its period, its amount, and how the amount was calculated."""

    description: str
    period: str
    amount: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """An invoice or a credit note in words. The first of `seller`, `bill_to` and `account`, which may be empty, is a
    name. Only an invoice has a status."""

    title: str
    number: str
    status: InvoiceStatus | None
    currency: str
    seller: tuple[str, ...]
    bill_to: tuple[str, ...]
    account: tuple[str, ...]
    dates: tuple[Row, ...]
    lines: tuple[WrittenLine, ...]
    sums: tuple[Row, ...]
    payment: tuple[str, ...]
    notes: tuple[str, ...]
    country: str
    language: str = "en"


def compose(invoice: Invoice, *, parties: Parties) -> InvoiceDocument:
    """The invoice in words; `parties` are those it names."""
    customer = parties.customer
    return InvoiceDocument(
        title="Invoice",
        number=f"{invoice.number:06d}",
        status=invoice.status,
        currency=invoice.currency,
        seller=_seller(parties.seller),
        bill_to=_bill_to(customer),
        account=_account(invoice),
        dates=_dates(invoice, customer),
        lines=tuple(
            WrittenLine(
                line.description, _period(line.period) if line.period else "", _amount(line.amount), line.explained
            )
            for line in invoice.lines
        ),
        sums=tuple(_sums(invoice)),
        payment=tuple(_payment(invoice, customer)),
        notes=tuple(_notes(invoice)),
        country=customer.country,
    )


def compose_credit_note(note: CreditNote, *, invoice: Invoice, parties: Parties) -> InvoiceDocument:
    """The credit note in words; `invoice` is the one it is of, `parties` are those the invoice names."""
    customer = parties.customer
    issued = _day(invoice.issued_at, customer)
    what = f"Refund of invoice {invoice.number:06d} of {issued}"
    if note.corrects is not None:
        what = f"Correction of credit note {number_text(note.corrects)}: its refund failed at the card"
    return InvoiceDocument(
        title="Credit note",
        number=number_text(note.number),
        status=None,
        currency=invoice.currency,
        seller=_seller(parties.seller),
        bill_to=_bill_to(customer),
        account=_account(invoice),
        dates=(
            Row("Issued", _day(note.issued_at, customer)),
            Row("For invoice", f"{invoice.number:06d} of {issued}"),
            *((Row("Period", _period(invoice.period)),) if invoice.period else ()),
        ),
        lines=(WrittenLine(what, "", _amount(note.amount)),),
        sums=tuple(_credited(note, invoice)),
        payment=(f"Refund reference: {note.reference} ({note.processor})",) if note.reference else (),
        notes=(),
        country=customer.country,
    )


def _credited(note: CreditNote, invoice: Invoice) -> list[Row]:
    sums = [Row("Total of the invoice", _amount(invoice.total))]
    word = "Credited" if note.corrects is None else "Owed again"
    sums.append(Row(word, f"{invoice.currency} {_amount(note.amount)}", strong=True))
    if note.to_card:
        label = f"Refunded to {_card(invoice)}" if note.corrects is None else f"Not refunded to {_card(invoice)}"
        sums.append(Row(label, _amount(note.to_card)))
    if note.to_prepaid:
        sums.append(Row("Refunded to prepaid money", _amount(note.to_prepaid)))
    return sums


def _seller(seller: Seller) -> tuple[str, ...]:
    return (seller.name, *seller.address_lines, seller.email, *_tax_id(seller.tax_id))


def _bill_to(customer: Customer) -> tuple[str, ...]:
    attention = (customer.attention,) if customer.attention else ()
    end = (customer.email, *_tax_id(customer.tax_id))
    if customer.address is None:
        return (customer.name, *attention, customer.country, *end)
    address = customer.address
    place = f"{address.postal_code} {address.city}"
    return (customer.name, *attention, address.line1, place, address.country, *end)


def _tax_id(tax_id: str | None) -> tuple[str, ...]:
    return (f"{TAX_ID}{tax_id}",) if tax_id else ()


def _account(invoice: Invoice) -> tuple[str, ...]:
    return (invoice.account.name, invoice.account.client) if invoice.account else ()


def _dates(invoice: Invoice, customer: Customer) -> tuple[Row, ...]:
    paid = (Row("Paid", _day(invoice.paid_at, customer)),) if invoice.paid_at else ()
    period = (Row("Period", _period(invoice.period)),) if invoice.period else ()
    return (Row("Issued", _day(invoice.issued_at, customer)), *paid, *period)


def _sums(invoice: Invoice) -> list[Row]:
    subtotal = total((line.amount for line in invoice.lines), currency=invoice.currency)
    sums = [
        Row("Subtotal", _amount(subtotal)),
        Row("Taxes", "not included"),
        Row("Total", _amount(invoice.total), strong=True),
    ]
    if invoice.prepaid_applied:
        sums.append(Row("Prepaid money applied", _amount(-invoice.prepaid_applied)))
    if invoice.card_charged:
        sums.append(Row(f"Charged to {_card(invoice)}", _amount(-invoice.card_charged)))
    if invoice.billed and invoice.status is InvoiceStatus.PAID:
        sums.append(Row("Paid with the Single Bill", _amount(-invoice.billed)))
    label = "Amount unpaid" if invoice.status is InvoiceStatus.UNCOLLECTIBLE else "Amount due"
    sums.append(Row(label, f"{invoice.currency} {_amount(owed(invoice))}", strong=True))
    if invoice.wallet_balance_after is not None:
        sums.append(Row("Prepaid balance afterwards", _amount(invoice.wallet_balance_after)))
    return sums


def owed(invoice: Invoice) -> Money:
    """The unpaid amount; zero once the invoice is paid or void."""
    if invoice.status not in _OWED:
        return Money.zero(invoice.currency)
    return invoice.total - invoice.prepaid_applied - invoice.card_charged


def _card(invoice: Invoice) -> str:
    """The card that paid; just "card" where the processor did not say which."""
    if invoice.card is None:
        return "card"
    return f"{_BRANDS.get(invoice.card.brand, invoice.card.brand)} •••• {invoice.card.last4}"


def _payment(invoice: Invoice, customer: Customer) -> list[str]:
    """How it was paid or given up. An open invoice lists no attempts, so it reads the same after the next one."""
    if invoice.status is InvoiceStatus.OPEN:
        return []
    texts = [_attempt(attempt, customer) for attempt in invoice.attempts if len(invoice.attempts) > 1]
    if len(invoice.attempts) == 1 and invoice.attempts[0].outcome is Outcome.DECLINED:
        texts = [_attempt(invoice.attempts[0], customer)]
    if invoice.reference:
        texts.append(f"Payment reference: {invoice.reference} ({invoice.processor})")
    return texts


def _attempt(attempt: Attempt, customer: Customer) -> str:
    reason = f", {attempt.decline_code.replace('_', ' ')}" if attempt.decline_code else ""
    return f"Attempt {attempt.number} on {_day(attempt.at, customer)}: {attempt.outcome}{reason}"


def _notes(invoice: Invoice) -> list[str]:
    notes: list[str] = []
    if invoice.bill_id:
        notes.append(f"This invoice is on the Single Bill {invoice.bill_id} and is paid together with it.")
    if invoice.status is InvoiceStatus.VOID:
        notes.append("This invoice is void. Nothing is due, and prepaid money applied to it has been returned.")
    if invoice.status is InvoiceStatus.UNCOLLECTIBLE:
        notes.append("The card could not be charged. It will not be tried again.")
    return notes


def _amount(money: Money) -> str:
    return decimal_text(money, grouped=True)


def _day(moment: datetime, customer: Customer) -> str:
    return _written(local_date(moment, customer.time_zone))


def _period(period: Period) -> str:
    """From the first day to the last; a single day stands alone."""
    first, last = _written(period.start), _written(period.end - timedelta(days=1))
    return first if first == last else f"{first} – {last}"


def _written(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
