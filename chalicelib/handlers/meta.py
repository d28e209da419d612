"""What the API says about itself. No key is needed, and no table is read."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from chalice.app import Blueprint

from chalicelib.api.answers import Answer
from chalicelib.api.base import Shape
from chalicelib.api.call import Call
from chalicelib.api.on_demand import App
from chalicelib.api.routes import Routes

TITLE = "Sublet"
VERSION = "0.1.0"
DESCRIPTION = (
    "A partner program: resold accounts that renew on their own day, prepaid money before the card. "
    "Amounts are whole minor units; times are UTC; errors are problem documents with a stable `code`. "
    "JSON is compact; with `?pretty=true`, which every route takes, it is indented."
)

routes = Routes(Blueprint(__name__), tag="about")

_DOCS = Path(__file__).parent.parent / "api" / "docs.html"
_DOCS_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"


class Health(Shape):
    """The API answers."""

    status: Literal["ok"] = "ok"


@routes.get("/health", returns=Health, scope=None, limited=False, summary="Is the API up?")
def get_health(_: Call) -> Health:
    """Says that the API answers; it checks nothing behind it."""
    return Health()


@routes.get(
    "/openapi.json",
    returns=None,
    media=("application/json",),
    scope=None,
    limited=False,
    summary="This API as OpenAPI 3.1",
)
def get_openapi(_: Call) -> Answer:
    """The document that describes every route, made from the routes themselves."""
    return Answer(body=_document())


@routes.get("/docs", returns=None, media=("text/html",), scope=None, limited=False, summary="This API for people")
def get_docs(_: Call) -> Answer:
    """A page that shows the OpenAPI document; it loads nothing from other hosts."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _DOCS_POLICY}
    return Answer(body=_DOCS.read_text(encoding="utf-8"), headers=headers)


@cache
def _document() -> dict[str, Any]:
    from chalicelib.api import openapi  # schemas of everything: only where they are asked for

    app = cast(App, routes.blueprint.current_app)
    return openapi.document(app, title=TITLE, version=VERSION, description=DESCRIPTION)
