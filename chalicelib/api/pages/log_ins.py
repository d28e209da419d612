"""Where a log-in leads, and the cookie that keeps its session for the pages of the account."""

from collections.abc import Mapping

from chalicelib.api.call import Call
from chalicelib.api.pages import forms
from chalicelib.domain.clients import logins
from chalicelib.services.accounts.accounts import login_url
from chalicelib.services.clients import sessions
from chalicelib.services.clients.sessions import Session

SETTINGS = "settings"
"""Where a log-in leads that the settings page asked for."""


def product_url(call: Call, session: Session) -> str:
    """The product's address, with the product's token of the session where only the browser sees it."""
    return f"{login_url(session.account)}/#token={sessions.product_token(session, now=call.now)}"


def address(call: Call, name: str, page: str) -> str:
    """The address of one of an account's pages."""
    return f"{call.base_url}/public/accounts/{name}/{page}"


def next_url(call: Call, session: Session) -> str:
    """Where a log-in leads: to the product, or to the settings while the account is not open."""
    if logins.may_use(session.account):
        return product_url(call, session)
    return address(call, session.account.name, SETTINGS)


def session_cookie(call: Call, session: Session) -> Mapping[str, str]:
    """Keeps the session for the pages of its account; the API itself never reads cookies."""
    return {"Set-Cookie": forms.cookie(call, _cookie_name(session.account.name), session.token, same_site="Strict")}


def no_session_cookie(call: Call, name: str) -> Mapping[str, str]:
    return {"Set-Cookie": forms.cookie(call, _cookie_name(name), "", same_site="Strict", seconds=0)}


def session_token(call: Call, name: str) -> str:
    """The token that the browser keeps for the pages of this account; empty without one."""
    return forms.cookie_of(call, _cookie_name(name))


def _cookie_name(name: str) -> str:
    return f"session-{name}"
