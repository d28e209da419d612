"""The texts of pages, by language: in `texts/<language>/<package>/<module>.yaml`, a text is named
`<package>.<module>.<key>.<key>`; one without a package, such as those in `common.yaml`, `<module>.<key>`.

A text may have `{places}` for values. One that depends on a number is a mapping, `{one: …, other: …}`: the value
`count` chooses.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from chalicelib import words

FOLDER = Path(__file__).parent / "texts"
_PLACE = re.compile(r"\{(\w+)\}")
_NUMBERS = {"one", "other"}


class Texts:
    """The texts of one language, read module by module."""

    def __init__(self, language: str) -> None:
        self.language = language

    def plain(self, name: str, /, **values: object) -> str:
        """A text with its values; not escaped, which templates do. Raises KeyError for a name that is not there."""
        return _PLACE.sub(lambda place: str(values[place[1]]), self._text(name, values))

    def rich(self, name: str, /, **values: object) -> Markup:
        """A text whose values are HTML, such as a link, or are escaped."""
        text = str(escape(self._text(name, values)))
        return Markup(_PLACE.sub(lambda place: str(escape(values[place[1]])), text))  # noqa: S704 - all is escaped

    def has(self, name: str) -> bool:
        """Whether there is a text of that name."""
        return name in texts_of(self.language, module_of(name))

    def named(self, text: str, name: str) -> str:
        """The text for a name that a program file or an event gives; if there is none, the name itself in words."""
        return self.plain(text) if self.has(text) else in_words(name)

    def options(self, group: str, names: Iterable[str], *, every: str | None = None) -> list[tuple[str, str]]:
        """Names with their texts, `<group><name>`, for a select; first, for a filter, the text ``every`` for none."""
        first = [("", self.plain(every))] if every is not None else []
        return [*first, *((str(name), self.plain(f"{group}{name}")) for name in names)]

    def list(self, name: str) -> list[str]:
        """A text that is a list, such as the months."""
        found: list[str] = texts_of(self.language, module_of(name))[name]
        return found

    def _text(self, name: str, values: Mapping[str, object]) -> str:
        text = texts_of(self.language, module_of(name))[name]
        if isinstance(text, dict):
            text = text["one" if values["count"] in (1, "1") else "other"]
        return str(text)


def in_words(name: str) -> str:
    """`Renewal upcoming` for `renewal_upcoming`."""
    return name.replace("_", " ").replace(".", " ").capitalize()


@cache
def texts_in(language: str) -> Texts:
    """The texts of a language that has them: one of `visits.LANGUAGES`."""
    return Texts(language)


def module_of(name: str) -> str:
    """The module of a text by its name: `vendor.accounts` of `vendor.accounts.title`, `home` of `home.title`."""
    package, _, rest = name.partition(".")
    return f"{package}.{rest.partition('.')[0]}" if package in _packages() else package


@cache
def _packages() -> frozenset[str]:
    return frozenset(path.name for path in (FOLDER / "en").iterdir() if path.is_dir())


@cache
def texts_of(language: str, module: str) -> Mapping[str, Any]:
    """All texts of one module by their whole names. None if there is no such file."""
    file = FOLDER / language / f"{module.replace('.', '/')}.yaml"
    if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", module) or not (file.exists() or file.with_suffix(".json").exists()):
        return {}
    return dict(_named(module, words.read(file)))


def _named(name: str, part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict) and not part.keys() <= _NUMBERS:
        for key, value in part.items():
            yield from _named(f"{name}.{key}", value)
    else:
        yield name, part
