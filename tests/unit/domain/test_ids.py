"""Ids: sortable, derived the same again, and never twice the same for different things."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import ids

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_a_ulid_is_the_one_of_the_specification() -> None:
    at = datetime.fromtimestamp(1_469_918_176.385, tz=UTC)

    assert ids.ulid(at=at, randomness=bytes(10)) == "01ARYZ6S410000000000000000"
    assert ids.ulid(at=at, randomness=b"\xff" * 10) == "01ARYZ6S41ZZZZZZZZZZZZZZZZ"


@pytest.mark.parametrize("length", [0, 9, 11])
def test_a_ulid_takes_ten_random_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        ids.ulid(at=NOON, randomness=bytes(length))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ids.new_id("acct", at=datetime(2026, 11, 21))  # noqa: DTZ001


@given(st.lists(moments, min_size=2, max_size=20))
def test_ids_sort_as_their_moments_do(at: list[datetime]) -> None:
    told_apart = sorted({moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in at})

    made = [ids.new_id("evt", at=moment) for moment in told_apart]

    assert made == sorted(made)


def test_new_ids_of_one_moment_differ() -> None:
    assert len({ids.new_id("acct", at=NOON) for _ in range(1000)}) == 1000


def test_a_derived_id_is_the_same_again() -> None:
    assert ids.derived_id("inv", "acct_1", "7") == ids.derived_id("inv", "acct_1", "7")
    assert ids.derived_id("inv", "acct_1", "7") == "inv_0KQX5CH6DKACQ4WR0D7GMC1PV4"


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_have_different_ids(parts: list[str], others: list[str]) -> None:
    assert (ids.derived_id("inv", *parts) == ids.derived_id("inv", *others)) == (parts == others)


@pytest.mark.parametrize(("parts", "others"), [(("a", "bc"), ("ab", "c")), (("a", ""), ("a",)), ((), ("",))])
def test_parts_are_told_apart_wherever_they_meet(parts: tuple[str, ...], others: tuple[str, ...]) -> None:
    assert ids.derived_id("inv", *parts) != ids.derived_id("inv", *others)


class TestEventIds:
    def test_the_same_change_told_twice_is_one_event(self) -> None:
        assert _event(revision=3) == _event(revision=3)

    def test_the_revision_orders_changes_of_one_millisecond(self) -> None:
        made = [_event(revision=revision) for revision in (1, 2, 255, 256, 65_535)]

        assert made == sorted(made)
        assert len(set(made)) == 5

    def test_the_moment_orders_before_the_revision(self) -> None:
        assert _event(revision=9) < ids.event_id(at=NOON + timedelta(milliseconds=1), revision=1, source="acct_1")

    def test_changes_of_different_things_in_one_moment_differ(self) -> None:
        assert _event(revision=1) != ids.event_id(at=NOON, revision=1, source="acct_2")

    def test_a_count_that_has_run_round_is_still_another_event(self) -> None:
        assert _event(revision=1) != _event(revision=65_537)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acct_01ARYZ6S410000000000000000", True),
        ("acct_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", True),
        ("acct_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", False),
        ("acct_01ARYZ6S41000000000000000", False),
        ("acct_01ARYZ6S4100000000000000000", False),
        ("acct_01aryz6s410000000000000000", False),
        ("acct_01ARYZ6S41000000000000000U", False),
        ("acct_01ARYZ6S410000000000000000\n", False),
        ("inv_01ARYZ6S410000000000000000", False),
        ("01ARYZ6S410000000000000000", False),
        ("", False),
    ],
)
def test_the_form_of_an_id(text: str, expected: bool) -> None:
    assert ids.is_id("acct", text) is expected


def test_every_kind_has_the_form() -> None:
    assert ids.is_id("acct", ids.new_id("acct", at=NOON))
    assert ids.is_id("inv", ids.derived_id("inv", "acct_1", "7"))
    assert ids.is_id("evt", _event(revision=1))


@pytest.mark.parametrize("prefix", ["inv_", "", "INV", "i-v"])
def test_a_prefix_comes_without_its_underscore(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        ids.derived_id(prefix, "a")


def _event(*, revision: int) -> str:
    return ids.event_id(at=NOON, revision=revision, source="acct_1")
