"""The load benchmark, for two seconds: several partners at once, and nothing fails, is lost or double."""

import pytest

from benchmarks.load import furnish, load, lost_or_double

pytestmark = pytest.mark.stack


def test_partners_who_work_at_once_find_what_they_created(stack):
    offices = [furnish(stack, number) for number in range(2)]

    run = load(offices, seconds=2, at_once=2)

    assert run.requests > 0
    assert run.unexpected == []
    assert [lost_or_double(office) for office in offices] == [[], []]
