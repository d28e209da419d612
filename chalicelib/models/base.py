"""What all tables share: how domain values become rows, and rows become domain values.

A row's attributes have the names and types of the domain dataclass they hold, so that one loop
converts both ways. What indexes need besides is derived when the row is written.
"""

import json
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import Any, ClassVar, Generic, TypeVar

from botocore.exceptions import ClientError
from pynamodb.attributes import Attribute, BooleanAttribute, JSONAttribute, UnicodeAttribute
from pynamodb.constants import NULL, STRING
from pynamodb.exceptions import AttributeDeserializationError, AttributeNullError, PynamoDBException

from chalicelib import serialization
from chalicelib.aws import Table
from chalicelib.domain.calendar import Period
from chalicelib.domain.copies import values_of
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import CardName

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
R = TypeVar("R", bound="Row[Any]")


def code_of(error: PynamoDBException) -> str:
    """DynamoDB's code of an error, or "" when there was no answer.

    PynamoDB's own ``cause_response_code`` fails when there was no answer.
    """
    return str(error.cause.response["Error"]["Code"]) if isinstance(error.cause, ClientError) else ""


class InstantAttribute(Attribute[datetime]):
    """An instant as RFC 3339 UTC with milliseconds, which sorts as text."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def deserialize(self, value: str) -> datetime:
        return datetime.fromisoformat(value)


class DueAttribute(InstantAttribute):
    """An alarm: an instant in whole seconds, never before the instant itself."""

    def serialize(self, value: datetime) -> str:
        return due_text(value)


class DateAttribute(Attribute[date]):
    """A local date, ``YYYY-MM-DD``."""

    attr_type = STRING

    def serialize(self, value: date) -> str:
        return value.isoformat()

    def deserialize(self, value: str) -> date:
        return date.fromisoformat(value)


class PeriodAttribute(Attribute[Period]):
    """Local dates from the first day to the day after the last, ``2026-11-21/2026-12-21``."""

    attr_type = STRING

    def serialize(self, value: Period) -> str:
        return f"{value.start.isoformat()}/{value.end.isoformat()}"

    def deserialize(self, value: str) -> Period:
        start, end = value.split("/")
        return Period(start=date.fromisoformat(start), end=date.fromisoformat(end))


class MoneyAttribute(Attribute[Money]):
    """Minor units with their currency, ``3920 USD``."""

    attr_type = STRING

    def serialize(self, value: Money) -> str:
        return f"{value.amount} {value.currency}"

    def deserialize(self, value: str) -> Money:
        amount, currency = value.split(" ")
        return Money(amount=int(amount), currency=currency)


class CardNameAttribute(Attribute[CardName]):
    """A card's brand and last digits, ``visa 4242``."""

    attr_type = STRING

    def serialize(self, value: CardName) -> str:
        return f"{value.brand} {value.last4}"

    def deserialize(self, value: str) -> CardName:
        brand, _, last4 = value.rpartition(" ")
        return CardName(brand=brand, last4=last4)


class EnumAttribute(Attribute[E], Generic[E]):
    """One of an enum's values, as its text."""

    attr_type = STRING

    def __init__(self, kind: type[E], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._kind = kind

    def serialize(self, value: E) -> str:
        return value.value

    def deserialize(self, value: str) -> E:
        return self._kind(value)


class DataAttribute(Attribute[T], Generic[T]):
    """A nested domain value (a plan, a charge, …) as one JSON text."""

    attr_type = STRING

    def __init__(self, kind: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._kind = kind

    def serialize(self, value: T) -> str:
        return serialization.dump(self._kind, value)

    def deserialize(self, value: str) -> T:
        data: T = serialization.load(self._kind, value)
        return data


class RecordAttribute(DataAttribute[T]):
    """A dataclass as the JSON list of its values, in the order of its fields: compact, for values in every row.

    Defaults at its end are left out. Add new fields at the end, with a default: rows written before lack them.
    """

    def serialize(self, value: T) -> str:
        data = serialization.form_of(self._kind).whole(value)
        kept = list(fields(self._kind))
        while kept and kept[-1].default is not MISSING and getattr(value, kept[-1].name) == kept[-1].default:
            kept.pop()
        return _compact([data[field.name] for field in kept])

    def deserialize(self, value: str) -> T:
        names = (field.name for field in fields(self._kind))
        data: T = serialization.form_of(self._kind).read(dict(zip(names, json.loads(value), strict=False)))
        return data


_compact = json.JSONEncoder(separators=(",", ":")).encode


def due_text(instant: datetime) -> str:
    """``instant`` in whole seconds as the due index sorts it, rounded up."""
    if instant.microsecond:
        instant = instant.replace(microsecond=0) + timedelta(seconds=1)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Row(Table, Generic[T]):
    """A table row that holds one domain dataclass, attribute by attribute; default values are not stored.

    A row that was read, or made of a value, keeps its item as DynamoDB has it. Once somebody asks for an attribute,
    the attributes count, as in any model of PynamoDB's: they may be changed (docs/decisions/row-path.md).
    """

    holds: ClassVar[Any]
    _item: dict[str, Any]
    _made_of: T | None = None

    @classmethod
    def of(cls: type[R], value: T, **derived: Any) -> R:
        """The row for ``value``. ``derived`` are attributes that only indexes and streams need, or need otherwise.

        Raises PynamoDB's ``AttributeNullError`` if an attribute is missing.
        """
        row = cls.from_raw_data(_form(cls).item(value, derived))
        row._made_of = value
        return row

    @classmethod
    def from_raw_data(cls: type[R], data: dict[str, Any]) -> R:
        """The row of a stored item: PynamoDB calls this for whatever it has read."""
        row = cls.__new__(cls)
        row._item = data
        return row

    def value(self) -> T:
        """The domain value this row holds; what the row lacks takes the dataclass's default."""
        if self._made_of is not None and self._is_as_stored:
            return self._made_of
        held = _form(type(self)).defaults
        made: T = self.holds(
            **{name: given for name, given in self.attribute_values.items() if name in held and given is not None}
        )
        return made

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        return dict(self._item) if self._is_as_stored else super().serialize(null_check)

    @cached_property
    def attribute_values(self) -> dict[str, Any]:  # type: ignore[override]
        """The attributes by name, where PynamoDB reads and sets them."""
        return _form(type(self)).attributes(self._item)

    @property
    def _is_as_stored(self) -> bool:
        return "attribute_values" not in self.__dict__


class _Form:
    """How a row class stores its attributes, and with which defaults those that are fields of what it holds."""

    def __init__(self, row: type[Row[Any]]) -> None:
        attributes = row.get_attributes()
        held = fields(row.holds) if hasattr(row, "holds") else ()
        self.defaults = {field.name: _default(field) for field in held}
        self._encoders, self._decoders = {}, {}
        for name, each in attributes.items():
            encode, decode = _conversions(each)
            self._encoders[name] = each.attr_name, each.attr_type, encode
            self._decoders[each.attr_name] = name, each.attr_type, decode
        self._required = {each.attr_name for each in attributes.values() if not each.null}
        self._preset = {name: each.default for name, each in attributes.items() if each.default is not None}

    def item(self, value: Any, derived: dict[str, Any]) -> dict[str, Any]:
        """What is stored of ``value`` and what is derived."""
        given = dict(self._preset)
        kind: Any = type(value)
        for (name, default), each in zip(self.defaults.items(), values_of(kind)(value), strict=True):
            if each is not default and each != default:
                given[name] = each
        item = {}
        for name, each in (given | derived).items():
            if each is not None:
                attr_name, attr_type, encode = self._encoders[name]
                item[attr_name] = {attr_type: encode(each)}
        if not self._required <= item.keys():
            raise AttributeNullError(min(self._required - item.keys()))
        return item

    def attributes(self, item: dict[str, Any]) -> dict[str, Any]:
        """The attributes of a stored item that this release knows."""
        known = dict(self._preset)
        for attr_name, stored in item.items():
            if attr_name in self._decoders and NULL not in stored:
                name, kind, decode = self._decoders[attr_name]
                if kind not in stored:
                    raise AttributeDeserializationError(attr_name, kind)
                known[name] = decode(stored[kind])
        return known


_REMEMBERED = 512
"""Conversions kept for each attribute: the accounts of a partner have much in common."""
_AS_IT_IS = (UnicodeAttribute, BooleanAttribute, JSONAttribute)
"""Hardly anything to convert, or what whoever gets it may change."""


def _conversions(attribute: Attribute[Any]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """How an attribute is stored and read. Plans, prices, terms, periods and days recur, and don't change once made:
    a text is parsed once, and a value that is still the same object is written as it was.
    """
    if isinstance(attribute, _AS_IT_IS):
        return attribute.serialize, attribute.deserialize
    written: dict[int, tuple[Any, Any]] = {}

    def encode(value: Any) -> Any:
        known = written.get(id(value))
        if known is None or known[0] is not value:
            if len(written) >= _REMEMBERED:
                written.clear()
            known = written[id(value)] = value, attribute.serialize(value)
        return known[1]

    return encode, lru_cache(_REMEMBERED)(attribute.deserialize)


@cache
def _form(row: type[Row[Any]]) -> _Form:
    return _Form(row)


def _default(field: Field[Any]) -> Any:
    """A field's default; None, which is never stored, where there is none."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default
