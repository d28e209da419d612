"""What a page is, and how a module declares its pages.

    pages = Pages()

    @pages.get("credits", scope="read")
    def show_credits(visit: Visit) -> View: ...

    @pages.post("credits/purchases", scope="billing", again=show_credits)
    def buy(visit: Visit) -> Redirect: ...

A function takes the visit and the path's variables by name. It returns a `View` (a template and its values), a
`Redirect` or a `Download`, or raises a `Refusal`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, TypeVar

from chalicelib.domain.values import dataclass

Access = Literal["public", "signed in", "read", "write", "billing", "operator"]
"""Who may open a page: everybody, whoever is signed in, or those whose role has that scope of the API."""


@dataclass(frozen=True)
class View:
    """A page: a template and its values.

    If htmx asks for one element, the block of the template that is named as the element's id is rendered alone.
    ``sources`` are further origins that the page's policy allows, by directive: `{"img-src": ["https://…"]}`.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Redirect:
    """Leads to another page by its path behind `portal/`, or to a whole address.

    ``done`` names what has succeeded: the next page shows `<its package>.<its module>.done.<done>` for a moment.
    """

    to: str
    done: str = ""
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Download:
    """A file of text."""

    content: str
    media_type: str
    name: str


Reply = View | Redirect | Download
Handler = Callable[..., Reply]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True)
class Page:
    """A page, or what the form of a page does. ``again`` is the page that a form is on: it is shown again, with what
    was entered, when the service refuses it."""

    method: str
    path: str
    handler: Handler
    scope: Access
    again: Handler | None = None

    @property
    def segments(self) -> list[str]:
        return self.path.split("/")


class Pages:
    """The pages of one module."""

    def __init__(self) -> None:
        self.declared: list[Page] = []

    def get(self, path: str, *, scope: Access) -> Callable[[H], H]:
        """A page that changes nothing."""
        if scope in {"write", "billing"}:
            raise ValueError(f"GET {path} changes nothing, so its scope is read.")
        return self._declare("GET", path, scope, None)

    def post(self, path: str, *, scope: Access, again: Handler | None = None) -> Callable[[H], H]:
        """What a form does. Without ``again`` a refusal is a page of its own."""
        return self._declare("POST", path, scope, again)

    def _declare(self, method: str, path: str, scope: Access, again: Handler | None) -> Callable[[H], H]:
        def declare(handler: H) -> H:
            self.declared.append(Page(method, path, handler, scope, again))
            return handler

        return declare
