"""The first page: what needs attention, and how the partner stands."""

from datetime import timedelta

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.domain.accounts.accounts import PaymentState, Status
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.calendar import local_date
from chalicelib.domain.money import Money, total
from chalicelib.domain.schedule.projection import Payment
from chalicelib.domain.values import dataclass
from chalicelib.portal import cards_on_file
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.partners import partners
from chalicelib.services.partners.partners import Standing
from chalicelib.services.wallet import forecasts

pages = Pages()

AHEAD = "ahead"
"""The part of the page that htmx asks for after the rest: a forecast takes longer than all else on it."""
_SHOWN = 5
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=31)
"""The next 30 days, today not counted: a forecast ends before its last day begins."""


@dataclass(frozen=True)
class Ahead:
    """What will be charged within a month: how often, how much, how much of it by card, and when first."""

    payments: int
    amount: Money
    card: Money
    runs_out: Payment | None
    buy_today: Money


@dataclass(frozen=True)
class FirstSteps:
    """What a new partner has done already of what it does before its first account."""

    card: bool
    money: bool


@pages.get("home", scope="signed in")
def show_home(visit: Visit) -> View | Redirect:
    """The dashboard of a partner; the vendor's people begin with the partners."""
    if visit.partner is None:
        return Redirect("vendor/partners")
    standing = partners.standing(partner_id=visit.partner_id, now=visit.now)
    if visit.element == AHEAD:
        return View("home.html", {"ahead": _ahead(visit, standing), "standing": standing})
    today = local_date(visit.now, standing.partner.time_zone)
    trials = Filters(status=(Status.ACTIVE,), plan=("trial",), expires_from=today, expires_to=today + _WEEK)
    values = {
        "standing": standing,
        "first": _first_steps(visit, standing),
        "past_due": _accounts(visit, Filters(payment_state=PaymentState.PAST_DUE)),
        "trials": _accounts(visit, trials),
        "ahead": None,
        "saved": partners.saved_by_next_tier(standing),
    }
    return View("home.html", values)


def _first_steps(visit: Visit, standing: Standing) -> FirstSteps | None:
    """How far a partner without any account is; None for all others."""
    if standing.accounts or _accounts(visit, Filters()):
        return None
    return FirstSteps(card=bool(cards_on_file.cards_of(visit)), money=bool(standing.wallet.balance))


def _ahead(visit: Visit, standing: Standing) -> Ahead:
    until = local_date(visit.now, standing.partner.time_zone) + _MONTH
    forecast = forecasts.forecast(standing, until=until, now=visit.now)
    currency = standing.partner.currency
    return Ahead(
        payments=len(forecast.payments),
        amount=total((payment.amount for payment in forecast.payments), currency=currency),
        card=total((payment.card for payment in forecast.payments), currency=currency),
        runs_out=forecast.runs_out,
        buy_today=forecast.buy_today,
    )


def _accounts(visit: Visit, filters: Filters) -> list[AccountShape]:
    """The first accounts of a list, those that end soonest before others."""
    question = Question(filters=filters, sort=Sort.EXPIRES_AT)
    found, _ = overview.list_accounts(
        partner_id=visit.partner_id, question=question, limit=_SHOWN, start=None, now=visit.now
    )
    return [AccountShape.of(account, now=visit.now) for account in found]
