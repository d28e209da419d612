"""The OpenAPI 3.1 document, made from what the routes declare; nothing in it is written twice."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.api.answers import FORM, HTML, JSON
from chalicelib.api.base import ListQuery, Named
from chalicelib.api.declared import CLIENT, Route, declared_routes, reader_of
from chalicelib.api.on_demand import App
from chalicelib.api.problems import PROBLEM_JSON

Document = dict[str, Any]

_REFUSALS: Mapping[int, str] = {
    400: "Malformed: no JSON, a cursor or a key that isn't valid",
    401: "No API key, or one that isn't valid",
    402: "The card was declined; nothing has changed",
    403: "The API key lacks the scope",
    404: "There is no such thing, or it is another partner's",
    409: "Not possible in the current state",
    412: "Changed meanwhile: If-Match doesn't match",
    413: "The body is too large",
    415: "The body isn't application/json",
    422: "The request has faults; `errors` names each of them",
    429: "Too often; Retry-After says when to try again",
    503: "Nothing was done, or its outcome is not known yet; Retry-After says when to try again",
}

_CLIENTS_REFUSALS: Mapping[int, str] = {
    **_REFUSALS,
    401: "No session, or one that is over",
    403: "A session that its partner opened by a login link, or something that only whoever pays may do",
    404: "There is no such thing, or it is another account's",
}
"""On the routes of an account's client."""

_SECURITY_SCHEMES: Document = {
    "api_key": {"type": "http", "scheme": "bearer", "description": "A partner's API key."},
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a session that an account's client opened by POST /public/login.",
    },
}

_PROBLEM: Document = {
    "title": "Problem",
    "description": "An error (RFC 9457). Some have further members, such as `decline_code` or `allowed_actions`.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; for programs."},
        "detail": {"type": "string", "description": "For people."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def document(app: App, *, title: str, version: str, description: str) -> Document:
    """The whole document. Two handlers of one name would be one operation, so that is an error."""
    routes = list(declared_routes(app).values())
    references, schemas = _schemas(routes)
    paths: dict[str, Document] = {}
    names: set[str] = set()
    for route in sorted(routes, key=lambda route: route.path):
        name = route.handler.__name__
        if name in names:
            raise ValueError(f"Two routes are answered by functions named {name}.")
        names.add(name)
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references, app)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": "."}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "schemas": {**schemas, "Problem": _PROBLEM},
        },
    }


_PLACE = "#/components/schemas/"
_PAGE = re.compile(r"Page_(\w+)_")
_References = Mapping[tuple[Any, Any], Document]  # by model and "validation" or "serialization"


def _schemas(routes: list[Route]) -> tuple[_References, Document]:
    asked: list[tuple[Any, Any]] = [(route.body, "validation") for route in routes if route.body]
    given: list[tuple[Any, Any]] = [
        (shape, "serialization")
        for route in routes
        for shape in (route.returns, route.previews, *route.instead)
        if shape
    ]
    references, definitions = models_json_schema(list(dict.fromkeys(asked + given)), ref_template=_PLACE + "{model}")
    schemas: Document = definitions.get("$defs", {})
    names = {key: _component(key) for key in schemas}
    if twice := [name for name, count in Counter(names.values()).items() if count > 1]:
        raise ValueError(f"Two classes would be the component {', '.join(sorted(twice))}. Give one another name.")
    named = {key: _renamed(reference, names) for key, reference in references.items()}
    return named, {names[key]: _renamed(schema, names) | {"title": names[key]} for key, schema in schemas.items()}


def _component(key: str) -> str:
    """A component's name: `InvoiceShape` is an `Invoice`, and `Page[InvoiceShape]` an `InvoicePage`."""
    if "__" in key:  # Pydantic adds the module where two classes have one name
        return key.rpartition("__")[2]
    page = _PAGE.fullmatch(key)
    return f"{_component(page[1])}Page" if page else key.removesuffix("Shape")


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """The schema with its references to components by their new names, and without titles, which repeat the names."""
    if isinstance(schema, list):
        return [_renamed(part, names) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _PLACE + names[value.removeprefix(_PLACE)] if key == "$ref" else _renamed(value, names)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def _operation(route: Route, references: _References, app: App) -> Document:
    operation: Document = {
        "operationId": route.handler.__name__,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route, app)],
        "responses": {
            str(route.status): _success(route, (route.returns, route.previews), references),
            **({"200": _success(route, route.instead, references)} if route.instead else {}),
            **_redirect(route),
            **_problems(route, app),
        },
        "security": _security(route),
    }
    if route.handler.__doc__:
        operation["description"] = re.sub(r"\s*\n\s*", " ", route.handler.__doc__.strip())
    if route.takes_key:
        operation["x-scope"] = " ".join(route.scopes)
    if route.raw_body:
        sent = FORM if HTML in route.media else JSON
        operation["requestBody"] = {"required": True, "content": {sent: {"schema": {"type": "object"}}}}
    if route.body:
        operation["requestBody"] = {
            "required": any(field.is_required() for field in route.body.model_fields.values()),
            "content": {JSON: {"schema": references[route.body, "validation"]}},
        }
    return operation


def _security(route: Route) -> list[Document]:
    if route.scope is None:
        return []
    return [{"api_key" if route.takes_key else "session": []}]


def _path_parameters(route: Route) -> list[Document]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 255}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[Document]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    return [
        _query_parameter(name, field, required=name in schema.get("required", ()), definitions=schema.get("$defs", {}))
        for name, field in schema["properties"].items()
    ]


def _query_parameter(name: str, schema: Document, *, required: bool, definitions: Document) -> Document:
    schema = _without_null(_inlined(schema, definitions))
    parameter: Document = {"name": name, "in": "query", "required": required, "schema": schema}
    if description := schema.pop("description", None):
        parameter["description"] = description
    if schema.get("type") == "object":
        parameter |= {"name": f"{name}.*", "description": f"{name}.<key>=<value>, for any key"}
        parameter["schema"] = {"type": "string"}
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": False}
    return parameter


def _inlined(schema: Any, definitions: Document) -> Any:
    """A parameter stands alone: what it refers to is put in its place."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        schema = {**definitions[reference.rpartition("/")[2]], **{k: v for k, v in schema.items() if k != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in schema.items() if key != "title"}


def _without_null(schema: Document) -> Document:
    """A query parameter is there or not; it can't be null."""
    schema = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        del schema["anyOf"]
        return {**choices[0], **schema}
    return {**schema, "anyOf": choices} if choices else schema


def _header_parameters(route: Route, app: App) -> list[Document]:
    if route.takes_idempotency_key:
        description = "The same key and body again get the same answer, for 24 hours."
        return [_header("Idempotency-Key", description, {"type": "string", "minLength": 1, "maxLength": 255})]
    if _takes_if_match(route, app):
        return [_header("If-Match", "An ETag: refused with 412 when it is no longer that.", {"type": "string"})]
    return []


def _header(name: str, description: str, schema: Document) -> Document:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _takes_if_match(route: Route, app: App) -> bool:
    return route.method in {"PUT", "PATCH"} and reader_of(route.path, app) is not None


def _success(route: Route, returned: Sequence[type[BaseModel] | None], references: _References) -> Document:
    first = returned[0]
    success: Document = {"description": first.__doc__ or "Done" if first else "Done"}
    content: Document = {}
    if first:  # first, so that what takes the first of several takes what is typed
        shapes = [references[shape, "serialization"] for shape in returned if shape]
        schema: Document = dict(shapes[0]) if len(shapes) == 1 else {"anyOf": shapes}
        content[JSON] = {"schema": schema}
    content |= {media: {"schema": {"type": "string"}} for media in route.media}
    if content:
        success["content"] = content
    headers = {"X-Request-Id": "The request's id, also in our logs"}
    if route.is_item:
        headers["ETag"] = "For If-Match"
    if route.takes_idempotency_key:
        headers["Idempotent-Replayed"] = "true when this answer was given before"
    success["headers"] = {
        name: {"description": description, "schema": {"type": "string"}} for name, description in headers.items()
    }
    return success


def _redirect(route: Route) -> Document:
    if route.redirects is None:
        return {}
    location = {"description": "The address", "schema": {"type": "string", "format": "uri"}}
    return {"303": {"description": route.redirects, "headers": {"Location": location}}}


def _problems(route: Route, app: App) -> Document:
    statuses = {422, *route.refusals}
    if route.scope:
        statuses |= {401, 403}
    if "{" in route.path or _names_something(route.query) or _names_something(route.body):
        statuses.add(404)
    if route.limited:
        statuses.add(429)
    if route.changes_something:
        statuses.add(503)
    if route.takes_body:
        statuses |= {413} if route.raw_body else {400, 413, 415}
    if route.query and issubclass(route.query, ListQuery):
        statuses.add(400)
    if route.takes_idempotency_key:
        statuses.add(409)
    if _takes_if_match(route, app):
        statuses.add(412)
    content: Document = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if HTML in route.media:
        content[HTML] = {"schema": {"type": "string"}}
    described = _CLIENTS_REFUSALS if route.scope == CLIENT else _REFUSALS
    return {
        str(status): {"description": described.get(status, "Refused"), "content": content}
        for status in sorted(statuses)
    }


def _names_something(annotation: Any, metadata: Sequence[Any] = ()) -> bool:
    """Whether there is an id in it: in a model, a field, or what a field is made of."""
    if any(isinstance(part, Named) for part in (*metadata, *getattr(annotation, "__metadata__", ()))):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_names_something(field.annotation, field.metadata) for field in annotation.model_fields.values())
    return any(_names_something(part) for part in get_args(annotation))
