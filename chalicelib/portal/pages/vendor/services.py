"""Work that partners ask for: quoted, declined, done."""

from chalicelib.api import cursors
from chalicelib.api.bodies.setup.service_requests import AnswerServiceRequest, ListServiceRequests
from chalicelib.domain.setup import service_requests as domain
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import named
from chalicelib.services.partners import partners
from chalicelib.services.setup import service_requests

pages = Pages()


@pages.get("vendor/partners/{partner_id}/services", scope="operator")
def show_requests(visit: Visit, partner_id: str) -> View:
    """What a partner asked for, newest first."""
    query = visit.asked_as(ListServiceRequests)
    partner = partners.get_partner(partner_id=partner_id)
    found, last = service_requests.list_requests(
        partner_id=partner_id,
        account_id=query.account_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(visit, query),
        by_operator=True,
    )
    values = {
        "partner": partner,
        "requests": found,
        "names": named.names_of_any(each.account_id for each in found),
        **visit.pager(query, last),
    }
    return View("vendor/services.html", values)


@pages.get("vendor/services/{request_id}", scope="operator")
def show_request(_: Visit, request_id: str) -> View:
    """One request, and the forms for the answers that are possible now."""
    request = service_requests.get_any_request(request_id=request_id)
    values = {
        "request": request,
        "names": named.names_of_any([request.account_id]),
        "partner": partners.get_partner(partner_id=request.partner_id),
        "possible": domain.possible(request, domain.VENDORS),
    }
    return View("vendor/service.html", values)


@pages.post("vendor/services/{request_id}", scope="operator", again=show_request)
def answer(visit: Visit, request_id: str) -> Redirect:
    """Quotes a price, declines the work, or says that it is done."""
    request = service_requests.get_any_request(request_id=request_id)
    currency = partners.get_partner(partner_id=request.partner_id).currency
    body = visit.form(AnswerServiceRequest, amounts=["price"], currency=currency)
    service_requests.answer_request(
        request_id=request_id,
        status=body.status,
        price=body.price,
        note=body.note,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"vendor/services/{request_id}", done="answered")
