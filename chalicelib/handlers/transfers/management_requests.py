"""Permission to manage an account: a partner asks for it, its client answers by link or after logging in."""

from chalice.app import Blueprint

from chalicelib.api import cursors, parsing
from chalicelib.api.answers import HTML, JSON, Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.transfers.management_requests import (
    AnswerManagementRequest,
    AskedShape,
    ListManagementRequests,
    ManagementRequestShape,
    ManagementShape,
)
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.pages import clients, forms, layout, management
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.site import FORM_OVER, Fault, Site, site_of
from chalicelib.api.parsing import Faults
from chalicelib.api.routes import Routes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import ChargeInProgress
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.transfers.management_requests import Decision, RequestOver
from chalicelib.services.partners import partners
from chalicelib.services.transfers import consent_links, management_requests

routes = Routes(Blueprint(__name__), tag="permission to manage")


@routes.post(
    "/v1/accounts/{account_id}/management-request",
    returns=ManagementRequestShape,
    status=201,
    scope="write",
    summary="Ask for permission to manage an account",
    refusals=(409, 429),
)
def request_management(call: Call, account_id: str) -> ManagementRequestShape:
    """The client of a referred account gets a mail with a link to confirm or decline; it can also answer after logging
    in. A request lapses after the program's `management_request_days`. One can be open at a time; after three in a day
    the next is a 429."""
    request = management_requests.request_permission(
        request_id=call.derived_id("mreq"),
        partner_id=call.partner_id,
        account_id=account_id,
        base_url=call.base_url,
        now=call.now,
        actor=call.actor,
    )
    return ManagementRequestShape.of(request, now=call.now)


@routes.delete(
    "/v1/accounts/{account_id}/management-request",
    returns=ManagementRequestShape,
    scope="write",
    summary="Withdraw a request for permission",
    refusals=(409,),
)
def withdraw_management_request(call: Call, account_id: str) -> ManagementRequestShape:
    """Withdraw the open request. The link in the client's mail leads to nothing then."""
    request = management_requests.withdraw(
        partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor
    )
    return ManagementRequestShape.of(request, now=call.now)


@routes.get(
    "/v1/management-requests",
    query=ListManagementRequests,
    returns=Page[ManagementRequestShape],
    scope="read",
    summary="List requests for permission",
    refusals=(404,),
)
def list_management_requests(call: Call, query: ListManagementRequests) -> Page[ManagementRequestShape]:
    """The partner's requests, newest first, whatever became of them."""
    found, last = management_requests.list_requests(
        partner_id=call.partner_id,
        account_id=query.account_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(call, query),
        now=call.now,
    )
    data = [ManagementRequestShape.of(each, now=call.now) for each in found]
    return Page(data=data, next_cursor=cursors.next_of(call, query, last))


@routes.get("/client/management", returns=ManagementShape, scope="client", summary="Read who manages one's own account")
def get_own_management(call: Call) -> ManagementShape:
    """Who manages the account, or asks for permission to."""
    return _management(call, call.client)


@routes.post(
    "/client/management",
    body=AnswerManagementRequest,
    returns=ManagementShape,
    scope="client",
    summary="Answer a request to manage one's own account",
    refusals=(409,),
)
def answer_own_request(call: Call, body: AnswerManagementRequest) -> ManagementShape:
    """Confirm or decline the partner's open request. Whoever confirms gives the partner full access to the account, and
    goes on paying for it. The same answer again changes nothing."""
    account = management_requests.answer_open(call.client, decision=body.decision, now=call.now)
    return _management(call, account)


@routes.delete(
    "/client/management",
    returns=ManagementShape,
    scope="client",
    summary="End the permission to manage one's own account",
    refusals=(409,),
)
def end_own_management(call: Call) -> ManagementShape:
    """The partner no longer manages the account: its sessions end, and so do the account's branding and custom domain.
    Only a client who pays may end it."""
    return _management(call, management_requests.end_permission(account_id=call.client.id, now=call.now))


def _management(call: Call, account: Account) -> ManagementShape:
    return ManagementShape.of(account, partners.get_partner(partner_id=account.partner_id), now=call.now)


@routes.get(
    "/public/management-requests/{token}",
    returns=AskedShape,
    media=(HTML,),
    scope=None,
    summary="The page behind a client's link",
    refusals=(404,),
)
def open_management_request(call: Call, token: str) -> AskedShape | Answer:
    """Who asks for what, and two buttons to confirm or decline; with `Accept: application/json` the same as data.
    Opening it changes nothing."""
    if preferred(call.headers.get("Accept"), [HTML, JSON]) == HTML:
        return _page(call, token, to=f"{token}/form")
    return AskedShape.of(consent_links.asked_by(token, now=call.now), now=call.now)


@routes.post(
    "/public/management-requests/{token}",
    body=AnswerManagementRequest,
    returns=AskedShape,
    scope=None,
    takes_secrets=True,
    summary="Answer by a client's link",
    refusals=(404, 409),
)
def answer_management_request(call: Call, token: str, body: AnswerManagementRequest) -> AskedShape:
    """Confirm or decline. The same answer again changes nothing; another one is a 409 `request_over`."""
    _answer(call, token, body.decision)
    return AskedShape.of(consent_links.asked_by(token, now=call.now), now=call.now)


@routes.post(
    "/public/management-requests/{token}/form",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form of a client's link's page",
    refusals=(403, 404, 409),
)
def send_management_request_form(call: Call, token: str) -> Answer:
    """Confirms or declines, like the route beside it."""
    try:
        fields = forms.fields_of(call, action=management.ACTION)
        body = parsing.from_body(AnswerManagementRequest, {"decision": fields.get("decision", "")})
        _answer(call, token, body.decision)
    except (NotOurForm, Faults):
        return _page(call, token, to="form", fault=FORM_OVER)
    except ChargeInProgress:
        return _page(call, token, to="form", fault=Fault("management_busy", 409))
    except RequestOver:
        return _page(call, token, to="form", status=409)
    except NotFound as refusal:
        return _over(call, token, refusal)
    return _page(call, token, to="form")


def _answer(call: Call, token: str, decision: Decision) -> None:
    asked = consent_links.asked_by(token, now=call.now)
    management_requests.answer(
        account_id=asked.account.id, request_id=asked.request.id, decision=decision, now=call.now
    )


def _page(call: Call, token: str, *, to: str, fault: Fault | None = None, status: int = 200) -> Answer:
    """The page of the request as it is now: to be answered, or what became of it."""
    try:
        asked = consent_links.asked_by(token, now=call.now)
    except NotFound as refusal:
        return _over(call, token, refusal)
    site = _site(call, token, asked.account.name)
    return management.of_link(site, asked, to=to, fault=fault, status=status, now=call.now)


def _over(call: Call, token: str, refusal: NotFound) -> Answer:
    """A page for browsers; programs get the refusal."""
    if not layout.wants_page(call):
        raise refusal
    site = _site(call, token, "")
    return clients.over(site, "management_link_over", "management_link_over_how", status=404)


def _site(call: Call, token: str, name: str) -> Site:
    return site_of(call, name, consent_links.look_of(token))
