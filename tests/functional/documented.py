"""Holds every answer of the functional tests against the OpenAPI document: its status, its media type, its body."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

import app
from chalicelib.api import openapi


@cache
def document() -> dict[str, Any]:
    """The document as the app makes it."""
    return openapi.document(app.app, title="", version="", description="")


def check_documented(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Fail unless the document says that this operation can give this answer."""
    template = _template(path.partition("?")[0])
    if template is None or "X-Request-Id" not in headers or status == 500:
        return  # API Gateway answered, or it is a bug that a test made
    operation = document()["paths"][template].get(method.lower())
    if operation is None:
        return
    described = operation["responses"].get(str(status))
    assert described is not None, f"{method} {template} answers {status}, which the document leaves out: {body!r}"
    media = headers.get("Content-Type", "").partition(";")[0]
    content = described.get("content", {})
    assert media in content if body else not media, f"{method} {template} answers {status} as {media or 'nothing'}"
    if media.endswith("json") and "$ref" in str(content[media]["schema"]):
        for fault in _validator(method.lower(), template, status, media).iter_errors(json.loads(body)):
            raise AssertionError(f"{method} {template}, {status}, {fault.json_path}: {fault.message}")


@cache
def _template(path: str) -> str | None:
    """The declared path; one without ids comes before one with them."""
    fitting = (name for name, pattern in _patterns() if pattern.fullmatch(path))
    return min(fitting, key=lambda name: name.count("{"), default=None)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(name, re.compile(re.sub(r"{\w+}", "[^/]+", name))) for name in document()["paths"]]


@cache
def _validator(method: str, template: str, status: int, media: str) -> Draft202012Validator:
    schema = document()["paths"][template][method]["responses"][str(status)]["content"][media]["schema"]
    return Draft202012Validator({**schema, "components": document()["components"]})
