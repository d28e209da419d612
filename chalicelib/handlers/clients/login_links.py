"""Login links of partners: making one, the page it opens, and the session it gives."""

from chalice.app import Blueprint

from chalicelib.api import pages
from chalicelib.api.answers import Answer
from chalicelib.api.bodies.clients.logins import LoginLinkShape, SessionShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import NotFound
from chalicelib.handlers.clients.logins import shown
from chalicelib.services.accounts.accounts import login_url
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
    media=(pages.HTML,),
    scope=None,
    summary="The page behind a login link",
    refusals=(404,),
)
def open_login_link(call: Call, token: str) -> Answer:
    """A page that uses the link and goes on to the account's login with the session's token behind the `#`. Fetching
    the page alone uses up nothing."""
    try:
        target = login_links.get_link_target(token=token, now=call.now)
    except NotFound as over:
        return pages.refused(call, over, branding=login_links.branding_of(token))
    return pages.log_in(account_name=target.account.name, branding=target.branding, login_url=login_url(target.account))


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
    return shown(login_links.use_link(token=token, now=call.now))
