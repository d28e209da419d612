"""The texts of pages, in the reader's language: a YAML file for each beside this module, or else the English one."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from chalicelib import words as word_files
from chalicelib.api.countries import COUNTRY_CODES
from chalicelib.api.languages import LANGUAGE_CODES
from chalicelib.documents import mails
from chalicelib.domain.calendar import local_date
from chalicelib.domain.events.notices.facts import Fact
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

FOLDER = Path(__file__).parent
FALLBACK = "en"
_PLACE = re.compile(r"\{(\w+)\}")
_ISOLATED = Markup("<bdi>{}</bdi>")
_MOST_WISHES = 20


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language."""

    code: str
    words: Mapping[str, str]

    def plain(self, name: str, /, **values: str) -> str:
        """A text, not escaped."""
        return _PLACE.sub(lambda place: values[place.group(1)], self.words[name])

    def html(self, name: str, /, **values: str) -> Markup:
        """A text as HTML. The values may come from strangers: each is escaped, and its direction isolated."""
        text = str(escape(self.words[name]))
        filled = _PLACE.sub(lambda place: _ISOLATED.format(values[place.group(1)]), text)
        return Markup(filled)  # noqa: S704 - all of it is escaped

    def countries(self) -> Mapping[str, str]:
        """The names of all countries by their codes, in the language's alphabetical order."""
        return _names("countries", self.code)

    def language_names(self) -> Mapping[str, str]:
        """The names of all languages that accounts may have by their codes, in the language's alphabetical order."""
        return _names("languages", self.code)

    def written(self, fact: Fact) -> str:
        """A date or an amount as the language writes it."""
        return mails.language_of(self.code).written(fact)

    def day(self, instant: datetime, time_zone: str) -> str:
        """The day of an instant in a time zone, written."""
        return self.written(local_date(instant, time_zone))

    def last_day(self, ends_at: datetime, time_zone: str) -> str:
        """The last day of what ends at an instant, written."""
        return self.day(ends_at - timedelta(seconds=1), time_zone)

    def price(self, amount: int | None, currency: str) -> str:
        """A price in minor units, written; a dash where there is none."""
        return "–" if amount is None else self.written(Money(amount, currency))


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a file, English first: a browser without a preference gets the first."""
    return tuple(sorted((path.stem for path in FOLDER.glob("*.yaml")), key=lambda code: (code != FALLBACK, code)))


def texts_in(tag: str | None, *, accept_language: str | None = None) -> Texts:
    """The texts in the language of a BCP 47 tag, or without a tag in the one that the browser asks for first."""
    for wish in [tag] if tag else _wishes(accept_language or ""):
        code = wish.partition("-")[0].lower()
        if code in languages():
            return _load(code)
    return _load(FALLBACK)


def wished_language(accept_language: str | None) -> str:
    """The language tag that the browser asks for first, as far as it is one that accounts can have."""
    for wish in _wishes(accept_language or ""):
        if found := re.fullmatch(r"([a-zA-Z]{2})(?:-([a-zA-Z]{2}))?", wish):
            language, country = found[1].lower(), (found[2] or "").upper()
            if language in LANGUAGE_CODES:
                return f"{language}-{country}" if country in COUNTRY_CODES else language
    return FALLBACK


def _wishes(header: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:_MOST_WISHES]:
        tag, _, quality = part.strip().partition(";")
        try:
            wishes.append((float(quality.strip().removeprefix("q=") or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for quality, tag in sorted(wishes, key=lambda wish: -wish[0]) if quality > 0]


@cache
def _names(folder: str, code: str) -> Mapping[str, str]:
    names = word_files.read(FOLDER / folder / f"{code}.yaml")
    return dict(sorted(names.items(), key=lambda named: _alphabetical(named[1])))


def _alphabetical(name: str) -> str:
    """``Österreich`` under O, ``Åland`` under A."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


@cache
def _load(code: str) -> Texts:
    return Texts(code, word_files.read(FOLDER / f"{code}.yaml"))
