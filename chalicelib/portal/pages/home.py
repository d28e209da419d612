"""The first page: what needs attention, and how the partner stands."""

from datetime import timedelta

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.domain.accounts.accounts import PaymentState, Status
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.calendar import local_date
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.partners import partners

pages = Pages()

_SHOWN = 5
_WEEK = timedelta(days=7)


@pages.get("home", scope="signed in")
def show_home(visit: Visit) -> View | Redirect:
    """The dashboard of a partner; the vendor's people begin with the partners."""
    if visit.partner is None:
        return Redirect("vendor/partners")
    standing = partners.standing(partner_id=visit.partner_id, now=visit.now)
    today = local_date(visit.now, standing.partner.time_zone)
    trials = Filters(status=(Status.ACTIVE,), plan=("trial",), expires_from=today, expires_to=today + _WEEK)
    values = {
        "standing": standing,
        "past_due": _accounts(visit, Filters(payment_state=PaymentState.PAST_DUE)),
        "trials": _accounts(visit, trials),
        "saved": partners.saved_by_next_tier(standing),
    }
    return View("home.html", values)


def _accounts(visit: Visit, filters: Filters) -> list[AccountShape]:
    """The first accounts of a list, those that end soonest before others."""
    question = Question(filters=filters, sort=Sort.EXPIRES_AT)
    found, _ = overview.list_accounts(
        partner_id=visit.partner_id, question=question, limit=_SHOWN, start=None, now=visit.now
    )
    return [AccountShape.of(account, now=visit.now) for account in found]
