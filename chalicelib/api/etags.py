"""ETag and If-Match: change a resource only if it is still what the client saw."""

import hashlib

from chalicelib.api.problems import Problem


def etag_of(body: str) -> str:
    """The tag of a resource's JSON text."""
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
