"""Other functions: going on in a new invocation before this one's time is up, and having something done elsewhere."""

import json
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import get_session

_LONGEST_WAIT_SECONDS = 11
"""Two tries must end before API Gateway gives up: who waited in vain must still be able to say so."""


def start(function: str, event: dict[str, Any]) -> None:
    """Invoke a function without waiting for it."""
    _lambda().invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())


class FunctionFailed(Exception):
    """The function raised, timed out or could not be started; its own log tells why."""


def call(function: str, event: dict[str, Any]) -> Any:
    """Invoke a function and wait for what it returns. Raises :class:`FunctionFailed`."""
    answer = _lambda().invoke(FunctionName=function, Payload=json.dumps(event).encode())
    returned = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise FunctionFailed(f"{function}: {returned}")
    return json.loads(returned)


@cache
def _lambda() -> Any:
    patience = Config(connect_timeout=3, read_timeout=_LONGEST_WAIT_SECONDS, retries={"total_max_attempts": 2})
    return get_session().create_client("lambda", config=patience)
