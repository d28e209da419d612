"""Service requests: work on an account that the vendor is asked for, its quotes, and the partner's margin."""

from typing import Any

from chalicelib.api import cursors
from chalicelib.api.bodies.setup.service_requests import (
    AcceptQuote,
    FileServiceRequest,
    ListServiceRequests,
    ServiceRequestShape,
    SetMargin,
)
from chalicelib.domain.setup.service_requests import RequestStatus
from chalicelib.portal import forms
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import named
from chalicelib.services.setup import service_requests

pages = Pages()

_TONES = {
    RequestStatus.OPEN: "info",
    RequestStatus.QUOTED: "warn",
    RequestStatus.ACCEPTED: "good",
    RequestStatus.DONE: "gray",
    RequestStatus.DECLINED: "gray",
    RequestStatus.WITHDRAWN: "gray",
}


@pages.get("services", scope="read")
def show_services(visit: Visit) -> View:
    """The requests, newest first, and a form for another."""
    query = visit.asked_as(ListServiceRequests)
    found, last = service_requests.list_requests(
        partner_id=visit.partner_id,
        account_id=query.account_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(visit, query),
    )
    values = {
        "requests": [ServiceRequestShape.of(each) for each in found],
        "names": named.names_of(partner_id=visit.partner_id, account_ids=(each.account_id for each in found)),
        "tones": _TONES,
        "status": query.status or "",
        "statuses": ["", *RequestStatus],
        "kinds": [(kind, _kind(visit, kind)) for kind in load_program(visit.partner_seen.program).services],
        "kind_of": lambda kind: _kind(visit, kind),
        **visit.pager(query, last),
    }
    return View("setup/service_requests.html", values)


@pages.post("services", scope="write", again=show_services)
def file_request(visit: Visit) -> Redirect:
    """Asks the vendor for work on an account."""
    body = visit.form(
        FileServiceRequest,
        account_id=lambda: named.id_of(partner_id=visit.partner_id, name=visit.entered("account"), field="account"),
        **_margin(visit),
    )
    request = service_requests.file_request(
        request_id=visit.derived_id("sreq"),
        partner_id=visit.partner_id,
        account_id=body.account_id,
        kind=body.kind,
        description=body.description,
        margin_percent=body.margin_percent,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"services/{request.id}", done="filed")


@pages.get("services/{service_request_id}", scope="read")
def show_request(visit: Visit, service_request_id: str) -> View:
    """One request: where it stands, what it costs, and what can be done."""
    request = service_requests.get_request(partner_id=visit.partner_id, request_id=service_request_id)
    values = {
        "request": ServiceRequestShape.of(request),
        "kind": _kind(visit, request.kind),
        "name": named.names_of(partner_id=visit.partner_id, account_ids=[request.account_id]).get(request.account_id),
        "tones": _TONES,
    }
    return View("setup/service_request.html", values)


@pages.post("services/{service_request_id}/accept", scope="write", again=show_request)
def accept_quote(visit: Visit, service_request_id: str) -> Redirect:
    """Agrees to the price that the page showed."""
    service_requests.accept_quote(
        partner_id=visit.partner_id,
        request_id=service_request_id,
        price=visit.form(AcceptQuote).price,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"services/{service_request_id}", done="accepted")


@pages.post("services/{service_request_id}/margin", scope="write", again=show_request)
def set_margin(visit: Visit, service_request_id: str) -> Redirect:
    """Sets what the partner adds to the vendor's price."""
    service_requests.set_margin(
        partner_id=visit.partner_id,
        request_id=service_request_id,
        percent=visit.form(SetMargin, **_margin(visit)).margin_percent,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"services/{service_request_id}", done="margin_set")


@pages.post("services/{service_request_id}/withdraw", scope="write", again=show_request)
def withdraw_request(visit: Visit, service_request_id: str) -> Redirect:
    """Withdraws the request."""
    service_requests.withdraw_request(
        partner_id=visit.partner_id, request_id=service_request_id, now=visit.now, actor=visit.actor
    )
    return Redirect(f"services/{service_request_id}", done="withdrawn")


def _margin(visit: Visit) -> dict[str, Any]:
    """The margin as the reader writes it; nothing if there is none."""
    entered = visit.entered("margin_percent")
    return {"margin_percent": forms.decimal(entered, language=visit.language)} if entered else {}


def _kind(visit: Visit, kind: str) -> str:
    """The name of a kind of work; a program may have others than the texts know."""
    return visit.texts.named(f"setup.service_requests.kinds.{kind}", kind)
