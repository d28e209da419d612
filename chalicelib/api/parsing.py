"""Parses requests into models: malformed JSON is a 400, an invalid request a 422 with every fault."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote

from chalice.app import Request
from pydantic import BaseModel, ValidationError

from chalicelib.api import validation_errors
from chalicelib.api.base import Body
from chalicelib.api.problems import FieldError, Problem
from chalicelib.domain.refusals import Invalid, NotFound

MOST_BYTES = 1_000_000
_DEEPEST = 20
_LONGEST_ID = 255
_MOST_DIGITS = 40
"""More than any number in a request has."""

M = TypeVar("M", bound=BaseModel)
B = TypeVar("B", bound=Body)


def raw_body(request: Request) -> bytes:
    """The body as it came."""
    raw = request.raw_body
    return raw.encode() if isinstance(raw, str) else raw or b""


def bounded_body(request: Request) -> bytes:
    """The body as it came, in any format. Raises a 413."""
    raw = raw_body(request)
    _check_size(raw)
    return raw


def json_body(request: Request) -> Any:
    """The document in the body; `{}` when there is none. Raises a 415, 413 or 400."""
    raw = raw_body(request)
    if not raw:
        return {}
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Problem(
            status=415,
            code="unsupported_media_type",
            title="Unsupported media type",
            detail="Send the body as application/json.",
        )
    _check_size(raw)
    return _document(raw)


PRETTY = "pretty"
"""`?pretty=true` indents any answer in JSON. It concerns the layout only, so no route sees it."""


def wants_pretty(request: Request) -> bool:
    """Whether to indent JSON."""
    given = request.query_params
    return given is not None and PRETTY in given and given.getlist(PRETTY) == ["true"]


def query_parameters(request: Request, model: type[BaseModel]) -> dict[str, Any]:
    """The parameters by name; `a.b=c` becomes `{"a": {"b": "c"}}` where the model has a field `a`."""
    parameters: dict[str, Any] = {}
    given = request.query_params
    for name in given or ():
        values = given.getlist(name) if given else []
        if name == PRETTY and values in (["true"], ["false"]):
            continue
        value = values[0] if len(values) == 1 else values
        group, dot, member = name.partition(".")
        if dot and group in model.model_fields and isinstance(parameters.get(group, {}), dict):
            parameters.setdefault(group, {})[member] = value
        else:
            parameters[name] = value
    return parameters


class Faults(Exception):
    """Everything that is wrong with a body or a query."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(f"{len(errors)} faults")
        self.errors = errors


def from_body(model: type[B], document: Any, *, rules: Callable[[B], None] | None = None) -> B:
    """The body as its model; as JSON, so that a date may be a text and a number may not. Raises :class:`Faults`.

    ``rules`` checks a body by the business rules and raises `Invalid`. It is asked about the valid fields of a body
    that has others at fault, so that all faults come at once; a body without faults is the service's to check.
    """
    if not isinstance(document, dict):
        raise Faults([FieldError(field="", message="the body must be an object")])
    try:
        return model.model_validate_json(json.dumps(document))
    except ValidationError as error:
        faults = validation_errors.described(error, model=model, given=document)
        raise Faults([*faults, *(_faults_by(rules, model, document, faults) if rules else [])]) from None


def _faults_by(
    rules: Callable[[B], None], model: type[B], document: Mapping[str, Any], faults: Sequence[FieldError]
) -> list[FieldError]:
    """The faults that the rules find in the valid fields.

    Rules take a whole body only, so the `example` of the body fills in the fields at fault and the required ones that
    are missing. What the rules say of the former is dropped.
    """
    at_fault = {_top(fault.field) for fault in faults}
    valid = {name: value for name, value in document.items() if name not in at_fault}
    fields = model.model_fields
    filled_in = {name: value for name, value in model.example.items() if name in at_fault or fields[name].is_required()}
    try:
        rules(from_body(model, {**filled_in, **valid}))
    except Invalid as refusal:
        return [FieldError(*error) for error in refusal.errors if _top(error[0]) not in at_fault]
    return []


def _top(field: str) -> str:
    return field.partition(".")[0]


def from_query(model: type[M], parameters: Mapping[str, Any]) -> M:
    """The query as its model; everything in it is text, numbers too."""
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        raise Faults(validation_errors.described(error, model=model, given=parameters)) from None


def path_arguments(given: Mapping[str, str]) -> dict[str, str]:
    """The ids in the path, decoded. What cannot be an id is not found: a 404."""
    arguments = {name: unquote(value) for name, value in given.items()}
    for name, value in arguments.items():
        if not value.isprintable() or not 0 < len(value) <= _LONGEST_ID:
            raise NotFound(f"There is no such {name.removesuffix('_id').replace('_', ' ')}.")
    return arguments


def _check_size(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise Problem(
            status=413,
            code="body_too_large",
            title="The body is too large",
            detail=f"A body has at most {MOST_BYTES} bytes.",
        )


def _document(raw: bytes) -> Any:
    try:
        document = json.loads(raw.decode(), parse_constant=_no_number, parse_float=_number, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, a name twice, far too deep
        raise _malformed(_reason(error)) from None
    _check_depth(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return members


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _number(text: str) -> int | float:
    """A number that is written with a point or an exponent: whole ones (1.0, 5e3) are integers, as in JSON Schema.

    Decimal keeps every digit, so nothing is rounded into a whole number.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} has too large an exponent") from None
    if value.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{text[:40]} is too large a number")
    return int(value) if value == value.to_integral_value() else float(value)


def _check_depth(document: Any) -> None:
    """Refuse nesting deeper than any request has, and half surrogate pairs, which no table or log can hold."""
    level = [document]
    for _ in range(_DEEPEST):
        if any(isinstance(value, str) and re.search("[\ud800-\udfff]", value) for value in level):
            raise _malformed("a string is not valid Unicode")
        containers = [value for value in level if isinstance(value, (dict, list))]
        level = [part for held in containers for part in ([*held, *held.values()] if isinstance(held, dict) else held)]
        if not level:
            return
    raise _malformed(f"it is nested deeper than {_DEEPEST} levels")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _malformed(reason: str) -> Problem:
    return Problem(
        status=400, code="malformed_json", title="Malformed JSON", detail=f"The body can't be read as JSON: {reason}."
    )
