"""What differs between two states (docs/rules.md §11)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events.events import changes

states = st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 3))


def test_only_what_changed_is_told() -> None:
    assert changes({"status": "active", "name": "acme"}, {"status": "canceled", "name": "acme"}) == (
        {"status": "active"},
        {"status": "canceled"},
    )


def test_a_field_that_one_side_lacks_is_none_there() -> None:
    assert changes({"a": 1}, {"b": 2}) == ({"a": 1, "b": None}, {"a": None, "b": 2})


def test_nothing_changed_is_nothing_told() -> None:
    assert changes({"a": 1}, {"a": 1}) == ({}, {})


@given(states, states)
def test_what_was_and_what_is_lead_from_one_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    was, became = changes(before, after)

    assert was.keys() == became.keys()
    assert all(was[name] != became[name] for name in was)
    assert {name: after.get(name) for name in "abcd"} == {name: before.get(name) for name in "abcd"} | became
