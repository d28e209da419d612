"""Dates and amounts as readers of either language write them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from chalicelib.api.languages import LANGUAGE_CODES
from chalicelib.domain.money import Money
from chalicelib.portal import choices
from chalicelib.portal.formats import Formats
from chalicelib.portal.texts import Texts

READER = SimpleNamespace(zone="America/Chicago", now=datetime(2026, 11, 28, 1, 30, tzinfo=UTC))
EN, DE = (Formats(Texts(language), READER) for language in ("en", "de"))


@pytest.mark.parametrize(
    ("money", "english", "german"),
    [
        (Money(123450, "USD"), "1,234.50\u00a0USD", "1.234,50\u00a0USD"),
        (Money(-5, "EUR"), "−0.05\u00a0EUR", "−0,05\u00a0EUR"),
        (Money(1234567, "JPY"), "1,234,567\u00a0JPY", "1.234.567\u00a0JPY"),
    ],
)
def test_amounts(money: Money, english: str, german: str) -> None:
    assert (EN.money(money), DE.money(money)) == (english, german)


def test_countries() -> None:
    assert (EN.country("AT"), DE.country("AT")) == ("Austria", "Österreich")


def test_languages() -> None:
    assert (EN.language("pt"), DE.language("pt-BR")) == ("Portuguese", "Portugiesisch (Brasilien)")
    assert (EN.language("xx-AT"), EN.language("zh-Hant")) == ("xx-AT", "Chinese (Hant)")


def test_a_choice_of_languages_has_the_present_one() -> None:
    assert dict(choices.languages("en", present="de-AT"))["de-AT"] == "German (Austria)"
    assert len(choices.languages("en", present="de")) == len(choices.languages("en", present="")) == len(LANGUAGE_CODES)


def test_numbers_and_percentages() -> None:
    assert (EN.number(12345), DE.number(12345)) == ("12,345", "12.345")
    assert (EN.percent(Decimal("12.50")), DE.percent(Decimal("12.5"))) == ("12.5%", "12,5 %")
    assert EN.percent(Decimal("30")) == "30%"


def test_a_year_shows_if_it_is_not_the_readers() -> None:
    assert (EN.day(date(2026, 12, 31)), EN.day(date(2027, 1, 1))) == ("31 Dec", "1 Jan 2027")
    assert DE.day(date(2028, 2, 29)) == "29. Feb. 2028"


def test_an_instant_is_the_readers_day_and_says_its_zone() -> None:
    instant = datetime(2026, 12, 1, 5, 59, tzinfo=UTC)

    assert EN.date(instant) == (
        '<time datetime="2026-12-01T05:59Z" title="30 Nov 2026, 23:59 America/Chicago">30 Nov</time>'
    )
    assert ">1 Dec, 06:59<" in EN.time(instant, "Europe/Berlin")
