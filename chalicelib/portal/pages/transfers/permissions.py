"""Permission to manage accounts: asked for, withdrawn, and the list of requests."""

from chalicelib.api import cursors
from chalicelib.api.bodies.transfers.management_requests import ListManagementRequests
from chalicelib.domain.accounts.accounts import ManagementRequestStatus
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts
from chalicelib.services.transfers import management_requests

pages = Pages()

TONES = {
    ManagementRequestStatus.OPEN: "info",
    ManagementRequestStatus.CONFIRMED: "good",
    ManagementRequestStatus.DECLINED: "bad",
    ManagementRequestStatus.WITHDRAWN: "gray",
    ManagementRequestStatus.LAPSED: "gray",
}


@pages.get("transfers/permissions", scope="read")
def show_requests(visit: Visit) -> View:
    """The requests, newest first, with what became of them."""
    query = visit.asked_as(ListManagementRequests)
    found, last = management_requests.list_requests(
        partner_id=visit.partner_id,
        account_id=query.account_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(visit, query),
        now=visit.now,
    )
    values = {
        "here": "permissions",
        "requests": [(request, request.status_at(visit.now)) for request in found],
        "accounts": management_requests.accounts_of(found),
        "program": load_program(visit.partner_seen.program),
        "tones": TONES,
        **visit.pager(query, last),
    }
    return View("transfers/permissions.html", values)


@pages.get("accounts/{account_id}/request", scope="read")
def show_request(visit: Visit, account_id: str) -> View:
    """What asking for permission will do, before it is asked for."""
    account = accounts.get_account(partner_id=visit.partner_id, account_id=account_id)
    days = load_program(visit.partner_seen.program).management_request_days
    return View("transfers/permission_ask.html", {"account": account, "days": days})


@pages.post("accounts/{account_id}/request", scope="write", again=show_request)
def ask_permission(visit: Visit, account_id: str) -> Redirect:
    """Has the client mailed a link."""
    management_requests.request_permission(
        request_id=visit.derived_id("mreq"),
        partner_id=visit.partner_id,
        account_id=account_id,
        base_url=visit.base_url,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect("transfers/permissions", done="asked")


@pages.post("accounts/{account_id}/request/withdraw", scope="write")
def withdraw_request(visit: Visit, account_id: str) -> Redirect:
    """Makes the link in the client's mail lead to nothing."""
    management_requests.withdraw(partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor)
    return Redirect("transfers/permissions", done="withdrawn")
