"""Notices as mails: a subject, a text and an HTML part, in the recipient's language.

A language is a YAML file beside this module; English stands in for a language without a file. Other people
write names and addresses: these are escaped, kept on one line, and their text direction is isolated.
A line that needs a fact which the notice lacks is left out, and so are brackets around nothing but such a fact. What
clients read instead of others is under `client`, and what those read who pay for a managed account, under `payer`.
"""

import html
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib import words as word_files
from chalicelib.documents.mails.layout import Letter, button, escape_isolated, lay_out, paragraph
from chalicelib.domain.calendar import local_date
from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.events.notices.composition import Notice
from chalicelib.domain.events.notices.facts import Fact, Moment
from chalicelib.domain.events.notices.recipients import Reason
from chalicelib.domain.money import Money
from chalicelib.domain.texts import isolated, one_line
from chalicelib.domain.time_zones import zone_of
from chalicelib.domain.values import dataclass

FOLDER = Path(__file__).parent
FALLBACK = "en"

_PLACE = re.compile(r"\{(\w+)\}")
_IN_BRACKETS = re.compile(r" \(\{(\w+)\}\)")
_SUBJECT_LENGTH = 150
"""No mail program shows longer subjects; what is cut off is in the mail."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language's file: dates, amounts, and the texts of each kind of notice."""

    code: str
    words: Mapping[str, Any]

    def written(self, fact: Fact) -> str:
        """A fact as the language writes it. Text comes back with its direction isolated, but not escaped."""
        match fact:
            case Money():
                return self._amount(fact)
            case Moment():
                day = self.written(local_date(fact.at, fact.time_zone))
                clock = fact.at.astimezone(zone_of(fact.time_zone)).strftime("%H:%M")
                return self._filled("moment", day=day, time=clock, zone=fact.time_zone)
            case date():
                month = self.words["months"][fact.month - 1]
                return self._filled("date", day=str(fact.day), month=month, year=str(fact.year))
            case Cause():
                said: str = self.words["causes"].get(fact, fact.in_words)
                return said
            case int():
                return f"{fact:,}".replace(",", self.words["thousands"])
            case _:
                return isolated(fact)

    def number(self, money: Money) -> str:
        """An amount in major units without its currency."""
        swapped = {".": self.words["point"], ",": self.words["thousands"]}
        return "".join(swapped.get(character, character) for character in decimal_text(money, grouped=True))

    def _amount(self, money: Money) -> str:
        symbol = self.words["symbols"].get(money.currency)
        if symbol is None:
            return self.in_code(money)
        return self._filled("amount_in_symbol", amount=self.number(money), symbol=symbol)

    def in_code(self, money: Money) -> str:
        """An amount with the code of its currency."""
        return self._filled("amount_in_code", amount=self.number(money), currency=money.currency)

    def _filled(self, name: str, **values: str) -> str:
        pattern: str = self.words[name]
        return pattern.format(**values)


def write(notice: Notice, *, product_name: str) -> Letter:
    """The notice in the recipient's language. ``product_name`` is used where the branding has none."""
    language = language_of(notice.recipient.language)
    name = one_line(notice.branding.product_name or product_name)
    facts = {**notice.facts, "product": name, "address": notice.recipient.address}
    texts = {fact: language.written(value) for fact, value in facts.items() if value is not None}
    if "credit" in texts:
        texts["credit"] = language.words["credits"][texts["credit"]]
    if "role" in texts:
        texts["role"] = language.words["roles"][texts["role"]]
    words = _words_for(notice.recipient.reason, language.words["notices"][notice.kind])
    subject = _fill(words["subject"], texts, plainly)
    lines = _filled(words.get("lines", []), texts)
    details = [(label, value) for label, value in words.get("details", {}).items() if _known(value, texts)]
    closing = language.words["closing"][notice.recipient.reason]
    return Letter(
        subject=_shortened(subject),
        text=_text(language, subject, lines, details, closing, texts, notice=notice),
        html=_html(language, subject, lines, details, closing, texts, notice=notice, name=name),
    )


def _words_for(reason: Reason, words: Mapping[str, Any]) -> Mapping[str, Any]:
    """The texts of a kind of notice, as a reader with this reason gets them."""
    match reason:
        case Reason.CLIENT:
            return {**words, **words.get("client", {})}
        case Reason.PAYER:
            return {**words, **words.get("client", {}), **words.get("payer", {})}
        case _:
            return words


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def language_of(tag: str) -> Language:
    """The language of a BCP 47 tag: `de-AT` gets German, a language without a file English."""
    code = tag.partition("-")[0].lower()
    return _load(code if code in languages() else FALLBACK)


@cache
def _load(code: str) -> Language:
    return Language(code, word_files.read(FOLDER / f"{code}.yaml"))


Escape = Callable[[str], str]


def plainly(value: str) -> str:
    return value


def _known(words: str, texts: Mapping[str, str]) -> bool:
    return all(name in texts for name in _PLACE.findall(words))


def _filled(lines: list[str], texts: Mapping[str, str]) -> list[str]:
    shortened = [_without_unknown(line, texts) for line in lines]
    return [line for line in shortened if _known(line, texts)]


def _without_unknown(words: str, texts: Mapping[str, str]) -> str:
    """The words without brackets around a fact that the notice lacks."""
    return _IN_BRACKETS.sub(lambda place: place.group() if place.group(1) in texts else "", words)


def _fill(words: str, texts: Mapping[str, str], escape: Escape) -> str:
    """Fill the places in the words, in one pass: braces in a value that is filled in stay as they are."""
    return _PLACE.sub(lambda place: escape(texts[place.group(1)]), words)


def _shortened(subject: str) -> str:
    return subject if len(subject) <= _SUBJECT_LENGTH else subject[: _SUBJECT_LENGTH - 1].rstrip() + "…"


def _text(
    language: Language,
    subject: str,
    lines: list[str],
    details: list[tuple[str, str]],
    closing: str,
    texts: Mapping[str, str],
    *,
    notice: Notice,
) -> str:
    paragraphs = [subject, *(_fill(line, texts, plainly) for line in lines)]
    paragraphs += ["\n".join(lines) for lines in _own_words(notice)]
    if details:
        paragraphs.append("\n".join(f"{label}: {_fill(value, texts, plainly)}" for label, value in details))
    paragraphs += [f"{words}: {link}" for words, link in _links(language, notice)]
    return "\n\n".join([*paragraphs, f"-- \n{_fill(closing, texts, plainly)}"]) + "\n"


def _own_words(notice: Notice) -> list[list[str]]:
    """The lines of each paragraph in an operator's own words, each with its direction isolated."""
    return [[isolated(line) for line in lines.split("\n")] for lines in notice.paragraphs]


def _links(language: Language, notice: Notice) -> list[tuple[str, str]]:
    """Where the notice leads, each with what its reader does there."""
    errand = language.words["errands"][notice.errand] if notice.errand else ""
    links = (
        (language.words["answer"], notice.answer_at),
        (language.words["log_in"], notice.log_in),
        (errand, notice.page),
    )
    return [(words, link) for words, link in links if link]


def _html(
    language: Language,
    subject: str,
    lines: list[str],
    details: list[tuple[str, str]],
    closing: str,
    texts: Mapping[str, str],
    *,
    notice: Notice,
    name: str,
) -> str:
    def markup(words: str) -> str:
        return _fill(html.escape(words), texts, escape_isolated)

    rows = "".join(
        f'<tr><th align="left" style="padding:4px 24px 4px 0;font-weight:normal;color:#555">{html.escape(label)}</th>'
        f'<td style="padding:4px 0">{markup(value)}</td></tr>'
        for label, value in details
    )
    table = f'<table role="presentation" cellspacing="0" style="margin:0 0 16px">{rows}</table>' if rows else ""
    own_words = ["<br>".join(escape_isolated(line) for line in lines) for lines in _own_words(notice)]
    buttons = "".join(button(words, link=link, branding=notice.branding) for words, link in _links(language, notice))
    return lay_out(
        language=language.code,
        heading=subject,
        content="".join(map(paragraph, [*map(markup, lines), *own_words])) + table + buttons,
        closing=markup(closing),
        branding=notice.branding,
        product_name=name,
    )
