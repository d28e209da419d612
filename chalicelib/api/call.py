"""The request as handlers get it: who sent it, and what it asks for."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chalice.app import Request

from chalicelib.api import clock
from chalicelib.config import settings
from chalicelib.domain import ids
from chalicelib.domain.values import dataclass

if TYPE_CHECKING:
    from chalicelib.domain.accounts.accounts import Account

PUBLIC = "public"
OPERATOR = "operator"
CLIENT = "client"


@dataclass(frozen=True)
class Call:
    """One request, with what API Gateway and the authorizer say about it."""

    method: str
    route: str
    """The path as declared: `/v1/accounts/{account_id}`."""
    path: str
    """The path as requested: `/v1/accounts/acct_…`."""
    request_id: str
    headers: Mapping[str, str]
    """By name, in any case."""
    key_id: str | None
    partner: str | None
    """The partner's id; None for operators and the public. Handlers of partners use `partner_id`."""
    scopes: tuple[str, ...]
    lambda_context: Any
    base_url: str = ""
    """The address of this API, without a slash at the end: for links into it."""
    source: str = ""
    """The client's IP address, as API Gateway reports it: for rate limits, never stored in the clear."""
    raw_body: bytes = b""
    """The body as it was sent, byte by byte; only where the route is declared with `raw_body`."""
    by_client: bool = False
    """Whether this is a route of an account's client: see `client`."""
    content_mark: str = ""
    """A keyed hash of the body, on public routes only: all callers share one name there, so that an Idempotency-Key
    is a caller's own only together with what it sent."""

    @cached_property
    def clock(self) -> clock.Reading:
        """The clock, read once, at its first use."""
        return clock.read()

    @property
    def now(self) -> datetime:
        """The time of this request, the same at every use."""
        return self.clock.now

    @property
    def partner_id(self) -> str:
        """The partner whose key this is. Routes of other scopes have none: using it there is a bug."""
        if self.partner is None:
            raise LookupError(f"{self.method} {self.route} has no partner.")
        return self.partner

    @property
    def asking_key_id(self) -> str:
        """The id of the API key that was used. A public route has none: using it there is a bug."""
        if self.key_id is None:
            raise LookupError(f"{self.method} {self.route} has no key.")
        return self.key_id

    @property
    def bearer_token(self) -> str:
        """What follows `Bearer` in the header `Authorization`: a session's token. Empty if there is none."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @cached_property
    def client(self) -> "Account":
        """The account whose client asks, as it was when its session was looked up. Other routes have none: using it
        there is a bug. Raises :class:`~chalicelib.services.clients.sessions.SessionOver` without a valid session."""
        if not self.by_client:
            raise LookupError(f"{self.method} {self.route} has no client.")
        from chalicelib.services.clients import sessions  # imports what most routes do not need

        return sessions.get_client_session(self.bearer_token, now=self.now).account

    @property
    def caller(self) -> str:
        """Whom cursors and Idempotency-Keys belong to: the partner, the client's account, the operators, the public."""
        if self.by_client:
            return self.client.id
        return self.partner or (OPERATOR if OPERATOR in self.scopes else PUBLIC)

    @property
    def actor(self) -> str:
        """Who did it, for the event log: `api_key:key_…`, `client` or `public`."""
        if self.by_client:
            return CLIENT
        return f"api_key:{self.key_id}" if self.key_id else PUBLIC

    @property
    def idempotency_key(self) -> str | None:
        """The client's Idempotency-Key, if it sent one. Only POST has one."""
        return self.headers.get("Idempotency-Key") if self.method == "POST" else None

    def derived_id(self, prefix: str, *parts: str) -> str:
        """The id of what this request makes: the same when it is repeated under its Idempotency-Key, else a new one.

        It never changes, even when the stored answer has expired: a repeated write finds what the first one wrote.
        `parts` distinguish several things of one prefix. On a public route the body is part of it: a stranger's key
        leads to nothing that others made.
        """
        if self.idempotency_key is None:
            return ids.new_id(prefix, at=self.now)
        mark = [self.content_mark] if self.content_mark else []
        return ids.derived_id(prefix, self.caller, self.method, self.path, self.idempotency_key, *mark, *parts)


def request_id_of(request: Request) -> str:
    """API Gateway's id of the request, or Lambda's where there is none."""
    return str(request.context.get("requestId") or getattr(request.lambda_context, "aws_request_id", ""))


def call_of(request: Request, *, by_client: bool = False) -> Call:
    """The call for API Gateway's request; ``by_client`` on the routes of an account's client."""
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
        by_client=by_client,
        base_url=settings().public_url or _base_url(context, request.headers, request.uri_params or {}),
    )


def _base_url(context: Mapping[str, Any], headers: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    """The API's address as API Gateway reports it, with the stage or the base path of a custom domain.

    Never from the Host header, which a client could forge to send others elsewhere; only the emulator has no better.
    """
    if domain := context.get("domainName"):
        asked, route = (context[name].strip("/").split("/") for name in ("path", "resourcePath"))
        if route[-1] == "{proxy+}":
            route[-1:] = parameters["proxy"].strip("/").split("/")
        return "/".join([f"https://{domain}", *asked[: len(asked) - len(route)]])
    if settings().production:
        raise LookupError("API Gateway did not report its domain name.")
    host = headers.get("Host", "localhost")
    api = f"/restapis/{context['apiId']}/{context['stage']}/_user_request_" if "apiId" in context else ""
    return f"http://{host}{api}"


def _path(request: Request) -> str:
    path = request.path
    for name, value in (request.uri_params or {}).items():
        path = path.replace("{" + name + "}", unquote(value))
    return path
