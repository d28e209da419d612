"""Logs and metrics of requests and runs: structured lines and counts. Never bodies, keys or headers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="sublet")
"""The entry points' logger. `Logger(service="sublet", child=True)` elsewhere adds the same keys (request_id, …)."""

metrics = Metrics(namespace="Sublet", service="sublet")
"""Counts of what the worker and the sweeps did. Requests are counted by API Gateway itself."""

_LAST_WORDS_MILLISECONDS = 500
"""How long before Lambda stops a function that is logged: afterwards nothing can be."""


@contextmanager
def logged_if_cut_off(context: Any) -> Iterator[None]:
    """Log an error shortly before Lambda stops the function, which then answers nothing itself.

    API Gateway then answers with a 5xx, whose request id would be in no log otherwise.
    """
    if not hasattr(context, "get_remaining_time_in_millis"):
        yield
        return
    left = max(context.get_remaining_time_in_millis() - _LAST_WORDS_MILLISECONDS, 0)
    warning = threading.Timer(left / 1000, logger.error, ("the time is up: the request is cut off",))
    warning.daemon = True
    warning.start()
    try:
        yield
    finally:
        warning.cancel()
