"""Domain values as plain data for JSON, and back, by the annotations of their dataclasses.

Tables keep values in this form, and so does the package with its program files. Only what these are made of is known
here: dataclasses, texts, whole numbers, truth values, enums of texts, decimals, dates, instants, and tuples, sets and
mappings of those. pydantic does all this and more, but takes a fifth of a second to load: only the API waits for it
(docs/decisions/cold-start.md).
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Form(NamedTuple):
    """How values of a kind become plain data, and how plain data becomes one."""

    whole: Callable[[Any], Any]
    sparse: Callable[[Any], Any]
    """Without those fields of dataclasses that have their default."""
    read: Callable[[Any], Any]
    """The value of data from a table, which is not checked. Fields that the dataclass does not have are ignored."""


def dump(kind: Any, value: Any) -> str:
    """The value as JSON, sparse and compact."""
    return _to_json(form_of(kind).sparse(value))


def load(kind: Any, text: str) -> Any:
    """The value that was dumped as ``text``."""
    return form_of(kind).read(json.loads(text))


@cache
def form_of(kind: Any) -> Form:
    """The form of a type, as annotations name it. Raises TypeError for one that is not known here."""
    if kind in (str, int, bool) or get_origin(kind) is Literal:
        return Form(_same, _same, _same)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if is_dataclass(kind):
        return of_dataclass(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Form(_same, _same, _Members(kind).__getitem__)  # a member is a text, to JSON as well
    parts = get_args(kind)
    if get_origin(kind) is UnionType and len(parts) == 2 and parts[1] is type(None):
        return Form(*map(_or_none, form_of(parts[0])))
    if get_origin(kind) is Mapping:
        return Form(*(_of_mapping(*pair) for pair in zip(form_of(parts[0]), form_of(parts[1]), strict=True)))
    if get_origin(kind) is frozenset or (get_origin(kind) is tuple and parts[1:] == (...,)):
        whole, sparse, read = form_of(parts[0])
        collected: Callable[[Any], Any] = get_origin(kind)
        return Form(_of_each(list, whole), _of_each(list, sparse), _of_each(collected, read))
    raise TypeError(f"there is no form for values of {kind}")


def of_dataclass(kind: Any, *, without: Collection[str] = ()) -> Form:
    """The form of a dataclass, without some of its fields."""
    hints = get_type_hints(kind)
    kept = [field for field in fields(kind) if field.name not in without]
    forms = {field.name: form_of(hints[field.name]) for field in kept}
    encoders = [(name, _unless_same(form.whole)) for name, form in forms.items()]
    sparse_encoders = [(each.name, _default_of(each), _unless_same(forms[each.name].sparse)) for each in kept]
    readers = {name: _unless_same(form.read) for name, form in forms.items()}

    def whole(value: Any) -> Any:
        data = {}
        for name, encode in encoders:
            given = getattr(value, name)
            data[name] = given if encode is None else encode(given)
        return data

    def sparse(value: Any) -> Any:
        data = {}
        for name, default, encode in sparse_encoders:
            given = getattr(value, name)
            if given is not default and (default is None or given != default):
                data[name] = given if encode is None else encode(given)
        return data

    def read(data: Any) -> Any:
        known = {}
        for name, given in data.items():
            if name in readers:
                convert = readers[name]
                known[name] = given if convert is None else convert(given)
        return kind(**known)

    return Form(whole, sparse, read)


def _unless_same(convert: Callable[[Any], Any]) -> Callable[[Any], Any] | None:
    """None for what needs no conversion: rows are made of texts and numbers, and each call takes its time."""
    return None if convert is _same else convert


def _default_of(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _same(value: Any) -> Any:
    return value


class _Members(dict[str, Any]):
    """The members of an enum by their texts. Raises ValueError for others, as the enum does, in a tenth of its time."""

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__({each.value: each for each in kind})
        self._kind = kind

    def __missing__(self, text: str) -> Any:
        return self._kind(text)


def _text_of_instant(value: datetime) -> str:
    text = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC) if text.endswith("Z") else instant


def _or_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


def _of_each(collected: Callable[[Any], Any], convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: collected(map(convert, values))


def _of_mapping(of_key: Callable[[Any], Any], of_value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: {of_key(key): of_value(value) for key, value in values.items()}


_SCALARS = {
    datetime: Form(_text_of_instant, _text_of_instant, _instant),
    date: Form(date.isoformat, date.isoformat, date.fromisoformat),
    Decimal: Form(str, str, Decimal),
}
