"""What all tables share: how domain values become rows, and rows become domain values.

A row's attributes have the names and types of the domain dataclass they hold, so that one loop
converts both ways. What indexes need besides is derived when the row is written.
"""

import json
import operator
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, reduce
from typing import Any, ClassVar, Generic, TypeVar

from botocore.exceptions import ClientError
from pynamodb.attributes import Attribute
from pynamodb.constants import STRING
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from chalicelib import serialization
from chalicelib.aws import Table
from chalicelib.domain.calendar import Period
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
        return json.dumps([data[field.name] for field in kept], separators=(",", ":"))

    def deserialize(self, value: str) -> T:
        names = (field.name for field in fields(self._kind))
        data: T = serialization.form_of(self._kind).read(dict(zip(names, json.loads(value), strict=False)))
        return data


def due_text(instant: datetime) -> str:
    """``instant`` in whole seconds as the due index sorts it, rounded up."""
    if instant.microsecond:
        instant = instant.replace(microsecond=0) + timedelta(seconds=1)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def page_of(rows: ResultIterator[T], limit: int) -> tuple[list[T], dict[str, Any] | None]:
    """Up to ``limit`` rows, and the key the next page starts after; None when no row follows."""
    page: list[T] = []
    for row in rows:
        page.append(row)
        if len(page) == limit:
            key = rows.last_evaluated_key
            return page, key if next(rows, None) is not None else None
    return page, None


def all_of(wanted: Iterable[Condition | None]) -> Condition | None:
    """One condition that all of these hold; None without any."""
    conditions = [condition for condition in wanted if condition is not None]
    return reduce(operator.and_, conditions) if conditions else None


class Row(Table, Generic[T]):
    """A table row that holds one domain dataclass, attribute by attribute; default values are not stored."""

    holds: ClassVar[Any]

    @classmethod
    def of(cls: type[R], value: T, **derived: Any) -> R:
        """The row for ``value``; ``derived`` are attributes that only indexes and streams need."""
        data = {
            name: given
            for name, default in _defaults(cls.holds)
            if (given := getattr(value, name)) is not None and given != default
        }
        return cls(**data, **{name: given for name, given in derived.items() if given is not None})

    def value(self) -> T:
        """The domain value this row holds; what the row lacks takes the dataclass's default."""
        known = {name: getattr(self, name) for name, _ in _defaults(self.holds)}
        made: T = self.holds(**{name: given for name, given in known.items() if given is not None})
        return made


@cache
def _defaults(kind: Any) -> list[tuple[str, Any]]:
    """A dataclass's fields with their defaults; None, which is never stored, where there is none."""
    return [(field.name, _default(field)) for field in fields(kind)]


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default
