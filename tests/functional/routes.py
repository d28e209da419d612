"""The app's routes as tests try them all: each with a path, a key and a body it takes."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import app
from chalicelib.api import openapi
from chalicelib.api.declared import Route, declared_routes
from tests.functional.conftest import OPERATOR, Partner

ROUTES = list(declared_routes(app.app).values())
DOCUMENT = openapi.document(app.app, title="", version="", description="")
NOT_IN_THE_PROGRAM = {"no_single_bill", "contacts_not_pooled"}
"""Codes of what a program has not at all: the same for every id, so they reveal nothing of it."""
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def filled(route: Route, value: str) -> str:
    """The route's path with ``value`` for each id."""
    path = route.path
    while "{" in path:
        head, _, rest = path.partition("{")
        path = head + value + rest.partition("}")[2]
    return path


def asked(route: Route) -> str:
    """The path of a route without ids, with the parameters it can't do without; a new one has to be added here."""
    known = {"until": "2027-01-31"}
    fields = route.query.model_fields if route.query else {}
    needed = [f"{name}={known[name]}" for name, info in fields.items() if info.is_required()]
    return f"{route.path}?{'&'.join(needed)}"


def key_for(route: Route, partner: Partner) -> str | None:
    if route.scope is None:
        return None
    if route.scope == "client":
        return partner.client.token
    return OPERATOR if route.scope == "operator" else partner.key


def closed_choices(route: Route) -> Iterator[tuple[str, str, list[str]]]:
    """Where the document lists all values: in "query" or "body", the field as a client knows it, and the values."""
    for parameter in DOCUMENT["paths"][route.path][route.method.lower()]["parameters"]:
        if parameter["in"] == "query":
            for name, values in _choices(parameter["schema"], parameter["name"]):
                yield "query", name.removesuffix(".0"), values
    if route.body is not None:
        for name, values in _choices(SCHEMAS[route.body.__name__], ""):
            yield "body", name, values


def _choices(schema: dict[str, Any], name: str) -> Iterator[tuple[str, list[str]]]:
    if "$ref" in schema:
        yield from _choices(SCHEMAS[schema["$ref"].rpartition("/")[2]], name)
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        yield name, values
    for choice in schema.get("anyOf", ()):
        yield from _choices(choice, name)
    if "items" in schema:
        yield from _choices(schema["items"], f"{name}.0")
    for field, part in schema.get("properties", {}).items():
        yield from _choices(part, f"{name}.{field}".removeprefix("."))


def valid_body(route: Route) -> Any:
    """A body a route takes, from its schema; what it names need not exist."""

    def made(schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return made(SCHEMAS[schema["$ref"].rpartition("/")[2]])
        if "examples" in schema:
            return deepcopy(schema["examples"][0])  # tests change what they get
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "object":
            needed = schema.get("required", ())
            return {name: made(part) for name, part in schema.get("properties", {}).items() if name in needed}
        formats = {"email": "a@b.example"}
        if schema.get("type") == "array":
            return [made(schema["items"])]
        plain = {"integer": schema.get("minimum", 1), "boolean": True}
        names = {"^[A-Z]{2}$": "US"}
        text = formats.get(schema.get("format", ""), names.get(schema.get("pattern", ""), "America/Chicago"))
        return plain.get(schema.get("type", ""), text)

    if route.body is None:
        return None
    return made(SCHEMAS[route.body.__name__])
