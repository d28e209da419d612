"""Notices put into words: a subject, a text and an HTML part, in the reader's language.

A language is a YAML file beside this module; whoever wants one that isn't there reads English. Names
and addresses were written by others: they are escaped, kept on one line, and keep their direction to
themselves. A line that needs a fact the notice doesn't have is left out.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chalicelib.documents.mails.dress import Letter, dressed, paragraph, safely
from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.events.notices import Fact, Notice
from chalicelib.domain.money import Money
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.texts import isolated, one_line

FOLDER = Path(__file__).parent
FALLBACK = "en"

_PLACE = re.compile(r"\{(\w+)\}")
_SUBJECT_LENGTH = 150
"""Longer subjects are shown by nobody; what is cut is in the mail."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language's file: how it writes dates and amounts, and what it says of each kind of notice."""

    code: str
    words: Mapping[str, Any]

    def written(self, fact: Fact) -> str:
        """A fact as people write it. Text that others wrote comes back isolated, not escaped."""
        match fact:
            case Money():
                return self._amount(fact)
            case date():
                month = self.words["months"][fact.month - 1]
                return self._filled("date", day=str(fact.day), month=month, year=str(fact.year))
            case int():
                return f"{fact:,}".replace(",", self.words["thousands"])
            case _:
                return isolated(fact)

    def _amount(self, money: Money) -> str:
        point, thousands = self.words["point"], self.words["thousands"]
        swapped = {".": point, ",": thousands}
        number = "".join(swapped.get(character, character) for character in decimal_text(money, grouped=True))
        symbol = self.words["symbols"].get(money.currency)
        if symbol is None:
            return self._filled("amount_in_code", amount=number, currency=money.currency)
        return self._filled("amount_in_symbol", amount=number, symbol=symbol)

    def _filled(self, name: str, **values: str) -> str:
        pattern: str = self.words[name]
        return pattern.format(**values)


def write(notice: Notice, *, product_name: str) -> Letter:
    """The notice in the recipient's language. ``product_name`` is the installation's, for those without a branding."""
    language = language_of(notice.recipient.language)
    name = one_line(notice.branding.product_name or product_name)
    facts = {**notice.facts, "product": name, "address": notice.recipient.address}
    said = {fact: language.written(value) for fact, value in facts.items() if value is not None}
    if "credit" in said:
        said["credit"] = language.words["credits"][said["credit"]]
    words = language.words["notices"][notice.kind]
    subject = _fill(words["subject"], said, plainly)
    lines = _filled(words["lines"], said)
    details = [(label, value) for label, value in words.get("details", {}).items() if _known(value, said)]
    closing = language.words["closing"][notice.recipient.reason]
    return Letter(
        subject=_shortened(subject),
        text=_text(subject, lines, details, closing, said),
        html=_html(language, subject, lines, details, closing, said, branding=notice.branding, name=name),
    )


@cache
def languages() -> tuple[str, ...]:
    """The languages there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def language_of(tag: str) -> Language:
    """The language of a BCP 47 tag: `de-AT` reads German, what nobody has written yet English."""
    code = tag.partition("-")[0].lower()
    return _load(code if code in languages() else FALLBACK)


@cache
def _load(code: str) -> Language:
    return Language(code, yaml.safe_load((FOLDER / f"{code}.yaml").read_text(encoding="utf-8")))


Escape = Callable[[str], str]


def plainly(value: str) -> str:
    return value


def _known(words: str, said: Mapping[str, str]) -> bool:
    return all(name in said for name in _PLACE.findall(words))


def _filled(lines: list[str], said: Mapping[str, str]) -> list[str]:
    return [line for line in lines if _known(line, said)]


def _fill(words: str, said: Mapping[str, str], escape: Escape) -> str:
    """The words with their places filled: once, so that what is filled in has no places of its own."""
    return _PLACE.sub(lambda place: escape(said[place.group(1)]), words)


def _shortened(subject: str) -> str:
    return subject if len(subject) <= _SUBJECT_LENGTH else subject[: _SUBJECT_LENGTH - 1].rstrip() + "…"


def _text(subject: str, lines: list[str], details: list[tuple[str, str]], closing: str, said: Mapping[str, str]) -> str:
    paragraphs = [subject, *(_fill(line, said, plainly) for line in lines)]
    if details:
        paragraphs.append("\n".join(f"{label}: {_fill(value, said, plainly)}" for label, value in details))
    return "\n\n".join([*paragraphs, f"-- \n{_fill(closing, said, plainly)}"]) + "\n"


def _html(
    language: Language,
    subject: str,
    lines: list[str],
    details: list[tuple[str, str]],
    closing: str,
    said: Mapping[str, str],
    *,
    branding: Branding,
    name: str,
) -> str:
    def markup(words: str) -> str:
        return _fill(html.escape(words), said, safely)

    rows = "".join(
        f'<tr><th align="left" style="padding:4px 24px 4px 0;font-weight:normal;color:#555">{html.escape(label)}</th>'
        f'<td style="padding:4px 0">{markup(value)}</td></tr>'
        for label, value in details
    )
    table = f'<table role="presentation" cellspacing="0" style="margin:0 0 16px">{rows}</table>' if rows else ""
    return dressed(
        language=language.code,
        heading=subject,
        content="".join(paragraph(markup(line)) for line in lines) + table,
        closing=markup(closing),
        branding=branding,
        product_name=name,
    )
