"""A copy with some fields changed is what ``dataclasses.replace`` makes."""

import dataclasses
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from chalicelib.domain.calendar import Period
from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money
from tests.builders import make_account, usd


@dataclass(frozen=True)
class Dictionary:
    """A record without slots."""

    name: str
    number: int = 0


@dataclass(slots=True)
class Counted:
    """A record with a field that it works out itself."""

    name: str
    length: int = field(init=False)

    def __post_init__(self) -> None:
        self.length = len(self.name)


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        (make_account(), {}),
        (make_account(), {"version": 7, "metadata": {"team": "east"}, "charge": None}),
        (usd(100), {"amount": 5}),
        (Dictionary("a"), {"number": 2}),
        (Counted("four"), {"name": "three"}),
    ],
    ids=["unchanged", "an account", "money", "without slots", "works a field out"],
)
def test_a_copy_has_the_fields_given_and_those_of_the_record(record: Any, changes: dict[str, Any]) -> None:
    copy = replace(record, **changes)

    assert copy == dataclasses.replace(record, **changes)
    assert copy is not record


def test_a_copy_is_checked_as_a_new_record_is() -> None:
    period = Period(date(2026, 1, 1), date(2026, 2, 1))

    with pytest.raises(ValueError, match="end"):
        replace(period, end=date(2025, 1, 1))


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(KeyError, match="amont"):
        replace(Money(1, "USD"), amont=2)  # type: ignore[call-arg]
