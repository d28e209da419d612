"""What is written in one English sentence, in other languages: a file for each language has the sentences as its keys.

An entry may have `{places}` for the values in the sentence. What is said may leave a place out, or say how its value
is written:

    "{account} is past due. Pay its open invoice first.": Bezahlen Sie zuerst die offene Rechnung des Accounts.
    "must be at least {amount} (minor units)": muss mindestens {amount:money} sein

`{x:said}` is a value that has a text of its own, such as a reason within a sentence; `{x:known}` may have one, or is a
name; `{x:either}` is an enumeration of such values with commas or "or". How others are written, such as `{x:money}`, is
for the caller to say. A sentence without a text stays as it is (docs/decisions/translations.md).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path

from chalicelib import words
from chalicelib.domain.values import dataclass

PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")

Written = Mapping[str, Callable[[str], str]]
"""How values are written, by the name that a place gives it: `{"money": …}`."""


@dataclass(frozen=True)
class Translations:
    """What is said in one language."""

    codes: Mapping[str, str] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)
    is_english: bool = False
    """Whether a part that has no text can stay as it is within a sentence; else that would mix two languages."""

    def of_refusal(self, code: str, detail: str, *, written: Written) -> str:
        """Why something was refused."""
        return self.codes.get(code) or self.said(detail, written=written)

    def said(self, text: str, *, written: Written) -> str:
        """A sentence or a word of a service in this language, or as it is."""
        found = self.find(text, written=written)
        return text if found is None else found

    def find(self, text: str, *, written: Written) -> str | None:
        """The same, but None if there is no text for it."""
        if text in self.sentences:
            return self.sentences[text]
        if text[:-1] in self.sentences and text.endswith("."):  # a title that stands for the detail
            return f"{self.sentences[text[:-1]]}."
        for template in self._templates:
            if (values := template.values_in(text)) is not None:
                said = self._filled(template.said, values, written)
                if said is not None:
                    return said
        return self._one_of(re.split(r" or (?=must |is )", text), written)

    def _one_of(self, messages: list[str], written: Written) -> str | None:
        """What is wrong with a value that might be one thing or another, and is neither."""
        if len(messages) == 1:
            return None
        said = [self.find(message, written=written) for message in messages]
        return None if None in said else self.said(" or ", written=written).join(map(str, said))

    @cached_property
    def _templates(self) -> list["_Template"]:
        """The sentences with places; those with most words of their own first, as they leave least to the values."""
        templates = [_Template(english, said) for english, said in self.sentences.items() if PLACE.search(english)]
        return sorted(templates, key=lambda template: -len(PLACE.sub("", template.english)))

    def _filled(self, said: str, values: Mapping[str, str], written: Written) -> str | None:
        """What is said with its values; None if a part of it can't be said."""
        parts = {place: self._value(values[place[0]], place[1], written) for place in PLACE.findall(said)}
        if None in parts.values():
            return None
        return PLACE.sub(lambda place: str(parts[place[1], place[2] or ""]), said)

    def _value(self, text: str, way: str, written: Written) -> str | None:
        if way == "said":
            return text if not text else self.find(text, written=written) or (text if self.is_english else None)
        if way == "known":
            return self.said(text, written=written)
        if way == "either":
            return "".join(self.said(part, written=written) for part in re.split(r"(, | or )", text))
        if not way:
            return text
        try:
            return written[way](text)
        except (KeyError, ValueError):  # a page has no such way, or the text only looks like this sentence
            return None


@dataclass(frozen=True)
class _Template:
    """An English sentence with places, and what is said instead."""

    english: str
    said: str

    def values_in(self, text: str) -> Mapping[str, str] | None:
        """The values that make the sentence this text, each as short as can be; None if none do."""
        start, *between, end = self._own_words
        if len(text) < len(start) + len(end) or not text.startswith(start) or not text.endswith(end):
            return None
        rest = text[len(start) : len(text) - len(end)]
        values: dict[str, str] = {}
        for name, own_words in zip(self._names, [*between, ""], strict=True):
            value, found, rest = rest.partition(own_words) if own_words else (rest, " ", "")
            if not found or values.setdefault(name, value) != value:
                return None
        return values

    @cached_property
    def _own_words(self) -> list[str]:
        return PLACE.split(self.english)[::3]

    @cached_property
    def _names(self) -> list[str]:
        return PLACE.split(self.english)[1::3]


def read(file: Path) -> Translations:
    """The translations in a language's file; everything stays as it is in a language without one."""
    if not file.exists() and not file.with_suffix(".json").exists():
        return Translations()
    content = words.read(file)
    return Translations(content.get("codes", {}), content["sentences"], is_english=file.stem == "en")
