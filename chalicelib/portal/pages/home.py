"""The first page: what needs attention, what waits for an answer, and how the partner stands."""

from datetime import timedelta
from typing import Any

from chalicelib.api.bodies.referrals.invite_links import page_of
from chalicelib.domain.accounts.accounts import Relationship, Status
from chalicelib.domain.accounts.overview import ends_at
from chalicelib.domain.calendar import local_date
from chalicelib.domain.money import Money, total
from chalicelib.domain.schedule.projection import Payment
from chalicelib.domain.schedule.runway import RunwayDay
from chalicelib.domain.setup.service_requests import RequestStatus, ServiceRequest
from chalicelib.domain.transfers.transfers import TransferStatus
from chalicelib.domain.values import dataclass
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import tallies
from chalicelib.services.accounts.tallies import Tally
from chalicelib.services.partners import partners
from chalicelib.services.partners.partners import Standing
from chalicelib.services.referrals import invite_links
from chalicelib.services.setup import service_requests
from chalicelib.services.transfers import transfers
from chalicelib.services.wallet import forecasts

pages = Pages()

AHEAD = "ahead"
"""The part of the page that htmx asks for after the rest: a forecast takes longer than all else on it."""
_SHOWN = 5
_LOOKED_AT = 25
"""The newest transfers, among which those under way are looked for: they lapse within weeks."""
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=31)
"""The next 30 days, today not counted: a forecast ends before its last day begins."""
_UNDER_WAY = {TransferStatus.WAITING_FOR_OWNER, TransferStatus.WAITING_FOR_OPERATOR}


@dataclass(frozen=True)
class Ahead:
    """What will be charged within a month: how often, how much, how much of it by card, and when first,
    and its first days."""

    payments: int
    amount: Money
    card: Money
    runs_out: Payment | None
    buy_today: Money
    days: list[RunwayDay]


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
    tally = tallies.tally(standing, trials_from=today, trials_to=today + _WEEK, now=visit.now)
    values = {
        "standing": standing,
        "today": today,
        "in_a_week": today + _WEEK,
        "tally": tally,
        "first": _first_steps(visit, standing, tally),
        "statuses": [status for status in Status if status is not Status.PENDING],
        "ends_at": ends_at,
        "ahead": None,
        **_waiting(visit, standing),
        **_invite_link(visit, standing),
    }
    return View("home.html", values)


def _waiting(visit: Visit, standing: Standing) -> dict[str, Any]:
    """The requests that are under way, and which of them wait for the partner."""
    newest, _ = transfers.list_transfers(
        partner_id=visit.partner_id, status=None, direction=None, limit=_LOOKED_AT, start=None
    )
    under_way = [each for each in newest if each.status in _UNDER_WAY]
    needs = transfers.needs_of_all(under_way)
    quotes: list[ServiceRequest] = []
    if standing.program.services:
        quotes, _ = service_requests.list_requests(
            partner_id=visit.partner_id, account_id=None, status=RequestStatus.QUOTED, limit=_SHOWN, start=None
        )
    return {"moves": len(under_way), "plans_wanted": [each for each in under_way if needs[each.id]], "quotes": quotes}


def _invite_link(visit: Visit, standing: Standing) -> dict[str, Any]:
    if Relationship.REFERRED not in standing.program.relationships:
        return {"invite_link": ""}
    link = invite_links.get_link(partner_id=visit.partner_id, now=visit.now)
    return {"invite_link": page_of(link, base_url=visit.base_url)}


def _first_steps(visit: Visit, standing: Standing, tally: Tally) -> FirstSteps | None:
    """How far a partner without any account is; None for all others."""
    if tally.statuses:
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
        days=forecast.days[:_SHOWN],
    )
