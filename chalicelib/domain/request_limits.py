"""Request limits: how many requests may come from one API key, or from one network address on one public route
(docs/rules.md §8).

A token bucket that all processes share: each request takes a token, and tokens come back at a steady rate. A process
does not ask the bucket about each request. It lets a few through, fewer the emptier the bucket is, and then charges
them together (docs/decisions/request-limits.md).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.values import dataclass

_MOST_UNCHARGED = 8
_SHARE = 5
"""A process lets through a fifth of the tokens left before it charges: a key that uses its whole rate keeps about five
processes busy."""
_SHORTEST_WAIT = timedelta(seconds=1)
_UNCOUNTED_FOR = timedelta(seconds=5)
_CLOCKS_APART = timedelta(minutes=1)
"""More than the clocks of two machines differ."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """``rate`` requests a second, and ``burst`` at once after a pause. ``each`` says for what: `one API key`."""

    rate: int
    burst: int
    each: str

    @property
    def refill(self) -> timedelta:
        """The time in which one token comes back, rounded up."""
        return timedelta(microseconds=-(-1_000_000 // self.rate))

    @property
    def whole(self) -> timedelta:
        """The time in which an empty bucket becomes full."""
        return self.burst * self.refill


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket is one moment: when it will be full again. ``version`` counts the writes of its row."""

    id: str
    full_at: datetime = _LONG_AGO
    version: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What one process knows: the bucket as it last saw it, and how many requests it let through without charging them.

    Until ``refused_until`` it refuses requests, and until ``uncounted_until`` it does not count them.
    """

    bucket: Bucket | None = None
    uncharged: int = 0
    refused_until: datetime | None = None
    uncounted_until: datetime | None = None


class TooManyRequests(Refusal):
    """The bucket has too few tokens (§8)."""

    kind = RefusalKind.RATE_LIMITED
    code = "too_many_requests"
    title = "Too many requests"

    @classmethod
    def after(cls, wait: timedelta, limit: RequestLimit) -> "TooManyRequests":
        """The refusal of a request that may come again after ``wait``, at least a second."""
        seconds = -(-max(wait, _SHORTEST_WAIT) // timedelta(seconds=1))
        later = "a second" if seconds == 1 else f"{seconds} seconds"
        return cls(
            f"At most {limit.rate} requests a second, and {limit.burst} at once after a pause, are answered for "
            f"{limit.each}. Try again in {later}.",
            extra={"requests_per_second": limit.rate, "requests_at_once": limit.burst},
            retry_after=seconds,
        )


def tokens_in(bucket: Bucket | None, *, limit: RequestLimit, now: datetime) -> int:
    """How many requests the bucket can be charged with now."""
    return max(0, (limit.whole - _missing(bucket, limit=limit, now=now)) // limit.refill)


def with_charge(bucket: Bucket, *, requests: int, limit: RequestLimit, now: datetime) -> Bucket:
    """The bucket without the tokens of these ``requests``. Raises :class:`TooManyRequests` if it has too few."""
    missing = _missing(bucket, limit=limit, now=now) + requests * limit.refill
    if missing > limit.whole:
        raise TooManyRequests.after(missing - limit.whole, limit)
    return replace(bucket, full_at=now + missing)


def with_request(tally: Tally, *, limit: RequestLimit, now: datetime) -> Tally:
    """The tally with one more request. Raises :class:`TooManyRequests` while requests are refused."""
    longest = limit.whole + _CLOCKS_APART + _SHORTEST_WAIT
    if wait := _time_until(tally.refused_until, now=now, at_most=longest):
        raise TooManyRequests.after(wait, limit)
    return replace(tally, uncharged=tally.uncharged + 1)


def is_to_charge(tally: Tally, *, limit: RequestLimit, now: datetime) -> bool:
    """Whether the process has let through as many requests as it may, and must charge them to the bucket."""
    tokens = tokens_in(tally.bucket, limit=limit, now=now)
    return tally.uncharged >= max(1, min(tokens // _SHARE, _MOST_UNCHARGED))


def with_refusal(tally: Tally, *, bucket: Bucket, wait_seconds: int, now: datetime) -> Tally:
    """The tally after the bucket refused its last request: for so long the process refuses without asking."""
    return Tally(bucket, uncharged=tally.uncharged - 1, refused_until=now + timedelta(seconds=wait_seconds))


def without_bucket(*, now: datetime) -> Tally:
    """The tally after the bucket could not be read or written: for a few seconds nothing is counted."""
    return Tally(uncounted_until=now + _UNCOUNTED_FOR)


def counts(tally: Tally, *, now: datetime) -> bool:
    """Whether requests are counted."""
    return not _time_until(tally.uncounted_until, now=now, at_most=_UNCOUNTED_FOR)


def _time_until(moment: datetime | None, *, now: datetime, at_most: timedelta) -> timedelta:
    """How far ahead a moment is; zero if it has passed, or is farther than it can be: then a clock was wrong."""
    ahead = moment - now if moment is not None else timedelta(0)
    return ahead if timedelta(0) < ahead <= at_most else timedelta(0)


def _missing(bucket: Bucket | None, *, limit: RequestLimit, now: datetime) -> timedelta:
    """The time until the bucket is full.

    One that needs longer than an empty one, and by more than clocks differ, was written by a wrong clock or under
    another limit: it counts as full, so that nobody is locked out.
    """
    return _time_until(bucket.full_at if bucket else None, now=now, at_most=limit.whole + _CLOCKS_APART)
