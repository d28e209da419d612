"""Pages of other origins that may call the API from a browser (CORS): those that the installation names, no others.

Keys and clients' sessions come in the `Authorization` header. The cookie of people who sign in to the portal is for its
own pages, so credentials are never let in.
"""

from typing import Any

from chalicelib.config import settings

_METHODS = "GET, POST, PUT, PATCH, DELETE"
_SENT = "Authorization, Content-Type, Idempotency-Key, If-Match"
_READ = "Content-Disposition, ETag, Idempotent-Replayed, Link, Retry-After, X-Request-Id"
_REMEMBERED_SECONDS = 7200
"""How long a browser need not ask again; Chrome remembers no longer."""


def headers_for(origin: str | None) -> dict[str, str]:
    """The headers with which a page of an origin may read an answer; none, if it may not."""
    allowed = settings().cors_origins
    if not allowed:
        return {}
    headers = {"Vary": "Origin"}
    if origin in allowed:
        headers |= {"Access-Control-Allow-Origin": str(origin), "Access-Control-Expose-Headers": _READ}
    return headers


def preflight(event: dict[str, Any]) -> dict[str, Any]:
    """The answer to a browser that asks what it may send: API Gateway's event, and the response as it takes it."""
    sent = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    headers = headers_for(sent.get("origin"))
    if "Access-Control-Allow-Origin" in headers:
        headers |= {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _SENT,
            "Access-Control-Max-Age": str(_REMEMBERED_SECONDS),
        }
    return {"statusCode": 204, "headers": headers, "body": ""}
