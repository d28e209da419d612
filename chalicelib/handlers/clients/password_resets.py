"""Forgotten passwords: asking for a link, the page it opens, and setting the password anew."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.api import clock, parsing
from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.clients.logins import AskForReset, ResetAsked, SessionShape, SetPassword
from chalicelib.api.call import Call
from chalicelib.api.observability import logger
from chalicelib.api.pages import clients, forms, layout, log_ins
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.site import FORM_OVER, WEAK, Fault, Site, site_of
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import status_of
from chalicelib.api.routes import Routes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.clients.logins import LoginRefused
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.handlers.clients.logins import shown
from chalicelib.services.clients import password_resets

routes = Routes(Blueprint(__name__), tag="clients")


@routes.post(
    "/public/password-resets",
    body=AskForReset,
    returns=ResetAsked,
    status=202,
    scope=None,
    summary="Forgot the password",
    refusals=(429,),
)
def ask_for_password_reset(call: Call, body: AskForReset) -> ResetAsked:
    """Sends a link if this is the client's email address. The answer is the same if it is not, or if five links were
    requested within the hour. Too many requests from one address, for any accounts, get a 429."""
    password_resets.request_password_reset(
        account=body.account, email=body.email, source=call.source, base_url=call.base_url, now=call.now
    )
    return ResetAsked()


@routes.get(
    "/public/password-resets/{token}",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page behind a reset link",
    refusals=(404,),
)
def open_password_reset(call: Call, token: str) -> Answer:
    """A form for the new password. Opening it does not use up the link."""
    return _form_page(call, token, to=f"{token}/form")


@routes.post(
    "/public/password-resets/{token}",
    body=SetPassword,
    returns=SessionShape,
    scope=None,
    takes_secrets=True,
    summary="Set a forgotten password anew",
    refusals=(404, 409),
)
def reset_password(call: Call, token: str, body: SetPassword) -> Answer:
    """Sets another password and opens a session. The link and all earlier sessions end. A log-in that is locked after
    five wrong passwords stays locked for its five minutes."""
    return shown(call, password_resets.reset_password(token=token, password=body.password, now=call.now))


@routes.post(
    "/public/password-resets/{token}/form",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form of a reset link's page",
    refusals=(403, 404, 409),
)
def send_password_reset_form(call: Call, token: str) -> Answer:
    """Sets the password, like the route beside it, and leads on to the product in the session that opens."""
    try:
        fields = forms.fields_of(call, action="reset")
    except NotOurForm:
        return _form_page(call, token, to="form", fault=FORM_OVER)
    try:
        body = parsing.from_body(SetPassword, {"password": fields.get("new_password", "")})
        session = password_resets.reset_password(token=token, password=body.password, now=call.now)
    except (Faults, Invalid):
        return _form_page(call, token, to="form", fault=WEAK)
    except NotFound as refusal:
        return _over(call, token, refusal)
    except LoginRefused as refusal:
        site = _site(call, token, password_resets.get_reset(token, now=call.now).account)
        return clients.refused(site, refusal, back_to=log_ins.address(call, site.name, "login"))
    site = _site(call, token, session.account)
    return clients.password_set(
        site, leads_to=log_ins.next_url(call, session), headers=log_ins.session_cookie(call, session)
    )


def _form_page(call: Call, token: str, *, to: str, fault: Fault | None = None) -> Answer:
    try:
        reset = password_resets.get_reset(token, now=call.now)
    except NotFound as refusal:
        return _over(call, token, refusal)
    return clients.set_password(_site(call, token, reset.account), to=to, fault=fault)


def _over(call: Call, token: str, refusal: Refusal) -> Answer:
    """A page for browsers; programs get the refusal."""
    if not layout.wants_page(call):
        raise refusal
    return clients.over(_site(call, token), "reset_over", "reset_over_how", status=status_of(refusal))


def _site(call: Call, token: str, account: Account | None = None) -> Site:
    return site_of(call, account.name if account else "", password_resets.look_of(token))


@routes.blueprint.lambda_function(name="send_password_reset")
def send_password_reset(event: dict[str, str], context: Any) -> dict[str, bool]:
    """Send the requested link: to an account's client if it has this address, or to a person of the portal."""
    logger.append_keys(run=context.aws_request_id)
    sent = _send_link(dict(event))
    logger.info("link asked for", extra={"sent": sent})
    return {"sent": sent}


def _send_link(asked: dict[str, str]) -> bool:
    """Send the link of the kind that is asked for. People sign in by the machine's clock."""
    from chalicelib.services.people import credentials, invitations  # other routes of clients need neither

    match asked.pop("mail", None):
        case credentials.MAIL:
            return credentials.send_link(**asked, now=clock.machine_now())
        case invitations.MAIL:
            return invitations.send_link(**asked, now=clock.now())
        case _:
            return password_resets.send_link(**asked, now=clock.now())
