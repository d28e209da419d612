"""Sessions of clients: signed tokens that a log-in returns, and whether they are still valid (docs/rules.md §8).

A session has two tokens. The client's own opens everything its client may do. The product's is handed to the product,
whose host need not be the vendor's, and opens the product only.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.clients import logins as domain
from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.accounts.names import LogIn
from chalicelib.models.clients import sessions as session_rows
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.services.clients import tokens
from chalicelib.services.partners import actors

_OWN = "session"
_FOR_PRODUCT = "product"
_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Opener:
    """The partner who opened a session with a login link; ``actor`` is the key or the person that created it."""

    partner_id: str
    actor: str
    permission: str | None = None
    """That by which it managed the account: when that ends, the session ends for good (§9)."""


@dataclass(frozen=True)
class Session:
    """A session and the ``token`` it was asked for with. It is the partner's if there is an ``opener``, otherwise the
    client's.
    """

    id: str
    account: Account
    log_in: LogIn
    token: str
    expires_at: datetime
    opener: Opener | None = None


class SessionOver(Refusal):
    """The token is invalid or its session has ended."""

    kind = RefusalKind.UNAUTHENTICATED
    code = "session_over"
    title = "The session is over"


class NotTheClient(Refusal):
    """The token opens the product, but not the client's routes: it is the product's, or of a session that the partner
    opened with a login link.
    """

    kind = RefusalKind.FORBIDDEN
    code = "not_the_client"
    title = "Only the client may do this"


def begin_session(account: Account, log_in: LogIn, *, now: datetime, opener: Opener | None = None) -> Session:
    """Begin a session. It ends after twelve hours, at log-out, or when the password is changed."""
    session_id, ends_at = secrets.token_urlsafe(12), (now + _LIFETIME).replace(microsecond=0)
    token = _sign(_OWN, session_id, account, log_in, opener, now=now, ends_at=ends_at)
    return Session(id=session_id, account=account, log_in=log_in, token=token, expires_at=ends_at, opener=opener)


def product_token(session: Session, *, now: datetime) -> str:
    """The token of this session for the product: it ends with the session, and does not open the client's routes."""
    return _sign(
        _FOR_PRODUCT, session.id, session.account, session.log_in, session.opener, now=now, ends_at=session.expires_at
    )


def get_session(token: str, *, now: datetime) -> Session:
    """The session of a token, for the product: either of the session's tokens will do.

    Raises :class:`SessionOver` if the token is not valid now, for whatever reason, and while the product is closed to
    a client that may still log in, because it pays (§9).
    """
    session = _valid_session(token, now=now)
    if session.opener is None and not domain.may_use(session.account):
        raise SessionOver(
            f"The account is {session.account.status}. Its client can still see to it: see GET /client/account.",
            extra={"account_status": session.account.status},
        )
    return session


def get_client_session(token: str, *, now: datetime) -> Session:
    """The session of a token, for the client's own routes, which are open whenever the client may log in.

    Raises :class:`SessionOver` if the token is not valid now, and :class:`NotTheClient` if the partner opened it or it
    is the product's.
    """
    session = _valid_session(token, now=now)
    if tokens.claims_of(_OWN, token, now=now) is None:
        raise NotTheClient("This token is the product's and opens the product only. Log in with POST /public/login.")
    if session.opener is not None:
        raise NotTheClient("The partner opened this session with a login link. Log in with the account's password.")
    return session


def _valid_session(token: str, *, now: datetime) -> Session:
    over = SessionOver("Log in again.")
    claims = _claims_of(token, now=now)
    account = account_rows.get(str(claims["sub"])) if claims else None
    if claims is None or account is None or session_rows.has_ended(str(claims["jti"])):
        raise over
    opener = _opener_of(claims)
    log_in = name_rows.log_in(account.name)
    if log_in is None or log_in.account_id != account.id or log_in.generation != claims["generation"]:
        raise over
    if not _may_stay(account, opener):
        raise over
    return Session(
        id=str(claims["jti"]),
        account=account,
        log_in=log_in,
        token=token,
        expires_at=tokens.ends_at(claims),
        opener=opener,
    )


def end_session(token: str, *, now: datetime) -> None:
    """Log out: end the session of this token, and with it both of its tokens. Other sessions of the account continue.

    The session also ends if the account is disabled at the moment: it must not become valid again with the account.
    Raises :class:`SessionOver` if the token is invalid or expired, or its session was ended before.
    """
    over = SessionOver("There is nothing to log out of.")
    claims = _claims_of(token, now=now)
    account = account_rows.get(str(claims["sub"])) if claims else None
    if claims is None or account is None:
        raise over
    opener, ends_at = _opener_of(claims), tokens.ends_at(claims)
    actor = opener.actor if opener else domain.CLIENT
    try:
        commit([session_rows.put_ended(account, str(claims["jti"]), now=now, ends_at=ends_at, actor=actor)])
    except WriteConflict as conflict:
        raise over from conflict


def _sign(
    purpose: str,
    session_id: str,
    account: Account,
    log_in: LogIn,
    opener: Opener | None,
    *,
    now: datetime,
    ends_at: datetime,
) -> str:
    claims: dict[str, str | int] = {"jti": session_id, "sub": account.id, "generation": log_in.generation}
    if opener is not None:
        claims |= {"partner": opener.partner_id, "actor": opener.actor}
        claims |= {"permission": opener.permission} if opener.permission else {}
    return tokens.sign_token(purpose, claims, now=now, ends_at=ends_at)


def _claims_of(token: str, *, now: datetime) -> Mapping[str, Any] | None:
    """What a token of either kind says; None if it is not valid."""
    return tokens.claims_of(_OWN, token, now=now) or tokens.claims_of(_FOR_PRODUCT, token, now=now)


def _opener_of(claims: Mapping[str, Any]) -> Opener | None:
    if "partner" not in claims:
        return None
    return Opener(partner_id=claims["partner"], actor=claims["actor"], permission=claims.get("permission"))


def _may_stay(account: Account, opener: Opener | None) -> bool:
    """Whether whoever opened the session could still log in: the client, or the partner by the same key or person."""
    if opener is None:
        return domain.may_log_in(account)
    if opener.permission != account.permission or not domain.partner_may_log_in(account, opener.partner_id):
        return False
    return actors.may_still_act(partner_id=opener.partner_id, actor=opener.actor)
