"""Clients: logging in, changing a password, reading a session. These routes need no API key."""

from chalice.app import Blueprint

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.clients.logins import ChangePassword, LogInBody, SessionInfo, SessionShape, tokens_of
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import Invalid
from chalicelib.services.clients import logins, sessions
from chalicelib.services.clients.sessions import Session

routes = Routes(Blueprint(__name__), tag="clients")


@routes.post(
    "/public/login",
    body=LogInBody,
    returns=SessionShape,
    scope=None,
    takes_secrets=True,
    summary="Log in to an account",
    refusals=(401, 409, 429),
)
def log_in(call: Call, body: LogInBody) -> Answer:
    """A session for the right password. After five wrong ones the account's log-in is locked for five minutes."""
    session = logins.log_in(account=body.account, username=body.username, password=body.password, now=call.now)
    return shown(call, session)


@routes.post(
    "/public/password",
    body=ChangePassword,
    returns=SessionShape,
    scope=None,
    takes_secrets=True,
    summary="Change a password one knows",
    refusals=(401, 409, 429),
)
def change_password(call: Call, body: ChangePassword) -> Answer:
    """Sets a new password and opens a new session; all others end. A wrong current password counts as a failed log-in.

    A partner that is in its client's account by a login link sends only `new_password`, with its session's token as
    `Authorization: Bearer`. The event then names the API key that opened the session.
    """
    credentials = {"account": body.account, "username": body.username, "password": body.password}
    given = {name: value for name, value in credentials.items() if value is not None}
    if not given and "Authorization" in call.headers:
        token = call.bearer_token
        return shown(call, logins.set_password_as_partner(token=token, new_password=body.new_password, now=call.now))
    if missing := [name for name in credentials if name not in given]:
        raise Invalid(errors=[(name, "is required") for name in missing])
    return shown(call, logins.change_password(**given, new_password=body.new_password, now=call.now))


@routes.post(
    "/public/logout",
    returns=None,
    scope=None,
    takes_secrets=True,
    summary="Log out",
    refusals=(401,),
)
def log_out(call: Call) -> None:
    """End the session whose token is sent as `Authorization: Bearer`; the token is no longer valid."""
    sessions.end_session(call.bearer_token, now=call.now)


@routes.get("/public/session", returns=SessionInfo, scope=None, summary="Whose session is it?", refusals=(401,))
def get_session(call: Call) -> SessionInfo:
    """For the product: what a session's token, sent as `Authorization: Bearer`, opens now. 401 once it is over, and
    while the account is expired, archived or disabled: its client's session then opens `/client` only."""
    return SessionInfo.of(sessions.get_session(call.bearer_token, now=call.now))


def shown(call: Call, session: Session) -> Answer:
    """A session; its tokens are secrets, which are neither stored nor logged."""
    return Answer(body=SessionShape.of(session), secrets=tokens_of(session, now=call.now))
