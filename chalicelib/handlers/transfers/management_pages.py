"""Permission to manage, on the settings page of an account: a client answers a request, or ends the permission."""

from chalice.app import Blueprint

from chalicelib.api.answers import HTML, Answer
from chalicelib.api.call import Call
from chalicelib.api.pages import forms, management
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.site import FORM_OVER, Fault
from chalicelib.api.routes import Routes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import ChargeInProgress
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.transfers.management_requests import Decision, PaidByItsPartner, RequestOver
from chalicelib.handlers.clients import own_pages
from chalicelib.services.clients.sessions import SessionOver
from chalicelib.services.transfers import management_requests

routes = Routes(Blueprint(__name__), tag="pages for clients")

_DONE = {
    Decision.CONFIRM.value: "management_confirmed",
    Decision.DECLINE.value: "management_declined",
    management.END: "management_ended",
}


@routes.post(
    "/public/accounts/{name}/management",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form about permission to manage",
    refusals=(401, 403, 409),
)
def send_management_form(call: Call, name: str) -> Answer:
    """Answers the partner's request, or ends its permission, like `POST` and `DELETE /client/management`."""
    site = own_pages.site_named(call, name)
    try:
        account = own_pages.session_of(call, site).account
        fields = forms.fields_of(call, action=site.action(management.ACTION))
        decision = fields.get("decision", "")
        if decision not in _DONE:
            raise NotOurForm
        account = _decided(call, account, decision, request_id=fields.get("request", ""))
    except SessionOver:
        return own_pages.log_in_again(site)
    except NotOurForm:
        return own_pages.settings_page(call, account, fault=FORM_OVER)
    except ChargeInProgress:
        return own_pages.settings_page(call, account, fault=Fault("management_busy", 409))
    except (RequestOver, NotFound, PaidByItsPartner):
        return own_pages.settings_page(call, account, fault=Fault("management_over", 409))
    return own_pages.settings_page(call, account, done=_DONE[decision])


def _decided(call: Call, account: Account, decision: str, *, request_id: str) -> Account:
    if decision == management.END:
        return management_requests.end_permission(account_id=account.id, now=call.now)
    return management_requests.answer(
        account_id=account.id, request_id=request_id, decision=Decision(decision), now=call.now
    )
