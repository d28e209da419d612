"""Counting tries before they are made (docs/rules.md §8)."""

import contextlib
import hashlib
from datetime import datetime

from chalicelib.domain.clients import rate_limits as domain
from chalicelib.domain.clients.rate_limits import Limit
from chalicelib.models.clients import rate_limits as attempt_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit

_TRIES = 20
"""Each time another was first, one more try is counted, or a count was set back."""


def count(limit_key: str, *, limit: Limit, now: datetime) -> None:
    """Count a try that is about to be made. Raises :class:`TooManyTries` if it may not be.

    However many ask at the same time, no more than the limit get through: each count is written
    under the condition that none came between.
    """
    for _ in range(_TRIES):
        attempts = domain.counted(attempt_rows.get(limit_key), limit=limit, now=now)
        try:
            commit([attempt_rows.put(attempts, ends_at=domain.ends_at(attempts, limit=limit, now=now))])
        except WriteConflict:
            continue
        return
    raise Busy("Others kept trying the same. Try again in a moment.", retry_after=1)


def reset(limit_key: str) -> None:
    """Forget what was counted, and the lock."""
    with contextlib.suppress(WriteConflict):  # somebody else set it back already
        commit([attempt_rows.remove(limit_key)])


def limit_key_of(kind: str, name: str) -> str:
    """The guard of what has this name, whether there is such a thing or not."""
    return f"{kind}#{hashlib.sha256(name.encode()).hexdigest()}"
