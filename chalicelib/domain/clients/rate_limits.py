"""How often something may be tried before it is locked for a while (docs/rules.md §8).

A try is counted before it is made, so that tries made at the same time can't slip by the count.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.refusals import Refusal, RefusalKind


@dataclass(frozen=True, slots=True)
class Limit:
    """``tries`` are allowed, then none ``locked_for`` this long; a count nobody adds to is ``forgotten_after``."""

    tries: int
    locked_for: timedelta
    forgotten_after: timedelta


LOGINS = Limit(tries=5, locked_for=timedelta(minutes=5), forgotten_after=timedelta(hours=1))
"""Wrong passwords of one account's name."""

PASSWORD_RESETS = Limit(tries=5, locked_for=timedelta(hours=1), forgotten_after=timedelta(hours=1))
"""Links to set a forgotten password anew, for one account's name and one email."""

RESETS_OF_SOURCE = Limit(tries=30, locked_for=timedelta(minutes=10), forgotten_after=timedelta(hours=1))
"""Links asked for from one network address, for whatever accounts: each starts a function."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """The tries counted so far. ``id`` says of what; ``version`` counts its writes."""

    id: str
    tries: int = 0
    tried_at: datetime | None = None
    locked_until: datetime | None = None
    version: int = 0


class TooManyTries(Refusal):
    """Locked for a while: nothing is tried, whatever it is (§8)."""

    kind = RefusalKind.RATE_LIMITED
    code = "too_many_tries"
    title = "Too many tries"


def counted(attempts: Attempts, *, limit: Limit, now: datetime) -> Attempts:
    """The guard with one more try, which may be made now. The last one locks it.

    Raises :class:`TooManyTries` while it is locked.
    """
    if attempts.locked_until is not None and now < attempts.locked_until:
        wait = attempts.locked_until - now
        seconds = -(-wait // timedelta(seconds=1))
        raise TooManyTries(f"Try again in {seconds} seconds.", retry_after=seconds)
    tries = 1 if _is_over(attempts, limit=limit, now=now) else attempts.tries + 1
    locked_until = now + limit.locked_for if tries >= limit.tries else None
    return replace(attempts, tries=tries, tried_at=now, locked_until=locked_until)


def ends_at(attempts: Attempts, *, limit: Limit, now: datetime) -> datetime:
    """From when on the guard says nothing any more and may be deleted."""
    return max(attempts.locked_until or now, now + limit.forgotten_after)


def _is_over(attempts: Attempts, *, limit: Limit, now: datetime) -> bool:
    """Whether the count begins anew: nothing counted, a lock that has ended, or long ago."""
    if attempts.tried_at is None or attempts.locked_until is not None:
        return True
    return now >= attempts.tried_at + limit.forgotten_after
