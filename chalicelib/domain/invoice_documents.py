"""What an invoice says when it is written out: every word and amount of it, without a thought for the page.

It is the client's paper: dates are the partner's local ones, a period is told by its last day rather than the day
after, and whatever can't be said for certain is left out.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.domain.accounts import Account
from chalicelib.domain.calendar import Period, local_date
from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.invoices import Attempt, Invoice, InvoiceStatus, Outcome
from chalicelib.domain.money import Money, total
from chalicelib.domain.partners import Partner
from chalicelib.domain.profiles import BillingProfile
from chalicelib.domain.programs import Seller

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BRANDS = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover", "jcb": "JCB"}
_OWED = (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE)


@dataclass(frozen=True, slots=True)
class Row:
    """A label and what stands beside it; a strong one matters more than its neighbours."""

    label: str
    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line of the invoice: what for, since and until when, how much, and how that comes about."""

    description: str
    period: str
    amount: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """An invoice in words. The first of `seller`, `bill_to` and `account`, which may be empty, is a name."""

    number: str
    status: InvoiceStatus
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


def compose(
    invoice: Invoice, *, seller: Seller, partner: Partner, account: Account | None, profile: BillingProfile | None
) -> InvoiceDocument:
    """The invoice in words; `account` and `profile` are those it names, if they are still known."""
    return InvoiceDocument(
        number=f"{invoice.number:06d}",
        status=invoice.status,
        currency=invoice.currency,
        seller=_seller(seller),
        bill_to=_bill_to(partner, profile),
        account=_account(invoice, account),
        dates=_dates(invoice, partner),
        lines=tuple(
            WrittenLine(
                line.description, _period(line.period) if line.period else "", _amount(line.amount), line.explained
            )
            for line in invoice.lines
        ),
        sums=tuple(_sums(invoice)),
        payment=tuple(_payment(invoice, partner)),
        notes=tuple(_notes(invoice)),
        country=partner.country,
    )


def _seller(seller: Seller) -> tuple[str, ...]:
    tax_id = (f"Tax ID {seller.tax_id}",) if seller.tax_id else ()
    return (seller.name, *seller.address_lines, seller.email, *tax_id)


def _bill_to(partner: Partner, profile: BillingProfile | None) -> tuple[str, ...]:
    if profile is None or profile.address is None:
        return (partner.name, partner.email, partner.country)
    address = profile.address
    whose = () if profile.name == partner.name else (profile.name,)
    return (
        partner.name,
        *whose,
        address.line1,
        f"{address.postal_code} {address.city}",
        address.country,
        partner.email,
    )


def _account(invoice: Invoice, account: Account | None) -> tuple[str, ...]:
    if account is not None:
        return (account.name, account.client.name)
    return (invoice.account_id,) if invoice.account_id else ()


def _dates(invoice: Invoice, partner: Partner) -> tuple[Row, ...]:
    paid = (Row("Paid", _day(invoice.paid_at, partner)),) if invoice.paid_at else ()
    period = (Row("Period", _period(invoice.period)),) if invoice.period else ()
    return (Row("Issued", _day(invoice.issued_at, partner)), *paid, *period)


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
    if invoice.refunded_to_card:
        sums.append(Row(f"Refunded to {_card(invoice)}", _amount(invoice.refunded_to_card)))
    if invoice.refunded_to_prepaid:
        sums.append(Row("Refunded to prepaid money", _amount(invoice.refunded_to_prepaid)))
    return sums


def owed(invoice: Invoice) -> Money:
    """What nobody has paid of it yet; nothing once it is paid or void."""
    if invoice.status not in _OWED:
        return Money.zero(invoice.currency)
    return invoice.total - invoice.prepaid_applied - invoice.card_charged


def _card(invoice: Invoice) -> str:
    """The card that paid; just "card" where the processor did not say which."""
    if invoice.card is None:
        return "card"
    return f"{_BRANDS.get(invoice.card.brand, invoice.card.brand)} •••• {invoice.card.last4}"


def _payment(invoice: Invoice, partner: Partner) -> list[str]:
    told = [_attempt(attempt, partner) for attempt in invoice.attempts if len(invoice.attempts) > 1]
    if len(invoice.attempts) == 1 and invoice.attempts[0].outcome is Outcome.DECLINED:
        told = [_attempt(invoice.attempts[0], partner)]
    if invoice.reference:
        told.append(f"Payment reference: {invoice.reference} ({invoice.processor})")
    return told


def _attempt(attempt: Attempt, partner: Partner) -> str:
    reason = f", {attempt.decline_code.replace('_', ' ')}" if attempt.decline_code else ""
    return f"Attempt {attempt.number} on {_day(attempt.at, partner)}: {attempt.outcome}{reason}"


def _notes(invoice: Invoice) -> list[str]:
    notes: list[str] = []
    if invoice.bill_id:
        notes.append(f"This invoice is on the Single Bill {invoice.bill_id}, and paid when that is.")
    if invoice.status is InvoiceStatus.VOID:
        notes.append("This invoice is void: nothing is owed.")
    if invoice.status is InvoiceStatus.UNCOLLECTIBLE:
        notes.append("The card could not be charged and will not be tried again.")
    return notes


def _amount(money: Money) -> str:
    return decimal_text(money, grouped=True)


def _day(moment: datetime, partner: Partner) -> str:
    return _written(local_date(moment, partner.time_zone))


def _period(period: Period) -> str:
    """From the first day to the last; a single day stands alone."""
    first, last = _written(period.start), _written(period.end - timedelta(days=1))
    return first if first == last else f"{first} – {last}"


def _written(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
