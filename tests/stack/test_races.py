"""Every kind of charge, and moves, raced on the deployed stack, sixteen at once: nothing double, nothing lost."""

import pytest

from benchmarks.races.field import Field
from benchmarks.races.kinds import race_all
from infra.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.prove]


def test_raced_by_sixteen_at_once_each_charge_is_made_once_and_the_books_are_right(stack: LocalStack) -> None:
    races = race_all(Field(stack, subjects=2))

    assert {race.name: (race.once, race.double, race.lost, race.wrong) for race in races} == {
        race.name: (race.expected, 0, 0, []) for race in races
    }
    assert len(races) == 12
    assert all(race.tried >= 16 for race in races)
