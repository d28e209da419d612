"""Rate limits: how often something may be attempted before it is locked for a while (docs/rules.md §8).

An attempt is counted before it is made, so that attempts at the same time cannot exceed the limit.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """After this many ``tries`` none is allowed for ``locked_for``. Without new ones, the count is reset after
    ``forgotten_after``."""

    tries: int
    locked_for: timedelta
    forgotten_after: timedelta


LOGINS = Limit(tries=5, locked_for=timedelta(minutes=5), forgotten_after=timedelta(hours=1))
"""Wrong passwords for one account name."""

PASSWORD_RESETS = Limit(tries=5, locked_for=timedelta(hours=1), forgotten_after=timedelta(hours=1))
"""Reset links for one account name and one email."""

RESETS_BY_ADDRESS = Limit(tries=30, locked_for=timedelta(minutes=10), forgotten_after=timedelta(hours=1))
"""Reset links requested from one network address, for whatever accounts: each request starts a function."""

TRANSFER_MAILS_BY_PARTNER = Limit(tries=200, locked_for=timedelta(days=1), forgotten_after=timedelta(days=1))
"""Mails to owners of accounts that one partner wants to move in. More wait for the next day."""

TRANSFER_MAILS_TO_ADDRESS = Limit(tries=10, locked_for=timedelta(days=1), forgotten_after=timedelta(days=1))
"""The same, to one address: it may own several accounts, and is not to be pestered."""

SIGN_UPS_BY_ADDRESS = Limit(tries=20, locked_for=timedelta(hours=1), forgotten_after=timedelta(hours=1))
"""Sign-ups from one network address: each may charge a card, and stolen cards must not be tried by the hundred."""

CARD_SETUPS_BY_ADDRESS = Limit(tries=20, locked_for=timedelta(hours=1), forgotten_after=timedelta(hours=1))
"""Card set-ups begun from one network address: the processor checks each card with its bank."""

CLIENTS_CARD = Limit(tries=10, locked_for=timedelta(hours=1), forgotten_after=timedelta(hours=1))
"""New cards, and changes that may be charged, by a client who pays for its account: each may reach the bank."""

MANAGEMENT_REQUESTS = Limit(tries=3, locked_for=timedelta(days=1), forgotten_after=timedelta(days=1))
"""Requests for permission to manage one account: each is mailed to its client, who is not to be pestered."""

PORTAL_SIGN_INS_BY_ADDRESS = Limit(tries=50, locked_for=timedelta(minutes=10), forgotten_after=timedelta(hours=1))
"""Sign-ins to the portal from one network address, successful or not: an office shares one."""

INVITATIONS = Limit(tries=100, locked_for=timedelta(days=1), forgotten_after=timedelta(days=1))
"""Invitations to one team: each is a mail to somebody who did not ask for it."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts counted under the key ``id``. ``version`` counts the writes of the row."""

    id: str
    tries: int = 0
    tried_at: datetime | None = None
    locked_until: datetime | None = None
    version: int = 0


class TooManyTries(Refusal):
    """The limit is reached: no attempt is made until the lock ends (§8)."""

    kind = RefusalKind.RATE_LIMITED
    code = "too_many_tries"
    title = "Too many tries"


def with_attempt(attempts: Attempts, *, limit: Limit, now: datetime) -> Attempts:
    """The count with one more attempt, which may be made now. The last one allowed locks it.

    Raises :class:`TooManyTries` while it is locked.
    """
    if attempts.locked_until is not None and now < attempts.locked_until:
        wait = attempts.locked_until - now
        seconds = -(-wait // timedelta(seconds=1))
        raise TooManyTries(f"Try again in {seconds} seconds.", retry_after=seconds)
    tries = 1 if _starts_anew(attempts, limit=limit, now=now) else attempts.tries + 1
    locked_until = now + limit.locked_for if tries >= limit.tries else None
    return replace(attempts, tries=tries, tried_at=now, locked_until=locked_until)


def ends_at(attempts: Attempts, *, limit: Limit, now: datetime) -> datetime:
    """When the count no longer matters and may be deleted."""
    return max(attempts.locked_until or now, now + limit.forgotten_after)


def _starts_anew(attempts: Attempts, *, limit: Limit, now: datetime) -> bool:
    """Whether the count starts from zero: nothing was counted, its lock has ended, or the last attempt is long ago."""
    if attempts.tried_at is None or attempts.locked_until is not None:
        return True
    return now >= attempts.tried_at + limit.forgotten_after
