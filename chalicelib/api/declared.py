"""What a route is, and how to find the routes of an app."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel

from chalicelib.api.base import Body, Page, Query
from chalicelib.api.on_demand import App
from chalicelib.domain.values import dataclass

Scope = Literal["read", "write", "billing", "operator", "client"]
"""What a key must be allowed, or `client`: no key, but the session that a client's log-in opened."""
CLIENT: Scope = "client"
PORTAL = "/portal"
PORTAL_PAGES = "/portal/{proxy+}"
"""The portal's pages, which are no routes of the API: `chalicelib/portal/site.py` declares them."""


@dataclass(frozen=True)
class Route:
    """A route as declared, with the function that handles it."""

    method: str
    path: str
    tag: str
    handler: Callable[..., Any]
    summary: str
    scope: Scope | None
    body: type[Body] | None
    query: type[Query] | None
    returns: type[BaseModel] | None
    status: int
    refusals: tuple[int, ...]
    media: tuple[str, ...]
    rules: Callable[..., None] | None = None
    raw_body: bool = False
    redirects: str | None = None
    previews: type[BaseModel] | None = None
    instead: tuple[type[BaseModel], ...] = ()
    takes_secrets: bool = False
    also: Scope | None = None
    counts: tuple[str, ...] = ()
    limited: bool = True

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """All that a key needs; nothing where no key is asked for."""
        return tuple(scope for scope in (self.scope, self.also) if scope is not None)

    @property
    def takes_key(self) -> bool:
        """Whether it takes an API key; the client's routes take a session, and the public's nothing."""
        return self.scope not in {None, CLIENT}

    @property
    def takes_body(self) -> bool:
        """GET and DELETE have none; one that comes with them is ignored."""
        return self.method in {"POST", "PUT", "PATCH"}

    @property
    def changes_something(self) -> bool:
        """All methods but GET; the tables may be too busy for a change (503)."""
        return self.method != "GET"

    @property
    def takes_idempotency_key(self) -> bool:
        """POST; not with a signed body, whose sender repeats in its own way, nor with secrets, which are not stored."""
        return self.method == "POST" and not self.raw_body and not self.takes_secrets

    @property
    def is_item(self) -> bool:
        """Whether it reads a single thing, which has an ETag."""
        return self.method == "GET" and self.returns is not None and not issubclass(self.returns, Page)


def declared_routes(app: App) -> dict[tuple[str, str], Route]:
    """The app's routes by method and path, without the portal's. Any other view that is not declared with `Routes` is a
    bug (TypeError)."""
    app.load_all()
    return {
        (method, path): _route_of(entry)
        for path, methods in app.routes.items()
        if path not in {PORTAL, PORTAL_PAGES}
        for method, entry in methods.items()
    }


def reader_of(path: str, app: App) -> Route | None:
    """The nearest GET of a single thing: on this path or, if that has none, on a path above it.

    Above a client's routes is its account: `/client/plan` is a part of `/client/account`.
    """
    above = _get("/client/account", app) if path.startswith("/client/") else None
    while path:
        route = _get(path, app)
        if route is not None and route.is_item:
            return route
        path = path.rpartition("/")[0]
    return above


def _get(path: str, app: App) -> Route | None:
    app.load(path)
    entry = app.routes[path].get("GET") if path in app.routes else None
    return None if entry is None else _route_of(entry)


def _route_of(entry: Any) -> Route:
    route = getattr(entry.view_function, "route", None)
    if not isinstance(route, Route):
        raise TypeError(f"{entry.view_name} is a view, but not a declared route.")
    return route
