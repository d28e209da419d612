"""Counting requests against the limit of an API key or a network address (docs/rules.md §8).

A process keeps its own tallies and charges them to buckets that all processes share. A function handles one request at
a time, so tallies need no lock.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial

from chalicelib.domain import request_limits as domain
from chalicelib.domain.request_limits import Bucket, RequestLimit, Tally, TooManyRequests

_MOST_TALLIES = 1_000
"""A process forgets the tally that it has used least recently, with up to seven requests that were not charged."""
_TRIES = 5
"""Each conflict means that another process was charged for the same key or address."""


class LimitUnknown(Exception):
    """The bucket can't be read or written: this request is let through, as are those of the next seconds."""


def count_by_key(key_id: str, *, limit: RequestLimit, now: datetime) -> None:
    """Count a request with an API key. ``now`` is the machine's time, whatever a sandbox's clock says.

    Most requests cost nothing: one in eight costs a write, and each one of a key that has used most of its tokens.
    Raises :class:`TooManyRequests` and :class:`LimitUnknown`.
    """
    _count(key_id, limit=limit, now=now, bucket_id=lambda: f"requests#{key_id}")


def count_by_address(source: str, *, route: str, limit: RequestLimit, now: datetime) -> None:
    """Count a request from a network address to a public route; else as :func:`count_by_key`."""
    from chalicelib.services.clients import rate_limits  # requests with a key need no addresses

    network = rate_limits.network_of(source)
    bucket_id = partial(rate_limits.address_key, f"requests {route}", network)
    _count(f"{route} {network}", limit=limit, now=now, bucket_id=bucket_id)


def _count(name: str, *, limit: RequestLimit, now: datetime, bucket_id: Callable[[], str]) -> None:
    tally = _tallies().get(name) or Tally()
    if not domain.counts(tally, now=now):
        return
    tally = domain.with_request(tally, limit=limit, now=now)
    if not domain.is_to_charge(tally, limit=limit, now=now):
        _keep(name, tally)
        return
    try:
        bucket, refusal = _charge(tally, limit=limit, now=now, bucket_id=bucket_id)
    except LimitUnknown:
        _keep(name, domain.without_bucket(now=now))
        raise
    if refusal is not None:
        _keep(name, domain.with_refusal(tally, bucket=bucket, wait_seconds=refusal.retry_after or 1, now=now))
        raise refusal
    _keep(name, Tally(bucket))


def _charge(
    tally: Tally, *, limit: RequestLimit, now: datetime, bucket_id: Callable[[], str]
) -> tuple[Bucket, TooManyRequests | None]:
    """Charge all requests of a tally to its bucket, and return it, with the refusal if it has too few tokens.

    It is read only if it is not as this process last saw it. Raises :class:`LimitUnknown`.
    """
    from pynamodb.exceptions import PynamoDBException

    from chalicelib.gateways.secrets import SecretMissing
    from chalicelib.models import request_limits as bucket_rows

    try:
        bucket = tally.bucket or bucket_rows.get(bucket_id())
        for _ in range(_TRIES):
            charged = domain.with_charge(bucket, requests=tally.uncharged, limit=limit, now=now)
            written = bucket_rows.put(charged)
            if written is not None:
                return written, None
            bucket = bucket_rows.get(bucket.id)
    except TooManyRequests as refusal:
        return bucket, refusal
    except (PynamoDBException, SecretMissing) as error:
        raise LimitUnknown from error
    return bucket, TooManyRequests.after(timedelta(0), limit)


def _keep(name: str, tally: Tally) -> None:
    tallies = _tallies()
    tallies[name] = tally
    tallies.move_to_end(name)
    if len(tallies) > _MOST_TALLIES:
        tallies.popitem(last=False)


@cache
def _tallies() -> OrderedDict[str, Tally]:
    return OrderedDict()
