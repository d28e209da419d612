"""Valid things in one call, for tests without any I/O; each field can be given."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.accounts.accounts import Account, Client, Overdue, PaymentState, Relationship, Status
from chalicelib.domain.calendar import Frequency, Period
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.catalog.quotes import Line, Terms
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.programs import program

NOW = datetime(2026, 1, 31, 15, tzinfo=UTC)
FIRST = Period(start=date(2026, 1, 31), end=date(2026, 2, 28))
SECOND = Period(start=date(2026, 2, 28), end=date(2026, 3, 31))
NO_DISCOUNT = Terms(partner_percent=Decimal(0), migration_percent=Decimal(0))


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def agency() -> Program:
    return program("agency")


def make_plan(**overrides: Any) -> Plan:
    fields: dict[str, Any] = {
        "pricing_version": "V3",
        "product": "marketing",
        "tier": "plus",
        "contacts": 1000,
        "billing_frequency": Frequency.MONTHLY,
        "limits": {},
        "add_ons": (),
    }
    return Plan(**fields | overrides)


def make_account(**overrides: Any) -> Account:
    """An active, paid account of the 31st, in its first month; Dublin, so that local time is UTC in winter."""
    fields: dict[str, Any] = {
        "id": "acct_1",
        "partner_id": "prt_1",
        "payer": "prt_1",
        "name": "acme",
        "status": Status.ACTIVE,
        "kind": PlanKind.PAID,
        "relationship": Relationship.MANAGED,
        "client": Client("Acme Inc", "owner@acme.example"),
        "notification_email": "ops@bright.example",
        "country": "IE",
        "data_region": "eu-west-1",
        "language": "en",
        "time_zone": "Europe/Dublin",
        "plan": make_plan(),
        "created_at": NOW,
        "updated_at": NOW,
        "currency": "USD",
        "billing_profile_id": "bp_1",
        "anchor": FIRST.start,
        "period": FIRST,
        "price": usd(4900),
        "terms": NO_DISCOUNT,
        "charges": 1,
    }
    return Account(**fields | overrides)


def make_trial(**overrides: Any) -> Account:
    """A trial of 14 days from 31 January."""
    fields: dict[str, Any] = {
        "kind": PlanKind.TRIAL,
        "plan": make_plan(pricing_version="V1", product="EM", tier="trial", contacts=500, billing_frequency=None),
        "anchor": None,
        "period": Period(start=date(2026, 1, 31), end=date(2026, 2, 14)),
        "price": None,
        "terms": None,
        "billing_profile_id": None,
        "charges": 0,
    }
    return make_account(**fields | overrides)


def make_sandbox(**overrides: Any) -> Account:
    plan = make_plan(pricing_version="V1", product="EM", tier="sandbox", contacts=500, billing_frequency=None)
    return make_trial(**{"kind": PlanKind.SANDBOX, "plan": plan, "period": None} | overrides)


def make_overdue(**overrides: Any) -> Overdue:
    """The second period, declined at its renewal instant on 28 February."""
    fields: dict[str, Any] = {
        "invoice_id": "inv_2",
        "period": SECOND,
        "total": usd(4900),
        "price": usd(4900),
        "terms": NO_DISCOUNT,
        "first_declined_at": datetime(2026, 2, 28, 0, 0, 5, tzinfo=UTC),
    }
    return Overdue(**fields | overrides)


def make_past_due(**overrides: Any) -> Account:
    fields: dict[str, Any] = {"payment_state": PaymentState.PAST_DUE, "overdue": make_overdue(), "charges": 2}
    return make_account(**fields | overrides)


def plan_line(amount: Money, period: Period | None = None) -> Line:
    """Plus at a list price."""
    why = Explanation(Rule.PRICE, item="plan", list_price=amount.amount)
    return Line("plan", "Plus, 1,000 contacts, monthly", amount, period, why)


def make_charge(**overrides: Any) -> Charge:
    """The renewal of the second period, not yet split between prepaid money and card."""
    total = overrides.get("total", usd(4900))
    fields: dict[str, Any] = {
        "id": "inv_2",
        "kind": ChargeKind.RENEWAL,
        "lines": (plan_line(total),),
        "total": total,
        "started_at": datetime(2026, 2, 28, tzinfo=UTC),
        "period": SECOND,
        "price": usd(4900),
        "terms": NO_DISCOUNT,
        "billing_profile_id": "bp_1",
        "scheduled": True,
    }
    return Charge(**fields | overrides)


def make_wallet(balance: int = 0, *, held: int = 0, set_aside: int = 0, **overrides: Any) -> Wallet:
    return Wallet(
        **{
            "payer": "prt_1",
            "currency": "USD",
            "balance": usd(balance),
            "held": usd(held),
            "set_aside": usd(set_aside),
        }
        | overrides
    )
