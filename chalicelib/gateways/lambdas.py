"""Invoking other functions: to continue before this one times out, or to have something done elsewhere."""

import json
import re
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from chalicelib import aws

_THROTTLED = frozenset({"TooManyRequestsException", "EC2ThrottledException", "ThrottlingException"})
_TIMED_OUT = re.compile(r"Task timed out|Sandbox\.Timedout")
"""How Lambda reports a function that was stopped for its time."""

_LONGEST_WAIT_SECONDS = 15
"""Of the only try: the calling request must still be able to answer before it times out itself."""
_LONGEST_START_SECONDS = 8
"""Of each try to queue an event."""


def start(function: str, event: dict[str, Any]) -> None:
    """Invoke a function without waiting for it. Lambda only queues the event, so a second try fits in."""
    _lambda(tries=2, seconds=_LONGEST_START_SECONDS).invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode()
    )


class FunctionFailed(Exception):
    """The function raised; its own log says why."""


class FunctionLate(Exception):
    """The function did not finish in time, or too many of it run already. Another call may succeed."""


def call(function: str, event: dict[str, Any]) -> Any:
    """Invoke a function and wait for what it returns. Raises :class:`FunctionFailed` and :class:`FunctionLate`."""
    try:
        answer = _lambda(tries=1, seconds=_LONGEST_WAIT_SECONDS).invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        returned = answer["Payload"].read().decode()
    except (ReadTimeoutError, ConnectTimeoutError) as error:
        raise FunctionLate(f"{function}: {error}") from error
    except ClientError as error:
        if error.response["Error"]["Code"] in _THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise FunctionLate(f"{function}: {error}") from error
        raise
    if "FunctionError" in answer:
        raise (FunctionLate if _TIMED_OUT.search(returned) else FunctionFailed)(f"{function}: {returned}")
    return json.loads(returned)


@cache
def _lambda(*, tries: int, seconds: float) -> Any:
    patience = Config(connect_timeout=3, read_timeout=seconds, retries={"total_max_attempts": tries})
    return aws.client("lambda", patience)
