"""Forgotten passwords: asking for a link, the page it opens, and setting the password anew."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.api import clock, pages
from chalicelib.api.answers import Answer
from chalicelib.api.bodies.clients.logins import AskForReset, ResetAsked, SessionShape, SetPassword
from chalicelib.api.call import Call
from chalicelib.api.observability import logger
from chalicelib.api.routes import Routes
from chalicelib.domain.clients.passwords import LONGEST, SHORTEST
from chalicelib.domain.refusals import NotFound
from chalicelib.handlers.clients.logins import shown
from chalicelib.services.accounts.accounts import login_url
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
    media=(pages.HTML,),
    scope=None,
    summary="The page behind a reset link",
    refusals=(404,),
)
def open_password_reset(call: Call, token: str) -> Answer:
    """A form for the new password. Opening it does not use up the link."""
    try:
        reset = password_resets.get_reset(token, now=call.now)
    except NotFound as refusal:
        return pages.refused(call, refusal, branding=password_resets.branding_of(token))
    return pages.set_password(
        account_name=reset.account.name,
        branding=reset.branding,
        login_url=login_url(reset.account),
        shortest=SHORTEST,
        longest=LONGEST,
    )


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
    return shown(password_resets.reset_password(token=token, password=body.password, now=call.now))


@routes.blueprint.lambda_function(name="send_password_reset")
def send_password_reset(event: dict[str, str], context: Any) -> dict[str, bool]:
    """Send the requested link, if there is an account with this email address."""
    logger.append_keys(run=context.aws_request_id)
    sent = password_resets.send_link(
        account=event["account"], email=event["email"], base_url=event["base_url"], now=clock.now()
    )
    logger.info("password reset asked for", extra={"sent": sent})
    return {"sent": sent}
