"""Links by which a partner logs in to an account it manages, valid for 60 seconds and one use (docs/rules.md §8)."""

import secrets
from datetime import datetime, timedelta

from chalicelib.domain.accounts import actions
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import Action
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.clients import login_links as link_rows
from chalicelib.models.clients.login_links import LoginLinkRow
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.services.accounts import accounts
from chalicelib.services.clients import looks, sessions, tokens
from chalicelib.services.clients.looks import Look
from chalicelib.services.clients.sessions import Opener, Session
from chalicelib.services.partners import actors

_PURPOSE = "link"
_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True)
class LoginLink:
    """A new link; ``url`` is the only copy there will ever be."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class LinkTarget:
    """The account a valid link leads to, and the account's branding."""

    account: Account
    branding: Branding


def create_link(*, partner_id: str, account_id: str, base_url: str, now: datetime, actor: str) -> LoginLink:
    """Create a link into an account. Raises :class:`NotFound` and what :func:`actions.refuse_unless` raises (§3)."""
    account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
    actions.refuse_unless(account, Action.LOGIN, now=now)
    link_id = secrets.token_urlsafe(12)
    ends_at = (now + _LIFETIME).replace(microsecond=0)
    commit([link_rows.put(account, link_id, now=now, ends_at=ends_at, actor=actor)])
    token = tokens.sign_token(_PURPOSE, {"jti": link_id, "sub": account.id}, now=now, ends_at=ends_at)
    return LoginLink(url=f"{base_url}/public/login-links/{token}", expires_at=ends_at)


def get_link_target(*, token: str, now: datetime) -> LinkTarget:
    """Where a link leads, without using it up. Raises :class:`NotFound` if it is invalid, used or expired."""
    _, account = _valid_link(token, now=now)
    return LinkTarget(account=account, branding=branding_rows.get(account.id))


def look_of(token: str) -> Look:
    """How the page of a link looks, even if it is used or expired."""
    return looks.look_of_link(_PURPOSE, token)


def use_link(*, token: str, now: datetime) -> Session:
    """Use a link up and begin the partner's session. Raises :class:`NotFound` and what :func:`create_link` raises."""
    row, account = _valid_link(token, now=now)
    actions.refuse_unless_managed(account)
    actions.refuse_unless(account, Action.LOGIN, now=now)
    log_in = name_rows.log_in(account.name)
    if log_in is None:
        raise _invalid()
    try:
        commit([link_rows.put_used(row, now=now)])
    except WriteConflict as conflict:
        raise _invalid() from conflict
    opener = Opener(partner_id=row.partner_id, actor=row.actor, permission=account.permission)
    return sessions.begin_session(account, log_in, opener=opener, now=now)


def _valid_link(token: str, *, now: datetime) -> tuple[LoginLinkRow, Account]:
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    row = link_rows.find(str(claims["jti"])) if claims else None
    account = account_rows.get(row.account_id) if row is not None and row.used_at is None else None
    if row is None or account is None:
        raise _invalid()
    if (row.partner_id, row.permission) != (account.partner_id, account.permission):
        raise _invalid()
    if not actors.may_still_act(partner_id=row.partner_id, actor=row.actor):
        raise _invalid()
    return row, account


def _invalid() -> NotFound:
    return NotFound("This link is not valid: it lasts 60 seconds and works once. Ask for another one.")
