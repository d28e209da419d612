"""The words of statements: a YAML file for each language beside this module; English where there is none."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib import words as word_files
from chalicelib.documents import mails
from chalicelib.domain.earnings.lines import EarningLine, LineKind
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.statements import Calculation, Figure
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

FOLDER = Path(__file__).parent
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    code: str
    texts: Mapping[str, Any]

    def say(self, name: str, /, **values: str) -> str:
        """A text, by its name or its section's and its own (``notes.balance``), with its places filled."""
        text: Any = self.texts
        for part in name.split("."):
            text = text[part]
        return _PLACE.sub(lambda place: values[place.group(1)], text)

    def calculation(self, calculation: Calculation) -> str:
        """How a line's amount comes about. Amounts are without their currency, which is the line's."""
        figures = {name: self.written(figure) for name, figure in calculation.figures.items()}
        rounded = self.say("rounded") if calculation.is_rounded else ""
        said = self.say(f"calculations.{calculation.rule}", **figures, rounded=rounded)
        return said + (self.say("before", **figures) if calculation.figures.get("before") else "")

    def title(self, line: EarningLine) -> str:
        """What a line is called: the share of a managed account is a revenue share."""
        is_share = line.kind is LineKind.COMMISSION and line.relationship == "managed"
        return self.say("titles.revenue_share" if is_share else f"titles.{line.kind}")

    def written(self, fact: Figure | date | int | Cause) -> str:
        """A fact as mails write it; but an amount without its currency, a percentage without its sign."""
        language = mails.language_of(self.code)
        match fact:
            case Money():
                return language.number(fact)
            case Decimal():
                return f"{fact.normalize():f}".replace(".", language.words["point"])
            case Cause() | date() | int():
                return language.written(fact)
            case _:
                return fact

    def amount(self, money: Money) -> str:
        """An amount with the code of its currency."""
        return mails.language_of(self.code).in_code(money)


def words_in(tag: str) -> Words:
    """The words in the language of a BCP 47 tag."""
    code = tag.partition("-")[0].lower()
    return _load(code if code in languages() else ENGLISH)


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def _load(code: str) -> Words:
    return Words(code, word_files.read(FOLDER / f"{code}.yaml"))


_PLACE = re.compile(r"\{(\w+)\}")
