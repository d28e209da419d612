"""The limits of requests (docs/rules.md §8): by API key, and on public routes by network address."""

from datetime import datetime

from chalicelib.api.call import Call
from chalicelib.api.declared import Route
from chalicelib.api.observability import count, logger
from chalicelib.config import settings
from chalicelib.domain.request_limits import RequestLimit, TooManyRequests
from chalicelib.services import request_limits


def count_request(route: Route, call: Call, *, now: datetime) -> None:
    """Count a request before anything is done for it. Raises :class:`TooManyRequests`.

    ``now`` is the machine's time. Without an answer from the table the request is let through.
    """
    limit = _limit_of(route)
    if limit is None:
        return
    try:
        if call.key_id is not None:
            request_limits.count_by_key(call.key_id, limit=limit, now=now)
        else:
            request_limits.count_by_address(call.source, route=f"{route.method} {route.path}", limit=limit, now=now)
    except TooManyRequests:
        count({"RequestsRefused": 1})
        raise
    except request_limits.LimitUnknown as error:
        logger.error("the limit of requests is unknown: requests are let through", exc_info=error)
        count({"RequestLimitsUnknown": 1})


def key_limit() -> RequestLimit | None:
    """The limit of each API key; None if there is none."""
    return _limit(settings().key_rate, settings().key_burst, each="one API key")


def _limit_of(route: Route) -> RequestLimit | None:
    if not route.limited:
        return None
    if route.takes_key:
        return key_limit()
    return _limit(settings().address_rate, settings().address_burst, each="one network address and route")


def _limit(rate: int, burst: int, *, each: str) -> RequestLimit | None:
    return RequestLimit(rate=rate, burst=burst, each=each) if rate else None
