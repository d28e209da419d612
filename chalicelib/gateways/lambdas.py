"""Going on in a new invocation, before this one's time is up."""

import json
from functools import cache
from typing import Any

from botocore.session import get_session


def invoke_again(function_arn: str, event: dict[str, Any]) -> None:
    """Invoke a function without waiting for it."""
    _lambda().invoke(FunctionName=function_arn, InvocationType="Event", Payload=json.dumps(event).encode())


@cache
def _lambda() -> Any:
    return get_session().create_client("lambda")
