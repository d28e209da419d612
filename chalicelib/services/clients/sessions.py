"""Sessions of clients: the token a log-in gives, and what it is still good for (docs/rules.md §8)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.clients import logins as domain
from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.accounts.names import LogIn
from chalicelib.models.clients import sessions as session_rows
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.services.clients import tokens
from chalicelib.services.partners import api_keys

_PURPOSE = "session"
_LASTS = timedelta(hours=12)


@dataclass(frozen=True)
class Opener:
    """The partner who opened a session by a login link, and as whom: ``actor`` is the API key that made the link."""

    partner_id: str
    actor: str


@dataclass(frozen=True)
class Session:
    """A session, with its ``token``: the client's or, with an ``opener``, its partner's."""

    account: Account
    log_in: LogIn
    token: str
    expires_at: datetime
    opener: Opener | None = None


class SessionOver(Refusal):
    """A token that opens nothing (any more)."""

    kind = RefusalKind.UNAUTHENTICATED
    code = "session_over"
    title = "The session is over"


def begin(account: Account, log_in: LogIn, *, now: datetime, opener: Opener | None = None) -> Session:
    """A session that lasts twelve hours, or until somebody logs out of it or the password is changed."""
    ends_at = (now + _LASTS).replace(microsecond=0)
    claims: dict[str, str | int] = {
        "jti": secrets.token_urlsafe(12),
        "sub": account.id,
        "generation": log_in.generation,
    }
    if opener is not None:
        claims |= {"partner": opener.partner_id, "actor": opener.actor}
    token = tokens.signed(_PURPOSE, claims, now=now, ends_at=ends_at)
    return Session(account=account, log_in=log_in, token=token, expires_at=ends_at, opener=opener)


def of_token(token: str, *, now: datetime) -> Session:
    """The session of a token. Raises :class:`SessionOver` for every token that is not good now, whatever the reason."""
    over = SessionOver("Log in again.")
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    account = account_rows.get(str(claims["sub"])) if claims else None
    if claims is None or account is None or session_rows.has_ended(str(claims["jti"])):
        raise over
    opener = _opener_of(claims)
    log_in = name_rows.log_in(account.name)
    if log_in is None or log_in.account_id != account.id or log_in.generation != claims["generation"]:
        raise over
    if not _may_stay(account, opener):
        raise over
    return Session(account=account, log_in=log_in, token=token, expires_at=tokens.ends_at(claims), opener=opener)


def end(token: str, *, now: datetime) -> None:
    """Log out: the token opens nothing from now on. Other sessions go on.

    A session that is only out of use now (its account is disabled) ends as well: it must not come back.
    Raises :class:`SessionOver` for what is no session, or over for certain.
    """
    over = SessionOver("There is nothing to log out of.")
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    account = account_rows.get(str(claims["sub"])) if claims else None
    if claims is None or account is None:
        raise over
    opener, ends_at = _opener_of(claims), tokens.ends_at(claims)
    actor = opener.actor if opener else domain.CLIENT
    try:
        commit([session_rows.put_ended(account, str(claims["jti"]), now=now, ends_at=ends_at, actor=actor)])
    except WriteConflict as conflict:
        raise over from conflict


def _opener_of(claims: Mapping[str, Any]) -> Opener | None:
    return Opener(partner_id=claims["partner"], actor=claims["actor"]) if "partner" in claims else None


def _may_stay(account: Account, opener: Opener | None) -> bool:
    """Whether the client, or the partner with the key that opened the session, would still be let in."""
    if opener is None:
        return domain.may_log_in(account)
    return domain.partner_may_log_in(account, opener.partner_id) and not api_keys.is_revoked(
        partner_id=opener.partner_id, actor=opener.actor
    )
