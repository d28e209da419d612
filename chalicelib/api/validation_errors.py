"""Pydantic's errors in words for people: which field, what is wrong with it, what is possible."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chalicelib.api.base import Query
from chalicelib.api.problems import FieldError

_LONGEST_VALUE = 60
"""A message repeats at most so many characters of a value."""

_Message = Callable[[Mapping[str, Any]], str]

_MESSAGES: Mapping[str, str | _Message] = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "string_too_short": lambda limits: f"must have at least {_counted(limits['min_length'], 'character')}",
    "string_too_long": lambda limits: f"must have at most {_counted(limits['max_length'], 'character')}",
    "string_pattern_mismatch": lambda limits: f"must match {limits['pattern']}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "too_short": lambda limits: f"must have at least {_counted(limits['min_length'], 'item')}",
    "too_long": lambda limits: f"must have at most {_counted(limits['max_length'], 'item')}",
    "greater_than": lambda limits: f"must be more than {limits['gt']}",
    "greater_than_equal": lambda limits: f"must be at least {limits['ge']}",
    "less_than": lambda limits: f"must be less than {limits['lt']}",
    "less_than_equal": lambda limits: f"must be at most {limits['le']}",
    "value_error": lambda limits: str(limits["error"]),
}
_DATE = "must be a date, YYYY-MM-DD"
_TIME = "must be a time with its zone, such as 2026-11-21T06:00:00Z"


def described(error: ValidationError, *, model: type[BaseModel], given: Any) -> list[FieldError]:
    """All faults of the input, each field once, in the order found."""
    messages: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        path = _path(fault["loc"], given)
        of_field = messages.setdefault(".".join(str(step) for step in path), [])
        message = _message(fault, model, path)
        if message not in of_field:
            of_field.append(message)
    return [FieldError(field=field, message=" or ".join(of_field)) for field, of_field in messages.items()]


def _message(fault: ErrorDetails, model: type[BaseModel], path: Sequence[int | str]) -> str:
    kind = fault["type"]
    if kind.endswith(("_type", "_parsing")) and issubclass(model, Query) and isinstance(fault["input"], list):
        return "must be given once"
    if kind == "extra_forbidden" and issubclass(model, Query) and path == ["pretty"]:
        return "must be true or false"
    if kind == "extra_forbidden" and len(path) == 1 and (hint := getattr(model, "elsewhere", {}).get(path[0])):
        return str(hint)
    if kind == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        return f"is not known here; known are {', '.join(known)}" if known else "is not known here"
    if kind.startswith("date_"):
        return _DATE
    if kind.startswith(("datetime_", "timezone_")):
        return _TIME
    if kind in {"literal_error", "enum"}:
        return not_among(_choices(_annotation_at(model, path)), given=fault["input"])
    message = _MESSAGES.get(kind, "is not valid")
    return message if isinstance(message, str) else message(fault.get("ctx", {}))


def _path(steps: Sequence[int | str], given: Any) -> list[int | str]:
    """Pydantic's location without the names of union members, which are not in the input."""
    path: list[int | str] = []
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        if isinstance(given, dict) and (step in given or last):
            path.append(step)
            given = given.get(step)
        elif isinstance(given, list) and isinstance(step, int) and step < len(given):
            path.append(step)
            given = given[step]
    return path


def not_among(choices: Iterable[str], *, given: Any) -> str:
    """The message for a value that is none of those possible."""
    value = json.dumps(given, ensure_ascii=False, default=str)
    shown = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
    return f"must be {_either(list(choices))}, not {shown}"


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "left out"


def _fields_at(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    found = _model_in(_annotation_at(model, path)) if path else model
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _annotation_at(model: type[BaseModel], path: Sequence[int | str]) -> Any:
    """The type of the field that a path leads to; places in lists are of the list's own type."""
    annotation: Any = model
    for step in path:
        inside = _model_in(annotation)
        if inside is not None and isinstance(step, str):
            by_name = {field.alias or name: field for name, field in inside.model_fields.items()}
            annotation = by_name[step].annotation if step in by_name else None
    return annotation


def _choices(annotation: Any) -> list[str]:
    """The values of an enum or literal, also inside `X | None` or `list[X]`."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return [str(value.value if isinstance(value, Enum) else value) for value in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `Model`, `Model | None`, `list[Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
