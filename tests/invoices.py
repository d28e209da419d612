"""Invoices made up for tests, and what stands around them."""

from datetime import UTC, date, datetime
from typing import Any

from chalicelib import programs
from chalicelib.domain.billing.credit_notes import CreditNote
from chalicelib.domain.billing.invoice_documents import InvoiceDocument, compose
from chalicelib.domain.billing.invoices import Attempt, Invoice, InvoicedAccount, InvoiceStatus, Outcome
from chalicelib.domain.billing.parties import Parties, parties_of
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import Address, BillingProfile, Card, CardName
from chalicelib.domain.partners.partners import Partner

NIGHT = datetime(2026, 2, 1, 4, 30, tzinfo=UTC)  # still 31 January in Chicago
FEBRUARY = Period(date(2026, 1, 31), date(2026, 2, 28))
DECLINED = Attempt(1, NIGHT, Outcome.DECLINED, "insufficient_funds")


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def line(description: str = "Plus, 1,000 contacts, monthly", amount: int = 3675, kind: str = "plan") -> Line:
    return Line(kind, description, usd(amount), FEBRUARY)


def make_invoice(*lines: Line, status: InvoiceStatus = InvoiceStatus.OPEN, **overrides: Any) -> Invoice:
    lines = lines or (line(),)
    fields: dict[str, Any] = {
        "id": "inv_1",
        "payer": "prt_1",
        "account_id": "acct_1",
        "number": 42,
        "charge_kind": ChargeKind.RENEWAL,
        "currency": "USD",
        "total": usd(sum(each.amount.amount for each in lines)),
        "prepaid_applied": usd(0),
        "card_charged": usd(0),
        "issued_at": NIGHT,
        "period": FEBRUARY,
        "account": InvoicedAccount("acme", "Acme Inc"),
    }
    return Invoice(status=status, lines=lines, **fields | overrides)


def paid_invoice(*lines: Line, **overrides: Any) -> Invoice:
    """Paid by card, all of it, unless overridden."""
    open_one = make_invoice(*lines)
    fields: dict[str, Any] = {
        "card_charged": open_one.total,
        "paid_at": NIGHT,
        "wallet_balance_after": usd(0),
        "processor": "stripe",
        "reference": "pi_123",
        "card": CardName("visa", "4242"),
    }
    return make_invoice(*lines, status=InvoiceStatus.PAID, **fields | overrides)


def make_partner(**overrides: Any) -> Partner:
    fields: dict[str, Any] = {
        "id": "prt_1",
        "name": "Bright Agency",
        "program": "agency",
        "email": "books@bright.example",
        "country": "US",
        "time_zone": "America/Chicago",
        "currency": "USD",
        "created_at": NIGHT,
        "updated_at": NIGHT,
    }
    return Partner(**fields | overrides)


def make_profile(**overrides: Any) -> BillingProfile:
    fields: dict[str, Any] = {
        "id": "bp_1",
        "partner_id": "prt_1",
        "name": "Company card",
        "payment_method": "pm_card_visa",
        "card": Card("visa", "4242", 12, 2034),
        "created_at": NIGHT,
        "updated_at": NIGHT,
        "address": Address("12 Main Street", "Chicago", "60601", "US"),
    }
    return BillingProfile(**fields | overrides)


def make_credit_note(**overrides: Any) -> CreditNote:
    fields: dict[str, Any] = {
        "id": "cn_1",
        "payer": "prt_1",
        "number": 7,
        "invoice_id": "inv_1",
        "account_id": "acct_1",
        "to_card": usd(0),
        "to_prepaid": usd(0),
        "issued_at": NIGHT,
    }
    return CreditNote(**fields | overrides)


def make_parties(*, partner: Partner | None = None, profile: BillingProfile | None = None) -> Parties:
    return parties_of(seller=programs.program("agency").seller, payer=partner or make_partner(), profile=profile)


def written(
    invoice: Invoice, *, partner: Partner | None = None, profile: BillingProfile | None = None
) -> InvoiceDocument:
    return compose(invoice, parties=make_parties(partner=partner, profile=profile))
