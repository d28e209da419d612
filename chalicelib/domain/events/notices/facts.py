"""The facts that a notice tells: what is filled into its words (docs/rules.md §11)."""

from datetime import date, datetime, timedelta

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.kinds import Kind
from chalicelib.domain.money import Money
from chalicelib.domain.schedule import renewals
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as the clocks of a time zone show it."""

    at: datetime
    time_zone: str


Fact = str | int | date | Moment | Money | Cause
"""Text, a number, a local date, a time of a day, an amount, why a payout was held or did not arrive."""

_CLAIMED_WITHIN = timedelta(days=30)
"""How long the processor waits until it returns a payout that nobody claims."""


def of_account(kind: Kind, account: Account, program: Program, active_paid_accounts: int) -> dict[str, Fact | None]:
    facts: dict[str, Fact | None] = {"plan": account.plan.tier.title()}
    match kind:
        case Kind.TRIAL_ENDING | Kind.TRIAL_EXPIRED:
            facts["date"] = account.period.end if account.period else None
        case Kind.RENEWAL_UPCOMING:
            facts["date"] = account.period.end if account.period else None
            priced = renewals.next_price(account, program=program, active_paid_accounts=active_paid_accounts)
            facts["plan"] = lifecycle.plan_due(account).tier.title()
            facts["price"] = priced.total if priced else None
        case Kind.PAYMENT_FAILED if account.overdue is not None:
            facts["amount"] = account.overdue.total
            facts["retry_on"] = lifecycle.retry_on(account.overdue, account.time_zone, program=program)
        case Kind.PAYMENT_RECOVERED:
            facts["price"] = account.price
            facts["paid_until"] = account.period.end if account.period else None
        case Kind.ACCOUNT_EXPIRED | Kind.ACCOUNT_EXPIRED_UNPAID:
            facts["ended_on"] = local_date(account.expired_at, account.time_zone) if account.expired_at else None
            facts["archived_after_days"] = program.archive_after_days
    return facts


def of_event(event: Event) -> dict[str, Fact | None]:
    """The facts of a notice that the event alone has."""
    data = event.data
    facts: dict[str, Fact | None] = {}
    if "date" in data:
        facts["date"] = date.fromisoformat(data["date"])
    if "balance" in data and data.get("currency"):
        facts["balance"] = Money(data["balance"], data["currency"])
    card = data.get("card")
    if card is not None:
        facts["card"] = f"{str(card['brand']).title()} •••• {card['last4']}"
    for name in (
        "profile",
        "credit",
        "credits_left",
        "number",
        "invoice_count",
        "url",
        "paypal_email",
        "title",
        "held_because",
    ):
        facts[name] = data.get(name)
    if "transfer_id" in data:  # of an account that another partner may still have
        facts |= {"account": data["account"], "reason": event.after.get("reason")}
    if "name" in data:
        facts["account"] = data["name"]
    if "expires" in data:
        facts["last_day"] = date.fromisoformat(data["expires"])
    if "dispute_id" in data:
        facts["amount"] = Money(data["taken_back"] or data["amount"], data["currency"])
    if "earning_id" in data:
        facts["amount"] = Money(data["amount"], data["currency"])
    if "total" in data:
        facts["amount"] = Money(data["total"], data["currency"])
    if event.after.get("retry_on"):
        facts["retry_on"] = date.fromisoformat(event.after["retry_on"])
    return facts


def of_payout(event: Event, *, time_zone: str) -> dict[str, Fact | None]:
    """The facts of a notice about a payout; dates are the partner's, in ``time_zone``.

    What was given back may be a part of the payout. One that was paid by other means did not go to the PayPal address.
    """
    data = event.data
    given_back, paid_otherwise = data["given_back"], data["paid_reference"]
    cause = Cause(data["cause"]) if data["cause"] else None
    return {
        "payout": data["payout_id"],
        "amount": Money(data["amount"], data["currency"]),
        "given_back": Money(given_back, data["currency"]) if given_back else None,
        "recipient": None if paid_otherwise else data["recipient"],
        "reference": paid_otherwise,
        "reason": cause,
        "claim_by": local_date(event.at + _CLAIMED_WITHIN, time_zone),
    }


def last_day_before(instant: str, account: Account) -> date:
    return local_date(datetime.fromisoformat(instant) - timedelta(seconds=1), account.time_zone)
