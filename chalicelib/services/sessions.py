"""Sessions of clients: the token a log-in gives, and what it is still good for (docs/rules.md §8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain import logins as domain
from chalicelib.domain.accounts import Account
from chalicelib.domain.refusals import Refusal
from chalicelib.models import accounts as account_rows
from chalicelib.models import names as name_rows
from chalicelib.models.names import LogIn
from chalicelib.services import tokens

_PURPOSE = "session"
_LASTS = timedelta(hours=12)


@dataclass(frozen=True)
class Session:
    """A session, with its ``token``: the client's or, with ``partner_id``, its partner's."""

    account: Account
    token: str
    expires_at: datetime
    partner_id: str | None = None


class SessionOver(Refusal):
    """A token that opens nothing (any more)."""

    status = 401
    code = "session_over"
    title = "The session is over"


def begin(account: Account, log_in: LogIn, *, now: datetime, partner_id: str | None = None) -> Session:
    """A session that lasts twelve hours, or until the password is changed."""
    ends_at = (now + _LASTS).replace(microsecond=0)
    claims: dict[str, str | int] = {"sub": account.id, "generation": log_in.generation}
    if partner_id is not None:
        claims["partner"] = partner_id
    token = tokens.signed(_PURPOSE, claims, now=now, ends_at=ends_at)
    return Session(account=account, token=token, expires_at=ends_at, partner_id=partner_id)


def of_token(token: str, *, now: datetime) -> Session:
    """The session of a token. Raises :class:`SessionOver` for every token that is not good now, whatever the reason."""
    over = SessionOver("Log in again.")
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    account = account_rows.get(str(claims["sub"])) if claims else None
    if claims is None or account is None or not _may_stay(account, claims.get("partner")):
        raise over
    log_in = name_rows.log_in(account.name)
    if log_in is None or log_in.account_id != account.id or log_in.generation != claims["generation"]:
        raise over
    return Session(account=account, token=token, expires_at=tokens.ends_at(claims), partner_id=claims.get("partner"))


def _may_stay(account: Account, partner_id: str | None) -> bool:
    """Whether the client, or this partner, would still be let in."""
    return domain.may_log_in(account) if partner_id is None else domain.partner_may_log_in(account, partner_id)
