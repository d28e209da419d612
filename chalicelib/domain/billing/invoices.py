"""An invoice: what was charged for which period, and how it was paid (docs/rules.md §6)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.billing.credit_notes import Credited
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.copies import replace
from chalicelib.domain.disputes import Noted
from chalicelib.domain.earnings.terms import InvoiceEarning
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import CardName
from chalicelib.domain.values import dataclass

MOST_ATTEMPTS = 100
"""An invoice or a bill keeps its newest attempts, so that repeated retries cannot outgrow its row."""


class InvoiceStatus(StrEnum):
    OPEN = "open"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    DECLINED = "declined"


def id_of_charge(account_id: str, number: int) -> str:
    """The id of the invoice of an account's charge, by the charge's number: the first one has 1.

    Whoever knows an account and how many charges it had so far knows the ids of all its invoices. A charge that was
    declined before there was an invoice has none.
    """
    return derived_id("inv", account_id, str(number))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to charge the payer, with prepaid money or by card."""

    number: int
    at: datetime
    outcome: Outcome
    decline_code: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """What the card processor answered to a charge that was paid, and the card it charged, if it says."""

    processor: str
    reference: str
    card: CardName | None = None


@dataclass(frozen=True, slots=True)
class InvoicedAccount:
    """The account an invoice is for, as it was called when the invoice was issued."""

    name: str
    client: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice. Its id is its charge's identity, its number has no gaps among its payer's.

    A pack of credits, and a year of a partner's contract, is invoiced to no account.

    ``wallet_balance_after`` is the payer's prepaid balance once this was paid; None while open.
    ``card`` is the one that was charged, whatever the billing profile has since.
    ``billed`` is what the Single Bill ``bill_id`` has to pay of it; it is paid when its bill is.
    ``parties`` (a digest) and ``account`` are as they were when it was issued, whatever is changed later. A refund
    changes nothing that is on it: it adds one of the ``credit_notes``. What lost ``disputes`` took back is part of
    ``refunded_to_card``. ``earning`` is what a partner earns from it once it is paid (§10).
    """

    id: str
    payer: str
    number: int
    charge_kind: ChargeKind
    status: InvoiceStatus
    currency: str
    lines: tuple[Line, ...]
    total: Money
    prepaid_applied: Money
    card_charged: Money
    issued_at: datetime
    account_id: str | None = None
    period: Period | None = None
    billing_profile_id: str | None = None
    wallet_balance_after: Money | None = None
    processor: str | None = None
    reference: str | None = None
    card: CardName | None = None
    attempts: tuple[Attempt, ...] = ()
    paid_at: datetime | None = None
    bill_id: str | None = None
    billed: Money | None = None
    set_aside_applied: Money | None = None
    refunded_to_card: Money | None = None
    refunded_to_prepaid: Money | None = None
    parties: str | None = None
    account: InvoicedAccount | None = None
    credit_notes: tuple[Credited, ...] = ()
    disputes: tuple[Noted, ...] = ()
    earning: InvoiceEarning | None = None
    sequence: int | None = None
    revision: int = 0
    version: int = 0

    @property
    def refunded(self) -> Money:
        """What was given back or taken back, or is on its way."""
        zero = Money.zero(self.currency)
        return (self.refunded_to_card or zero) + (self.refunded_to_prepaid or zero)


def issued(
    charge: Charge,
    *,
    payer: str,
    account_id: str | None,
    number: int,
    now: datetime,
    account: InvoicedAccount | None = None,
    earning: InvoiceEarning | None = None,
) -> Invoice:
    """The open invoice for a charge, before anybody paid it."""
    zero = Money.zero(charge.total.currency)
    return Invoice(
        id=charge.id,
        payer=payer,
        account_id=account_id,
        number=number,
        charge_kind=charge.kind,
        status=InvoiceStatus.OPEN,
        currency=charge.total.currency,
        lines=charge.lines,
        total=charge.total,
        prepaid_applied=zero,
        card_charged=zero,
        issued_at=now,
        period=charge.period,
        billing_profile_id=charge.billing_profile_id,
        parties=charge.parties,
        account=account,
        earning=earning,
    )


def paid(
    invoice: Invoice,
    charge: Charge,
    *,
    payment: Payment | None,
    balance_after: Money,
    sequence: int | None,
    now: datetime,
) -> Invoice:
    """The invoice after ``charge`` paid it; ``sequence`` is its place in the journal, if money moved there."""
    return replace(
        _attempted(invoice, charge, Outcome.SUCCEEDED, None, now),
        status=InvoiceStatus.PAID,
        prepaid_applied=charge.prepaid,
        set_aside_applied=charge.from_set_aside or None,
        card_charged=charge.card or Money.zero(invoice.currency),
        billing_profile_id=charge.billing_profile_id,
        wallet_balance_after=balance_after,
        processor=payment.processor if payment else None,
        reference=payment.reference if payment else None,
        card=payment.card if payment else None,
        paid_at=now,
        sequence=sequence,
    )


def put_on_bill(
    invoice: Invoice, charge: Charge, *, balance_after: Money, sequence: int | None, now: datetime
) -> Invoice:
    """The invoice on a Single Bill: money set aside is used up, the bill pays the rest, or nothing is left to pay."""
    rest = charge.billed or Money.zero(invoice.currency)
    return replace(
        invoice,
        status=InvoiceStatus.OPEN if rest else InvoiceStatus.PAID,
        prepaid_applied=charge.prepaid,
        set_aside_applied=charge.from_set_aside or None,
        wallet_balance_after=balance_after,
        bill_id=charge.bill_id if rest else None,
        billed=rest or None,
        paid_at=None if rest else now,
        sequence=sequence,
    )


def declined(invoice: Invoice, charge: Charge, *, decline_code: str, given_up: bool, now: datetime) -> Invoice:
    """The invoice after another declined attempt; after the last it is uncollectible."""
    status = InvoiceStatus.UNCOLLECTIBLE if given_up else InvoiceStatus.OPEN
    return replace(_attempted(invoice, charge, Outcome.DECLINED, decline_code, now), status=status)


def voided(invoice: Invoice) -> Invoice:
    """An open invoice that is not charged any more."""
    return replace(invoice, status=InvoiceStatus.VOID)


def taken_off_bill(invoice: Invoice) -> Invoice:
    """An invoice that waited on an open Single Bill, void; what prepaid money covered of it was given back."""
    return replace(
        voided(invoice),
        bill_id=None,
        billed=None,
        refunded_to_prepaid=invoice.prepaid_applied or None,
    )


def _attempted(invoice: Invoice, charge: Charge, outcome: Outcome, decline_code: str | None, now: datetime) -> Invoice:
    attempt = Attempt(number=charge.attempt, at=now, outcome=outcome, decline_code=decline_code)
    earlier: Sequence[Attempt] = invoice.attempts
    return replace(invoice, attempts=(*earlier, attempt)[-MOST_ATTEMPTS:])
