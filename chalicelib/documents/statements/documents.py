"""The text of a payout's statement: every word and amount, without the layout (docs/rules.md §10)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class Tone(Enum):
    """What a payout's status means to its partner: the color it is shown in."""

    DONE = auto()
    OPEN = auto()
    FAILED = auto()
    NEUTRAL = auto()


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line: what it is, of which day, and how its amount comes about."""

    text: str
    amount: str


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """An account with its lines and what they come to."""

    name: str
    amount: str
    lines: tuple[WrittenLine, ...]


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A statement in words. The first of ``seller`` and of ``paid_to`` is a name; strong ones of the ``sums`` are
    emphasised. Without ``parts`` it has no lines, or too many to list.
    """

    language: str
    country: str
    title: str
    number: str
    status: str
    tone: Tone
    remark: str
    seller: tuple[str, ...]
    paid_to_label: str
    paid_to: tuple[str, ...]
    dates: tuple[tuple[str, str], ...]
    sums: tuple[tuple[str, str, bool], ...]
    description: str
    amount: str
    parts: tuple[WrittenPart, ...]
    notes: tuple[str, ...]
    page: Callable[[int, int], str]
