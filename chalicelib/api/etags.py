"""ETag and If-Match: change a resource only if it is still what the client saw."""

import hashlib
import json
from collections.abc import Collection

from chalicelib.api.answers import dumps
from chalicelib.api.problems import Problem


def etag_of(body: str, *, without: Collection[str] = ()) -> str:
    """The tag of a resource's JSON text, ``without`` the fields that change by themselves."""
    if without:
        body = dumps({name: value for name, value in json.loads(body).items() if name not in without})
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def check(if_match: str, current: str | None) -> None:
    """412 unless one of the given tags is the current one; `*` stands for any, None for no resource."""
    given = [tag.strip() for tag in if_match.split(",")]
    if current is None or (current not in given and "*" not in given):
        raise Problem(
            status=412,
            code="changed_meanwhile",
            title="The resource has changed",
            detail="It is no longer what If-Match names. Get it again, and decide again.",
            headers={} if current is None else {"ETag": current},
        )
