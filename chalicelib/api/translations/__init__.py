"""What refusals and faults say on pages: in the reader's language, and without what only programs understand.

A service says why in one English sentence, and the API answers with it. A language's file beside this module has what
pages say instead: by the refusal's code (`codes`), or else by the sentence (`sentences`), with `{places}` for the
values in it. What is said may leave a place out, or say how its value is written:

    "{account} is past due. Pay its open invoice first.": Bezahlen Sie zuerst die offene Rechnung des Accounts.
    "must be at least {amount} (minor units)": muss mindestens {amount:money} sein

`{x:said}` is a value that has a text of its own, such as a reason within a sentence; `{x:either}` is an enumeration of
such values with "or". How others are written, such as `{x:money}`, the page knows. A sentence without a text stays as
it is. German has one for all that a service can say to people, and tests see to it (tests/translated.py); English has
only what pages say otherwise than the API.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cache, cached_property
from pathlib import Path

from chalicelib import words
from chalicelib.domain.values import dataclass

FOLDER = Path(__file__).parent
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
        if way == "either":
            return "".join(self.said(part, written=written) for part in re.split(r"(, | or )", text))
        if not way:
            return text
        return written[way](text) if way in written else None


@dataclass(frozen=True)
class _Template:
    """An English sentence with places, and what is said instead."""

    english: str
    said: str

    def values_in(self, text: str) -> Mapping[str, str] | None:
        """The values that make the sentence this text; None if none do."""
        start, end = self._ends
        if not text.startswith(start) or not text.endswith(end):
            return None
        found = re.fullmatch(self._pattern, text, re.DOTALL)
        return found.groupdict() if found else None

    @cached_property
    def _ends(self) -> tuple[str, str]:
        parts = PLACE.split(self.english)
        return parts[0], parts[-1]

    @cached_property
    def _pattern(self) -> str:
        return "".join(self._patterns())

    def _patterns(self) -> Iterator[str]:
        seen: set[str] = set()
        at = 0
        for place in PLACE.finditer(self.english):
            yield re.escape(self.english[at : place.start()])
            yield f"(?P={place[1]})" if place[1] in seen else f"(?P<{place[1]}>.*?)"
            seen.add(place[1])
            at = place.end()
        yield re.escape(self.english[at:])


@cache
def translations_in(language: str) -> Translations:
    """What is said in a language; in one without a file, everything as it is."""
    file = FOLDER / f"{language}.yaml"
    if not file.exists() and not file.with_suffix(".json").exists():
        return Translations()
    content = words.read(file)
    return Translations(content["codes"], content["sentences"], is_english=language == "en")
