"""Login links of partners: making one, the page it opens, and the session it gives."""

from chalice.app import Blueprint

from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.clients.logins import LoginLinkShape, SessionShape
from chalicelib.api.call import Call
from chalicelib.api.pages import clients, forms, layout, log_ins
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.site import FORM_OVER, Fault, Site, site_of
from chalicelib.api.problems import status_of
from chalicelib.api.routes import Routes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.refusals import NotFound, Refusal, RefusalKind
from chalicelib.handlers.clients.logins import shown
from chalicelib.services.clients import login_links

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.post(
    "/v1/accounts/{account_id}/login-link",
    returns=LoginLinkShape,
    scope="write",
    summary="Log in to an account you manage",
    refusals=(409,),
)
def create_login_link(call: Call, account_id: str) -> Answer:
    """A link into the account, good for 60 seconds and one use. Whoever has it can log in: give it to nobody else."""
    link = login_links.create_link(
        partner_id=call.partner_id, account_id=account_id, base_url=call.base_url, now=call.now, actor=call.actor
    )
    return Answer(body=LoginLinkShape(url=None, expires_at=link.expires_at), secrets={"url": link.url})


@routes.get(
    "/public/login-links/{token}",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page behind a login link",
    refusals=(404,),
)
def open_login_link(call: Call, token: str) -> Answer:
    """A page that uses the link and goes on to the account's login with the session's token behind the `#`. Fetching
    the page alone uses up nothing."""
    return _form_page(call, token, to=f"{token}/form")


@routes.post(
    "/public/login-links/{token}",
    returns=SessionShape,
    scope=None,
    takes_secrets=True,
    summary="Use a login link",
    refusals=(404, 409),
)
def use_login_link(call: Call, token: str) -> Answer:
    """Opens a session of the partner in the account; the link is used up."""
    return shown(call, login_links.use_link(token=token, now=call.now))


@routes.post(
    "/public/login-links/{token}/form",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form of a login link's page",
    refusals=(403, 404, 409),
)
def send_login_link_form(call: Call, token: str) -> Answer:
    """What the page's button does: uses the link and goes on to the account's login."""
    try:
        forms.fields_of(call, action="link")
    except NotOurForm:
        return _form_page(call, token, to="form", fault=FORM_OVER)
    try:
        session = login_links.use_link(token=token, now=call.now)
    except NotFound as refusal:
        return _over(call, token, refusal)
    except Refusal as refusal:
        if refusal.kind is not RefusalKind.CONFLICT:
            raise
        return clients.over(_site(call, token), "closed", "link_closed", status=status_of(refusal))
    return clients.logged_in(_site(call, token, session.account), leads_to=log_ins.product_url(call, session))


def _form_page(call: Call, token: str, *, to: str, fault: Fault | None = None) -> Answer:
    try:
        target = login_links.get_link_target(token=token, now=call.now)
    except NotFound as refusal:
        return _over(call, token, refusal)
    return clients.use_login_link(_site(call, token, target.account), to=to, fault=fault)


def _over(call: Call, token: str, refusal: Refusal) -> Answer:
    """A page for browsers; programs get the refusal."""
    if not layout.wants_page(call):
        raise refusal
    return clients.over(_site(call, token), "link_over", "link_over_how", status=status_of(refusal))


def _site(call: Call, token: str, account: Account | None = None) -> Site:
    return site_of(call, account.name if account else "", login_links.look_of(token))
