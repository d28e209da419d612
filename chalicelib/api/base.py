"""What request and response bodies are made of: base classes, and the types that mean the same everywhere.

Bodies are strict (no text where a number belongs) and refuse what they don't know. Messages of the types are made to be
read after a field's name: "country must be …".
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from chalicelib.api import clock
from chalicelib.api.countries import COUNTRY_CODES
from chalicelib.api.hosts import Domain as Domain
from chalicelib.api.hosts import Email as Email
from chalicelib.api.languages import LANGUAGE_CODES
from chalicelib.domain.texts import legible
from chalicelib.domain.time_zones import UnknownTimeZone, check_time_zone

T = TypeVar("T")
D = TypeVar("D", bound=date)

_DATE = "must be a date, YYYY-MM-DD"
_TIME = "must be a time with its zone, such as 2026-11-21T06:00:00Z"
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
"""Adding a day or changing the zone cannot leave Python's calendar."""
_RFC_3339 = re.compile(r"[0-9-]{10}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_LAYOUT = str.maketrans("", "", "\t\r\n\u2028\u2029")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class _Asked(BaseModel):
    """What a client sends. No control characters anywhere: these texts end up in headers, mails and logs."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        defer_build=True,  # a process uses few of them
    )

    multiline: ClassVar[frozenset[str]] = frozenset()
    """Fields that are documents: they may have tabs and line ends, but no other control characters."""
    elsewhere: ClassVar[Mapping[str, str]] = {}
    """Fields that clients may expect here but that belong elsewhere, with the message for each."""

    @field_validator("*", mode="after")
    @classmethod
    def _without_control_characters(cls, value: Any, info: ValidationInfo) -> Any:
        looked_at = value.translate(_LAYOUT) if info.field_name in cls.multiline else value
        if _has_control_characters(looked_at):
            raise ValueError("must not contain control characters")
        return value


class Body(_Asked):
    """A request's body."""

    model_config = ConfigDict(strict=True)
    example: ClassVar[Mapping[str, Any]] = {}
    """A body that is valid; it also replaces invalid fields for the `rules` of a route."""


class Query(_Asked):
    """A request's query parameters; numbers, dates and true/false are read from text.

    A field that is a dict takes dotted parameters: `?metadata.team=red` is `metadata={"team": "red"}`.
    """


class ListQuery(Query):
    """What every list takes; a list's own filters go in a subclass."""

    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=4000, description="`next_cursor` of the page before.")


def not_before(first: str) -> AfterValidator:
    """The end of a range: not before its beginning, the field ``first`` (by its name in Python, declared above it)."""

    def check(last: D | None, info: ValidationInfo) -> D | None:
        start = info.data.get(first)
        alike = isinstance(start, datetime) == isinstance(last, datetime)  # a day and an instant are not compared
        if start is not None and last is not None and alike and last < start:
            raise ValueError(f"must not be before {first.removesuffix('_')}")
        return last

    return AfterValidator(check)


class Shape(BaseModel):
    """A response's body, or a part of it. Takes attributes of domain objects: `Shape.model_validate(account)`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, from_attributes=True, hide_input_in_errors=True, defer_build=True
    )


class Page(Shape, Generic[T]):
    """One page of a list."""

    data: list[T]
    next_cursor: str | None = Field(default=None, description="Null on the last page.")


class Money(Shape):
    """An amount in whole minor units (cents)."""

    amount: int
    currency: str


def matching(pattern: str, message: str) -> AfterValidator:
    """A pattern for a text; `message` explains it to people. For programs, state it in the schema, too."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(message)
        return text

    return AfterValidator(check)


def _country(text: str) -> str:
    if text not in COUNTRY_CODES:
        raise ValueError("must be a country's two letters of ISO 3166, in capitals, such as US")
    return text


def _time_zone(text: str) -> str:
    try:
        return check_time_zone(text)
    except UnknownTimeZone as error:
        near = f"; near that: {', '.join(error.near)}" if error.near else ""
        raise ValueError(f"must be an IANA time zone, such as America/Chicago{near}") from None


def _language(text: str) -> str:
    """A language tag of BCP 47: a language we know, then perhaps its script, then perhaps where it is spoken."""
    parts = re.fullmatch(_LANGUAGE, text)
    if parts is None or parts["language"] not in LANGUAGE_CODES or parts["country"] not in {None, *COUNTRY_CODES}:
        raise ValueError(
            "must be a language of ISO 639-1, alone or with a script or a country, such as en, pt-BR, es-419 or zh-Hant"
        )
    return text


def _percent(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", value):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value
    raise ValueError('must be a decimal number as a string, such as "12.5"')


def _date(value: object) -> object:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        raise ValueError(_DATE)
    try:
        day = date.fromisoformat(value)
    except ValueError:  # the month has no such day
        raise ValueError(_DATE) from None
    return _in_calendar(day)


def _time(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        raise ValueError(_TIME)
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:  # no such day or hour
        raise ValueError(_TIME) from None
    return _in_calendar(moment)


def _moment(value: object) -> date | datetime:
    """A datetime is a date too, so the check is not left to a union."""
    if isinstance(value, date):
        return value
    moment = _time(value) if isinstance(value, str) and len(value) > len("YYYY-MM-DD") else _date(value)
    assert isinstance(moment, date)
    return moment


def _in_calendar(day: D) -> D:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _as_kept(instant: datetime) -> datetime:
    """In UTC and whole milliseconds, as the tables store it, so that a repeated request compares equal."""
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)


def _parts(value: object) -> object:
    texts = value if isinstance(value, list) else [value]
    return [part for text in texts for part in (text.split(",") if isinstance(text, str) else [text]) if part != ""]


_LANGUAGE = r"(?P<language>[a-z]{2,3})(-[A-Z][a-z]{3})?(-((?P<country>[A-Z]{2})|[0-9]{3}))?"


class Named:
    """Marks a field that names something stored; if there is no such thing, the answer is a 404."""


Id = Annotated[str, Field(min_length=1, max_length=64), Named()]
"""An id in a request. Its prefix is not checked: an id of another kind is simply not found."""

Legible = BeforeValidator(lambda value: legible(value) if isinstance(value, str) else value)
"""For every name and text that people read: see :func:`legible`."""
CountryCode = Annotated[str, Field(json_schema_extra={"pattern": "^[A-Z]{2}$"}), AfterValidator(_country)]
Language = Annotated[
    str,
    Field(max_length=11, json_schema_extra={"pattern": "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"}),
    AfterValidator(_language),
]
Currency = Annotated[
    str,
    Field(json_schema_extra={"pattern": "^[A-Z]{3}$"}),
    matching("[A-Z]{3}", "must be a currency's three letters of ISO 4217, in capitals, such as USD"),
]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_time_zone)]

MinorUnits = Annotated[int, Field(ge=0, le=999_999_999_999)]
"""An amount in a request, in whole minor units."""

Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_time),
    AfterValidator(_as_kept),
    PlainSerializer(clock.rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
LocalDate = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[
    date | datetime,
    PlainValidator(_moment),
    PlainSerializer(
        lambda value: clock.rfc3339(value) if isinstance(value, datetime) else value.isoformat(),
        return_type=str,
        when_used="json",
    ),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}),
]
"""A whole local day, or an instant."""
Percent = Annotated[
    Decimal,
    BeforeValidator(_percent),
    PlainSerializer(lambda value: format(value.normalize(), "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,6}(\.[0-9]{1,6})?$"}),
]
CommaSeparated = Annotated[list[T], BeforeValidator(_parts)]
"""A query parameter with several values: `?status=active,expired`, or given several times."""

_METADATA_BYTES = 12_000
"""20 full values in ASCII, with their keys. The event of a change holds them twice and must fit into a message."""


def _not_too_big(metadata: dict[str, str]) -> dict[str, str]:
    if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) > _METADATA_BYTES:
        raise ValueError(f"must have at most {_METADATA_BYTES:,} bytes of UTF-8 in all")
    return metadata


Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=40)],
        Annotated[str, StringConstraints(max_length=500)],
    ],
    Field(max_length=20),
    AfterValidator(_not_too_big),
]


def _has_control_characters(value: Any) -> bool:
    if isinstance(value, str):
        return _CONTROL.search(value) is not None
    if isinstance(value, dict):
        return any(_has_control_characters(part) for item in value.items() for part in item)
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_has_control_characters(part) for part in value)
    return False
