"""The one way to declare a route. What is declared is what is checked, and what the OpenAPI document says.

    routes = Routes(Blueprint(__name__), tag="accounts")

    @routes.get("/v1/accounts/{account_id}", returns=AccountBody, scope="read", summary="Read an account")
    def get_account(call: Call, account_id: str) -> AccountBody: ...

A handler takes the call, the path's ids by name and, if declared, `body` and `query`; it returns a model, an `Answer`
or None (204), or raises a `Refusal`.
"""

import functools
from collections.abc import Callable
from typing import Any, NotRequired, TypedDict, TypeVar, Unpack, cast

from chalice.app import Blueprint, Response
from pydantic import BaseModel

from chalicelib.api import entry_point
from chalicelib.api.authorizer import api_key_authorizer
from chalicelib.api.base import Body, Query
from chalicelib.api.call import Call
from chalicelib.api.declared import Route, Scope
from chalicelib.api.on_demand import App

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Options(TypedDict):
    """What a route is declared with."""

    summary: str
    scope: Scope | None
    """What a key must be allowed. `client`: no key, but the session of an account's client (`call.client`). None: open
    to everybody."""
    also: NotRequired[Scope]
    """A further scope a key needs: a webhook, for example, also reads."""
    returns: type[BaseModel] | None
    body: NotRequired[type[Body]]
    query: NotRequired[type[Query]]
    status: NotRequired[int]
    """200, or 204 where there is nothing to return, unless given."""
    refusals: NotRequired[tuple[int, ...]]
    """Statuses the services may refuse with, besides those that every route has."""
    rules: NotRequired[Callable[[Call, Any], None]]
    """Checks a body by the business rules and raises `Invalid`. Called when a body has faults, for its valid fields, so
    that the client sees all faults at once. The body then needs an `example`."""
    raw_body: NotRequired[bool]
    """The body is left as it came, for `call.raw_body`: for a sender who signs its bytes. No Idempotency-Key."""
    takes_secrets: NotRequired[bool]
    """The body, the path or the answer holds a password or a token that may leave no trace: no Idempotency-Key."""
    media: NotRequired[tuple[str, ...]]
    """Media types it answers in besides JSON or, with returns=None, instead."""
    previews: NotRequired[type[BaseModel]]
    """What it returns instead when the query asks for it: `?preview=true`, which changes nothing, or `?columns=`."""
    instead: NotRequired[tuple[type[BaseModel], ...]]
    """What it returns with a 200 in place of its own status: a preview, or the results of several."""
    counts: NotRequired[tuple[str, ...]]
    """Fields that change by themselves, such as a number of visits: they are no part of the ETag."""
    limited: NotRequired[bool]
    """False where requests are not limited: what reads no table, and a webhook whose sender we can tell ourselves."""
    redirects: NotRequired[str]
    """It may answer with a 303; describes where that leads."""


class Routes:
    """The routes of one blueprint, all under one heading of the documentation."""

    def __init__(self, blueprint: Blueprint, *, tag: str) -> None:
        self.blueprint = blueprint
        self.tag = tag

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[Handler], Handler]:
        """Reads; changes nothing, so a partner's key needs the scope `read`. A single thing has an ETag."""
        if options["scope"] in {"write", "billing"}:
            raise ValueError(f"GET {path} changes nothing, so its scope is read.")
        return self._route("GET", path, options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[Handler], Handler]:
        """Creates or does something; takes an Idempotency-Key."""
        return self._route("POST", path, options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[Handler], Handler]:
        """Sets something; takes If-Match."""
        return self._route("PUT", path, options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[Handler], Handler]:
        """Changes some fields; takes If-Match."""
        return self._route("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[Handler], Handler]:
        """Deletes something."""
        return self._route("DELETE", path, options)

    def _route(self, method: str, path: str, options: Options) -> Callable[[Handler], Handler]:
        nothing = options["returns"] is None and not options.get("media")

        def declare(handler: Handler) -> Handler:
            route = Route(
                method=method,
                path=path,
                tag=self.tag,
                handler=handler,
                summary=options["summary"],
                scope=options["scope"],
                also=options.get("also"),
                body=options.get("body"),
                query=options.get("query"),
                returns=options["returns"],
                status=options.get("status", 204 if nothing else 200),
                refusals=options.get("refusals", ()),
                media=options.get("media", ()),
                previews=options.get("previews"),
                instead=options.get("instead", ()),
                redirects=options.get("redirects"),
                rules=options.get("rules"),
                raw_body=options.get("raw_body", False),
                takes_secrets=options.get("takes_secrets", False),
                counts=options.get("counts", ()),
                limited=options.get("limited", True),
            )

            @functools.wraps(handler)
            def view(**path_parameters: str) -> Response:
                app = cast(App, self.blueprint.current_app)
                return entry_point.answer(route, self.blueprint.current_request, path_parameters, app=app)

            view.route = route  # type: ignore[attr-defined]
            authorizer = api_key_authorizer if route.takes_key else None
            # Chalice would refuse other content types in its own words; */* leaves that to `parsing`.
            self.blueprint.route(path, methods=[method], authorizer=authorizer, content_types=["*/*"])(view)
            return handler

        return declare
