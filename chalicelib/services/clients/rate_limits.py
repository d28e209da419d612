"""Counting attempts, each before it is made (docs/rules.md §8)."""

import contextlib
import hashlib
import hmac
import ipaddress
from datetime import datetime

from chalicelib.domain.clients import rate_limits as domain
from chalicelib.domain.clients.rate_limits import Limit
from chalicelib.gateways import secrets
from chalicelib.models.clients import rate_limits as attempt_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit

_TRIES = 20
"""Each conflict means that another request was counted or the count was reset."""


def count_attempt(limit_key: str, *, limit: Limit, now: datetime) -> None:
    """Count an attempt that is about to be made. Raises :class:`TooManyTries` if the limit is reached.

    However many requests come at the same time, no more than the limit get through: a count is only written if it has
    not changed since it was read.
    """
    for _ in range(_TRIES):
        attempts = domain.with_attempt(attempt_rows.get(limit_key), limit=limit, now=now)
        try:
            commit([attempt_rows.put(attempts, ends_at=domain.ends_at(attempts, limit=limit, now=now))])
        except WriteConflict:
            continue
        return
    raise Busy("Too many others tried the same at once. Try again in a moment.", retry_after=1)


def reset_attempts(limit_key: str) -> None:
    """Remove the count and the lock."""
    with contextlib.suppress(WriteConflict):  # another request has just reset it
        commit([attempt_rows.remove(limit_key)])


def limit_key_of(kind: str, name: str) -> str:
    """The key under which attempts on the thing of this name are counted, whether or not it exists."""
    return f"{kind}#{hashlib.sha256(name.encode()).hexdigest()}"


def address_key(kind: str, source: str) -> str:
    """The key of a network address, or of the network that :func:`network_of` says.

    The address is hashed with a secret: without one, trying all addresses would reveal it.
    """
    network = network_of(source)
    return limit_key_of(kind, hmac.digest(secrets.key_for("source"), network.encode(), "sha256").hex())


def network_of(source: str) -> str:
    """The network whose requests are counted together: an address, of IPv6 its /64 network, which one host has."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else source
