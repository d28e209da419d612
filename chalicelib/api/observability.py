"""Logs and metrics of requests and runs: structured lines and counts. Never bodies, keys or headers."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

logger = Logger(service="sublet")
"""The entry points' logger. `Logger(service="sublet", child=True)` elsewhere adds the same keys (request_id, …)."""

_LAST_WORDS_MILLISECONDS = 500
"""How long before Lambda stops a function that is logged: afterwards nothing can be."""


def count(numbers: Mapping[str, float], **dimensions: str) -> None:
    """Write metrics to the log, each with these dimensions besides the service. Nothing without numbers.

    What is not a count has its unit at the end of its name.
    """
    if not numbers:
        return
    line = EphemeralMetrics(namespace="Sublet", service="sublet")
    for name, value in dimensions.items():
        line.add_dimension(name, value)
    for name, number in numbers.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        line.add_metric(name=name, unit=unit, value=number)
    line.flush_metrics()


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
