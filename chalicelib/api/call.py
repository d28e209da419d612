"""What a handler is given: who asks, and for what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from chalice.app import Request

from chalicelib.api import clock
from chalicelib.config import settings
from chalicelib.domain import ids

PUBLIC = "public"
OPERATOR = "operator"


@dataclass(frozen=True)
class Call:
    """One request, after API Gateway and the authorizer have had their say."""

    method: str
    route: str
    """The path as declared: `/v1/accounts/{account_id}`."""
    path: str
    """The path as asked for: `/v1/accounts/acct_…`."""
    request_id: str
    headers: Mapping[str, str]
    """By name, whatever its case."""
    key_id: str | None
    partner: str | None
    """The partner's id; None for operators and the public. Handlers of partners use `partner_id`."""
    scopes: tuple[str, ...]
    lambda_context: Any
    base_url: str = ""
    """Where this API was asked, without a slash at the end: for links into it."""
    source: str = ""
    """The address the request came from, by API Gateway's own word: for limits, kept nowhere in the clear."""
    raw_body: bytes = b""
    """The body as it was sent, byte by byte; only where the route is declared with `raw_body`."""

    @cached_property
    def clock(self) -> clock.Reading:
        """The clock, looked at once, when first asked."""
        return clock.read()

    @property
    def now(self) -> datetime:
        """The moment of this request, the same however often it is asked."""
        return self.clock.now

    @property
    def partner_id(self) -> str:
        """The partner who asks. Routes of other scopes than a partner's have none: asking there is a bug."""
        if self.partner is None:
            raise LookupError(f"{self.method} {self.route} is not asked by a partner.")
        return self.partner

    @property
    def asking_key_id(self) -> str:
        """The id of the API key that asks. A public route has none: asking there is a bug."""
        if self.key_id is None:
            raise LookupError(f"{self.method} {self.route} is asked without a key.")
        return self.key_id

    @property
    def caller(self) -> str:
        """Whose answers these are: the partner's, the operators' or everybody's."""
        return self.partner or (OPERATOR if OPERATOR in self.scopes else PUBLIC)

    @property
    def actor(self) -> str:
        """Who did it, for the event log: `api_key:key_…`, or `public`."""
        return f"api_key:{self.key_id}" if self.key_id else PUBLIC

    @property
    def idempotency_key(self) -> str | None:
        """The client's name for this request, if it gave one. Only POST has one."""
        return self.headers.get("Idempotency-Key") if self.method == "POST" else None

    def derived_id(self, prefix: str, *parts: str) -> str:
        """The id of what this request makes: the same when it is repeated under its Idempotency-Key, else a new one.

        It stays the same for good, longer than the stored answer: whoever writes it meets what the first try wrote.
        `parts` tell several things of one prefix apart.
        """
        if self.idempotency_key is None:
            return ids.new_id(prefix, at=self.now)
        return ids.derived_id(prefix, self.caller, self.method, self.path, self.idempotency_key, *parts)


def request_id_of(request: Request) -> str:
    """API Gateway's id of the request, or Lambda's where there is none."""
    return str(request.context.get("requestId") or getattr(request.lambda_context, "aws_request_id", ""))


def call_of(request: Request) -> Call:
    """The call that API Gateway's request is."""
    context = request.context
    identity: Mapping[str, str] = context.get("authorizer") or {}
    return Call(
        method=request.method,
        route=request.path,
        path=_path(request),
        request_id=request_id_of(request),
        headers=request.headers,
        key_id=identity.get("key_id"),
        partner=identity.get("partner_id"),
        scopes=tuple(identity.get("scopes", "").split()),
        lambda_context=request.lambda_context,
        source=str((context.get("identity") or {}).get("sourceIp") or ""),
        base_url=settings().public_url or _base_url(context, request.headers),
    )


def _base_url(context: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """API Gateway's own word for where it was asked, with the stage or the base path of a custom domain.

    Never the Host header, by which whoever asks could send others elsewhere; but the emulator says nothing better.
    """
    if domain := context.get("domainName"):
        asked, route = (context[name].strip("/").split("/") for name in ("path", "resourcePath"))
        return "/".join([f"https://{domain}", *asked[: len(asked) - len(route)]])
    if settings().production:
        raise LookupError("API Gateway did not say where it was asked.")
    host = headers.get("Host", "localhost")
    api = f"/restapis/{context['apiId']}/{context['stage']}/_user_request_" if "apiId" in context else ""
    return f"http://{host}{api}"


def _path(request: Request) -> str:
    path = request.path
    for name, value in (request.uri_params or {}).items():
        path = path.replace("{" + name + "}", unquote(value))
    return path
