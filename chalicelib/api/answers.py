"""Turns what a handler returns into a response."""

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from chalicelib.domain.values import dataclass

JSON = "application/json"
HTML = "text/html"
FORM = "application/x-www-form-urlencoded"
"""How browsers send the form of a page."""


@dataclass(frozen=True)
class Answer:
    """A handler's answer where a body alone doesn't say enough.

    `body`: a model or mapping (as JSON), a text (then `headers` has its Content-Type), or None. `status`: if it is not
    the route's. `secrets`: what the client sees only this once, by dotted field (`{"credentials.password": "…"}`); the
    body has null there, and so has the answer stored for repeated requests. `file`: bytes in place of a body, of one
    of the app's binary types.
    """

    body: BaseModel | Mapping[str, object] | str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    file: bytes | None = None


@dataclass(frozen=True)
class Rendered:
    """Status, headers and text of a response; the text does not contain the secrets yet."""

    status: int
    body: str
    headers: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    file: bytes | None = None

    def revealed(self) -> str | bytes:
        """The file, or the text with its secrets filled in: only to be sent, never to be stored."""
        if self.file is not None:
            return self.file
        if not self.secrets:
            return self.body
        document = json.loads(self.body)
        for path, value in self.secrets.items():
            *parents, name = path.split(".")
            place = document
            for parent in parents:
                place = place[parent]
            place[name] = value
        return dumps(document)


def dumps(document: Any) -> str:
    """JSON as we write it: compact, UTF-8."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def render(result: Any, *, status: int) -> Rendered:
    """What a handler returned, as a response; `status` is the route's."""
    answer = result if isinstance(result, Answer) else Answer(body=result)
    if answer.file is not None:
        return Rendered(status=answer.status or status, body="", headers=answer.headers, file=answer.file)
    text = _text(answer.body)
    if not text:
        return Rendered(status=answer.status or 204, body="", headers=answer.headers)
    headers = {"Content-Type": JSON, **answer.headers}
    return Rendered(status=answer.status or status, body=text, headers=headers, secrets=answer.secrets)


def _text(body: BaseModel | Mapping[str, object] | str | None) -> str:
    if body is None or isinstance(body, str):
        return body or ""
    return body.model_dump_json() if isinstance(body, BaseModel) else dumps(to_jsonable_python(body))
