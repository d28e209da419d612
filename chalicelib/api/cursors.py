"""Cursors: where the next page of a list starts. Opaque, and valid only for the caller and query they were made for."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.api.base import ListQuery
from chalicelib.api.call import Call
from chalicelib.api.problems import Problem

_SEAL_BYTES = 16
_FORM = 2
"""Raised when the key that some list goes on from gets another form: cursors given before are refused then."""


def start_of(call: Call, query: ListQuery) -> dict[str, Any] | None:
    """The key a page starts after (what `next_of` was given), or None for the first page. 400 for a cursor not ours."""
    if query.cursor is None:
        return None
    return decode(query.cursor, caller=call.caller, route=call.path, query=_filters(query))


def next_of(call: Call, query: ListQuery, last_key: Mapping[str, Any] | None) -> str | None:
    """The `next_cursor` of a page that ended at `last_key` (what JSON can hold); None on the last page."""
    if last_key is None:
        return None
    return encode(caller=call.caller, route=call.path, query=_filters(query), last_key=last_key)


def encode(*, caller: str, route: str, query: str, last_key: Mapping[str, Any]) -> str:
    """A sealed cursor; `query` identifies the query."""
    payload = json.dumps(last_key, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_seal(caller, route, query, payload) + payload).decode().rstrip("=")


def decode(cursor: str, *, caller: str, route: str, query: str) -> dict[str, Any]:
    """What was encoded for the same caller, route and query; anything else is a problem, `invalid_cursor`."""
    try:
        sealed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _invalid() from None
    seal, payload = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(caller, route, query, payload)):
        raise _invalid()
    key: dict[str, Any] = json.loads(payload)
    return key


def _filters(query: ListQuery) -> str:
    return json.dumps(query.model_dump(mode="json", exclude={"cursor", "limit"}), sort_keys=True)


def _seal(caller: str, route: str, query: str, payload: bytes) -> bytes:
    from chalicelib.models import control  # only lists with a further page need the secret

    bound = json.dumps([_FORM, caller, route, query]).encode() + b"\0" + payload
    return hmac.new(control.cursor_secret(), bound, hashlib.sha256).digest()[:_SEAL_BYTES]


def _invalid() -> Problem:
    return Problem(
        status=400,
        code="invalid_cursor",
        title="The cursor is not valid",
        detail="Use next_cursor as it was given, with the same filters, or start without a cursor.",
    )
