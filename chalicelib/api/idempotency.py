"""Idempotency-Key: a repeated request is carried out once and gets the same answer again, for 24 hours.

A convenience for clients; Powertools stores the answers in the idempotency table. Money does not depend on it: ids
derived from the key (`Call.derived_id`) keep the rows of money from being written twice.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.api.answers import Rendered
from chalicelib.api.call import Call
from chalicelib.api.problems import Problem
from chalicelib.config import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

_KEPT_SECONDS = 24 * 60 * 60
_KEPT_STATUSES = frozenset({402, 404, 422})
_LONGEST_MILLISECONDS = 29_000
"""API Gateway waits no longer; an attempt without a Lambda context is taken to last as long."""


def content_mark(sent: Any) -> str:
    """A keyed hash of what a public request sent. It reveals no password in it, even to whoever reads the tables."""
    from chalicelib.gateways import secrets  # imports boto3, which a request without a key need not wait for

    content = json.dumps(sent, sort_keys=True, default=str).encode()
    return hmac.digest(secrets.key_for("content"), content, hashlib.sha256).hex()


def once(call: Call, document: Any, answer: Callable[[], Rendered]) -> Rendered:
    """The answer, or the one given before to the same request of the same caller under the same key.

    Stored are answers that would be the same again: success, declined, not found, not valid. A conflict, a lock or an
    error of ours is not stored, so that the next try is a real one. Secrets are never stored: a repeated answer has
    null there. Of what a public request sent only the keyed hash is stored: it is part of the key.
    """
    if call.idempotency_key is None:
        return answer()

    # Powertools imports boto3; requests without a key need not wait for that.
    from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
    from aws_lambda_powertools.utilities.idempotency import exceptions as powertools

    first: list[Rendered] = []

    def attempt(*, request: object) -> dict[str, Any]:  # noqa: ARG001 - Powertools identifies the call by it
        rendered = answer()
        if not (rendered.status < 300 or rendered.status in _KEPT_STATUSES):
            raise _NotKept(rendered)
        first.append(rendered)
        return asdict(replace(rendered, secrets={}))

    lambda_context: Any = call.lambda_context or _NoContext()
    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="@",  # with the key, so that the hash does not reveal a short body
        expires_after_seconds=_KEPT_SECONDS,
        hash_function="sha256",
        lambda_context=lambda_context,  # a time-out must not reopen the request too early
    )
    guarded = idempotent_function(
        attempt, data_keyword_argument="request", persistence_store=_store(), config=config, key_prefix="request"
    )
    try:
        kept = guarded(
            request={
                "key": _key(call, _checked(call.idempotency_key)),
                "document": None if call.content_mark else document,
            }
        )
    except _NotKept as not_kept:
        return not_kept.rendered
    except powertools.IdempotencyValidationError:
        raise _reused() from None
    except (powertools.IdempotencyAlreadyInProgressError, powertools.IdempotencyInconsistentStateError):
        raise _in_progress() from None
    if first:
        return first[0]
    return Rendered(**{**kept, "headers": {**kept["headers"], "Idempotent-Replayed": "true"}})


class _NotKept(Exception):
    """Makes Powertools forget the attempt, and carries its answer."""

    def __init__(self, rendered: Rendered) -> None:
        super().__init__(rendered.status)
        self.rendered = rendered


class _NoContext:
    """Stands in for Lambda's context where there is none."""

    def get_remaining_time_in_millis(self) -> int:
        return _LONGEST_MILLISECONDS


@lru_cache(maxsize=1)
def _store() -> "DynamoDBPersistenceLayer":
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

    return DynamoDBPersistenceLayer(table_name=settings().idempotency_table)


def _key(call: Call, name: str) -> list[str]:
    """With our clock's offset: Powertools uses the machine's clock, but moving ours ahead ends the 24 hours, too."""
    return [call.caller, call.method, call.path, str(call.clock.offset_days), name, *filter(None, [call.content_mark])]


def _checked(name: str) -> str:
    if 1 <= len(name) <= 255 and name.isascii() and name.isprintable():
        return name
    raise Problem(
        status=400,
        code="invalid_idempotency_key",
        title="The Idempotency-Key is not valid",
        detail="An Idempotency-Key has 1 to 255 printable ASCII characters.",
    )


def _reused() -> Problem:
    return Problem(
        status=422,
        code="idempotency_key_reused",
        title="The Idempotency-Key was used for another request",
        detail="This Idempotency-Key was sent with another body before. Use a new key for a new request.",
    )


def _in_progress() -> Problem:
    return Problem(
        status=409,
        code="idempotency_in_progress",
        title="The request is in progress",
        detail="A request with this Idempotency-Key is still being answered. Try again in a moment.",
        headers={"Retry-After": "1"},
    )
