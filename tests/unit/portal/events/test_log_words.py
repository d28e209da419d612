"""What the log of events holds, in words."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.portal.pages.events import log_words
from chalicelib.portal.texts import Texts

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def visit(language: str = "en") -> Any:
    return SimpleNamespace(
        texts=Texts(language), now=NOW, zone="America/Chicago", partner_seen=SimpleNamespace(currency="USD")
    )


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        pytest.param("status", "active", "active", id="a word stays"),
        pytest.param("name", "2027-1", "2027-1", id="what only looks like a day"),
        pytest.param("period", ["2026-12-28", "2027-01-28"], "28 Dec 2026 – 28 Jan", id="a period"),
        pytest.param("add_ons", ["sms", "seo"], "sms, seo", id="a list"),
        pytest.param("price_per_cycle", 4900, "49.00\u00a0USD", id="an amount in the partner's currency"),
        pytest.param("price", {"amount": 450_00, "currency": "EUR"}, "450.00\u00a0EUR", id="an amount of its own"),
        pytest.param("contacts", 4900, "4900", id="a number"),
        pytest.param("paid_at", "2027-02-28T23:00:00Z", "28 Feb, 17:00", id="an instant in the reader's zone"),
        pytest.param("single_bill", True, "true", id="yes or no"),
        pytest.param("plan", {"tier": "plus"}, '{"tier": "plus"}', id="what has members"),
        pytest.param("note", "x" * 201, "x" * 200 + "…", id="a long text is cut"),
        *(pytest.param("note", nothing, "–", id=f"nothing: {nothing!r}") for nothing in (None, "", [], {})),
    ],
)
def test_values_are_shown_as_the_reader_writes_them(name: str, value: Any, shown: str) -> None:
    assert log_words.value(name, value, visit()) == shown


def test_amounts_and_days_are_in_the_readers_language() -> None:
    assert log_words.value("price_per_cycle", 4900, visit("de")) == "49,00\u00a0USD"
    assert log_words.value("period", ["2027-03-28", "2027-04-28"], visit("de")) == "28. März – 28. Apr."


def test_somebody_is_named_or_said_what_they_are() -> None:
    names = {"person:per_1": "Ann"}

    assert log_words.actor("person:per_1", names, Texts("en")) == "Ann"
    assert log_words.actor("person:per_2", names, Texts("en")) == "Somebody of your team"
    assert log_words.actor("schedule:renewals", names, Texts("en")) == "The schedule"
    assert log_words.actor("elf:1", names, Texts("en")) == "elf:1"
