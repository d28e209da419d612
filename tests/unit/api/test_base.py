"""The types that mean the same in every body, on both sides of their borders."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from chalicelib.api import validation_errors
from chalicelib.api.base import (
    Body,
    CommaSeparated,
    CountryCode,
    Currency,
    Domain,
    Email,
    Id,
    Language,
    LocalDate,
    Metadata,
    MinorUnits,
    Percent,
    Query,
    Shape,
    Timestamp,
    TimeZone,
)


class Everything(Body):
    id: Id | None = None
    domain: Domain | None = None
    language: Language | None = None
    email: Email | None = None
    country: CountryCode | None = None
    currency: Currency | None = None
    time_zone: TimeZone | None = None
    amount: MinorUnits | None = None
    at: Timestamp | None = None
    day: LocalDate | None = None
    percent: Percent | None = None
    metadata: Metadata | None = None
    names: list[str] | None = None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "owner@acme.example"),
        ("email", "o'neil+x@a-b.acme.example"),
        ("email", "a" * 64 + "@" + "b" * 60 + ".example"),
        ("email", "owner@example.xn--p1ai"),
        ("email", "owner@post.bücher.example"),
        ("domain", "Mail.Acme.Example."),
        ("domain", "بريد.مثال.example"),
        ("country", "US"),
        ("currency", "USD"),
        ("time_zone", "America/Argentina/Buenos_Aires"),
        ("amount", 0),
        ("amount", 999_999_999_999),
        ("at", "2026-11-21T06:00:00Z"),
        ("at", "2026-11-21T06:00:00+02:00"),
        ("day", "2028-02-29"),
        ("day", "1900-01-01"),
        ("day", "2999-12-31"),
        ("id", "a"),
        ("id", "a" * 64),
        ("domain", "mail.acme.example"),
        ("domain", "xn--bcher-kva.example"),
        ("language", "en"),
        ("language", "pt-BR"),
        ("language", "es-419"),
        ("language", "zh-Hant"),
        ("language", "sr-Latn-RS"),
        ("language", "fil"),
        ("percent", "12.5"),
        ("metadata", {}),
        ("metadata", {str(number): "x" for number in range(20)}),
        ("metadata", {"k" * 40: "v" * 500}),
        ("metadata", {f"{number:040}": "v" * 500 for number in range(20)}),
    ],
)
def test_takes(field: str, value: object) -> None:
    Everything.model_validate_json(json.dumps({field: value}))


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("email", "Owner@Bücher.Example", "Owner@xn--bcher-kva.example"),
        ("email", "owner@пример.рф", "owner@xn--e1afmkfd.xn--p1ai"),
        ("domain", "Mail.Acme.Example.", "mail.acme.example"),
        ("domain", "пример.рф", "xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_domains_are_kept_in_ascii_and_lower_case(field: str, value: str, kept: str) -> None:
    assert getattr(Everything.model_validate_json(json.dumps({field: value})), field) == kept


A_LANGUAGE = (
    "must be a language of ISO 639-1, alone or with a script or a country, such as en, pt-BR, es-419 or zh-Hant"
)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "owner", "must be an email address, such as owner@acme.example"),
        ("email", "owner@acme", "must be an email address, such as owner@acme.example"),
        ("email", "a@b.example, c@d.example", "must be an email address, such as owner@acme.example"),
        ("email", "a" * 65 + "@b.example", "must be an email address, such as owner@acme.example"),
        ("email", "владелец@acme.example", "must have only ASCII characters before the @"),
        ("email", "owner@127.0.0.1", "must be an email address, such as owner@acme.example"),
        ("email", "owner@xn--zzzzzz.example", "must be an email address, such as owner@acme.example"),
        ("email", "a@" + "b." * 130 + "example", "must have at most 254 characters"),
        ("country", "us", "must be a country's two letters of ISO 3166, in capitals, such as US"),
        ("country", "XX", "must be a country's two letters of ISO 3166, in capitals, such as US"),
        ("currency", "usd", "must be a currency's three letters of ISO 4217, in capitals, such as USD"),
        ("time_zone", "Mars/Olympus", "must be an IANA time zone, such as America/Chicago"),
        ("time_zone", "../../etc/passwd", "must be an IANA time zone, such as America/Chicago"),
        ("time_zone", "America", "must be an IANA time zone, such as America/Chicago"),
        ("time_zone", "us/chicago", "must be an IANA time zone, such as America/Chicago; near that: America/Chicago"),
        ("time_zone", "Europe/Berln", "must be an IANA time zone, such as America/Chicago; near that: Europe/Berlin"),
        ("time_zone", "", "must be an IANA time zone, such as America/Chicago"),
        ("amount", -1, "must be at least 0"),
        ("amount", 1_000_000_000_000, "must be at most 999999999999"),
        ("amount", "100", "must be a whole number"),
        ("amount", 100.0, "must be a whole number"),
        ("amount", True, "must be a whole number"),
        ("at", "2026-11-21T06:00:00", "must be a time with its zone, such as 2026-11-21T06:00:00Z"),
        ("at", "tomorrow", "must be a time with its zone, such as 2026-11-21T06:00:00Z"),
        ("day", "2026-02-29", "must be a date, YYYY-MM-DD"),
        ("day", "2026-2-9", "must be a date, YYYY-MM-DD"),
        ("day", 20260209, "must be a date, YYYY-MM-DD"),
        ("day", "1899-12-31", "must be in the years 1900 to 2999"),
        ("day", "9999-12-31", "must be in the years 1900 to 2999"),
        ("at", "9999-12-31T23:59:59-23:00", "must be in the years 1900 to 2999"),
        ("at", 4102444800, "must be a time with its zone, such as 2026-11-21T06:00:00Z"),
        ("at", "4102444800", "must be a time with its zone, such as 2026-11-21T06:00:00Z"),
        ("at", "2026-11-31T06:00:00Z", "must be a time with its zone, such as 2026-11-21T06:00:00Z"),
        ("at", "2026-11-21T25:00:00Z", "must be a time with its zone, such as 2026-11-21T06:00:00Z"),
        ("id", "", "must have at least 1 character"),
        ("id", "a" * 65, "must have at most 64 characters"),
        ("domain", "acme", "must be a domain of at most 253 characters, such as mail.acme.example"),
        ("domain", "-a.example", "must be a domain of at most 253 characters, such as mail.acme.example"),
        ("domain", "a.example/x", "must be a domain of at most 253 characters, such as mail.acme.example"),
        ("domain", "a.exa\nmple", "must be a domain of at most 253 characters, such as mail.acme.example"),
        ("language", "english", A_LANGUAGE),
        ("language", "xx", A_LANGUAGE),
        ("language", "EN", A_LANGUAGE),
        ("language", "en-XX", A_LANGUAGE),
        ("language", "en_US", A_LANGUAGE),
        ("percent", 12.5, 'must be a decimal number as a string, such as "12.5"'),
        ("percent", "1e3", 'must be a decimal number as a string, such as "12.5"'),
        ("metadata", {str(number): "x" for number in range(21)}, "must have at most 20 items"),
        (
            "metadata",
            {str(n): "💩" * 500 for n in range(6)} | {"k": "v"},
            "must have at most 12,000 bytes of UTF-8 in all",
        ),
        ("names", "acme", "must be a list"),
        ("names", ["acme\x00"], "must not contain control characters"),
    ],
)
def test_refuses_in_words(field: str, value: object, message: str) -> None:
    (fault,) = _faults(Everything, {field: value})

    assert (fault.field, fault.message) == (field, message)


@pytest.mark.parametrize(
    ("metadata", "field", "message"),
    [
        ({"team": "v" * 501}, "metadata.team", "must have at most 500 characters"),
        ({"team": 1}, "metadata.team", "must be a string"),
    ],
)
def test_metadata_names_the_key_at_fault(metadata: dict[str, Any], field: str, message: str) -> None:
    (fault,) = _faults(Everything, {"metadata": metadata})

    assert (fault.field, fault.message) == (field, message)


def test_a_fault_in_a_union_is_one_field_with_all_that_is_possible() -> None:
    class Limit(Body):
        limit: int | bool

    (fault,) = _faults(Limit, {"limit": "many"})

    assert (fault.field, fault.message) == ("limit", "must be a whole number or must be true or false")


def test_spaces_around_a_text_are_no_part_of_it() -> None:
    assert Everything(email="  owner@acme.example ").email == "owner@acme.example"


def test_values_of_a_query_parameter_come_separated_or_repeated() -> None:
    class Filter(Query):
        status: CommaSeparated[str] | None = None

    assert Filter.model_validate({"status": "active,expired"}).status == ["active", "expired"]
    assert Filter.model_validate({"status": ["active", "expired,"]}).status == ["active", "expired"]


def test_a_time_is_taken_as_it_is_kept() -> None:
    taken = TypeAdapter(Timestamp).validate_python("2026-01-01T10:00:00.123456+01:00")

    assert taken.isoformat() == "2026-01-01T09:00:00.123000+00:00"


def test_responses_write_times_in_utc_and_percentages_as_plain_decimals() -> None:
    class Row(Shape):
        at: Timestamp
        day: LocalDate
        percents: list[Percent]

    row = Row(
        at=datetime(2026, 11, 21, 6, 0, 0, 999_000, tzinfo=timezone(timedelta(hours=2))),
        day=date(2026, 11, 21),
        percents=[Decimal("25.00"), Decimal("1E+2"), Decimal("12.50"), Decimal(0)],
    )

    assert json.loads(row.model_dump_json()) == {
        "at": "2026-11-21T04:00:00Z",
        "day": "2026-11-21",
        "percents": ["25", "100", "12.5", "0"],
    }
    assert row.at < datetime(2026, 11, 21, 6, tzinfo=UTC)


def _faults(model: type[BaseModel], given: dict[str, Any]) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(json.dumps(given))
    return validation_errors.described(caught.value, model=model, given=given)
