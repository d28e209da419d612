"""Clients: logging in, changing a password, whose session a token is. No API key is asked for."""

from chalice.app import Blueprint

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.logins import ChangePassword, LogInBody, SessionInfo, SessionShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services import logins, sessions
from chalicelib.services.sessions import Session

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
    return shown(session)


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
    """Another password, and a new session; all others end. A wrong present one counts like one of a log-in."""
    session = logins.change_password(
        account=body.account,
        username=body.username,
        password=body.password,
        new_password=body.new_password,
        now=call.now,
    )
    return shown(session)


@routes.get("/public/session", returns=SessionInfo, scope=None, summary="Whose session is it?", refusals=(401,))
def get_session(call: Call) -> SessionInfo:
    """For the product: what a session's token, sent as `Authorization: Bearer`, opens now. 401 once it is over."""
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    return SessionInfo.of(sessions.of_token(token.strip() if scheme.lower() == "bearer" else "", now=call.now))


def shown(session: Session) -> Answer:
    """A session, its token apart from what may be kept or logged."""
    return Answer(body=SessionShape(token=None, expires_at=session.expires_at), secrets={"token": session.token})
