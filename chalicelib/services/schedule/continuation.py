"""Work that outlasts one invocation goes on in a new one."""

from typing import Any

from chalicelib.gateways import lambdas


def go_on_in_a_new_invocation(function_arn: str, event: dict[str, Any]) -> None:
    """Invoke a function again with ``event``, which says where to go on, and don't wait for it."""
    lambdas.start(function_arn, event)
