"""Forms as browsers send them, turned into what the API's bodies and queries take: everything in a form is text."""

import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from chalice.app import Request
from pydantic import BaseModel

from chalicelib.api import parsing
from chalicelib.api.answers import FORM
from chalicelib.api.problems import Problem
from chalicelib.domain.currencies import decimals

_MOST_FIELDS = 200
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_POINTS = {"de": (",", ".")}
"""The decimal point and the thousands' separator of languages that swap them."""


def read(request: Request) -> dict[str, list[str]]:
    """The values of each field, in the order sent. Raises a 413, 415 or 400."""
    raw = parsing.bounded_body(request)
    media = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if media != FORM:
        raise Problem(
            status=415, code="unsupported_media_type", title="Unsupported media type", detail=f"Send forms as {FORM}."
        )
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        if any("\0" in text for pair in pairs for text in pair):
            raise ValueError
    except ValueError:  # no UTF-8, or too many fields
        raise Problem(
            status=400, code="malformed_form", title="Malformed form", detail="The form can't be read."
        ) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields


def document(given: Mapping[str, list[str]], model: type[BaseModel]) -> dict[str, Any]:
    """The form as the document of a body: only what the model knows, texts turned into its numbers and switches.

    A text that is no number stays one, so that the model says what is wrong; of a part that is required and left empty,
    it names each member. A checkbox that isn't ticked is not sent: a body's switch has to be False by default.
    """
    required = {info.alias or name for name, info in model.model_fields.items() if info.is_required()}
    found: dict[str, Any] = {}
    for name, values in given.items():
        annotation = _annotation_of(model, name)
        *parents, last = name.split(".")
        if annotation is not None and parents and parents[0] in required:
            found.setdefault(parents[0], {})
        if annotation is None or values in ([""], []):
            continue
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _value(values, annotation)
    return found


def known_parameters(query: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The parameters of an address that a query's model knows, without empty ones; `a.b=c` is `{"a": {"b": "c"}}`."""
    found: dict[str, Any] = {}
    for name, value in query.items():
        group, dot, member = name.partition(".")
        if value == "" or group not in _names(model):
            continue
        if dot:
            found.setdefault(group, {})[member] = value
        else:
            found[name] = value
    return found


def minor_units(text: str, *, currency: str, language: str) -> int | str:
    """An amount as people write it, `1,234.50` or `1.234,50`, in minor units; the text itself if it is none.

    `1,50` is none in English: a comma that stands for a point must not become a hundred times the amount.
    """
    point, thousands = _POINTS.get(language, (".", ","))
    digits = decimals(currency)
    whole = rf"([0-9]{{1,12}}|[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}}){{1,3}})"
    found = re.fullmatch(rf"{whole}(?:{re.escape(point)}([0-9]{{0,{digits}}}))?", text.strip())
    if found is None:
        return text
    return int(found[1].replace(thousands, "") + (found[2] or "").ljust(digits, "0"))


def _value(values: list[str], annotation: Any) -> Any:
    kinds = _kinds(annotation)
    if list in kinds:
        return [_scalar(value, kinds) for value in values if value != ""]
    return _scalar(values[-1], kinds)


def _scalar(text: str, kinds: set[Any]) -> Any:
    text = text.strip()
    if bool in kinds and text in {"on", "true", "false"}:
        return text != "false"
    if int in kinds and _WHOLE.fullmatch(text):
        return int(text)
    return text


def _annotation_of(model: type[BaseModel], name: str) -> Any:
    """The type of a dotted field; None if the model has none of that name."""
    first, _, rest = name.partition(".")
    field = next((info for own, info in model.model_fields.items() if (info.alias or own) == first), None)
    if field is None:
        return None
    if not rest:
        return field.annotation
    inside = next(
        (kind for kind in _kinds(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)), None
    )
    if inside is not None:
        return _annotation_of(inside, rest)
    return str if dict in _kinds(field.annotation) else None


def _kinds(annotation: Any) -> set[Any]:
    """The types in `X`, `X | None`, `Annotated[X, …]`, `list[X]`."""
    origin = get_origin(annotation)
    inside = {kind for part in get_args(annotation) for kind in _kinds(part)}
    return inside | {origin if isinstance(origin, type) else annotation if isinstance(annotation, type) else type(None)}


def _names(model: type[BaseModel]) -> set[str]:
    return {info.alias or name for name, info in model.model_fields.items()}
