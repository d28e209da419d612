"""Attempts are counted before they are made, and lock at the limit (docs/rules.md §8)."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.clients.rate_limits import LOGINS, Attempts, TooManyTries, ends_at, with_attempt
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def tried(times: int, attempts: Attempts = Attempts("login#x"), at=NOW) -> Attempts:  # noqa: B008 - a frozen value
    for _ in range(times):
        attempts = with_attempt(attempts, limit=LOGINS, now=at)
    return attempts


def test_five_tries_are_made_and_the_sixth_is_not():
    attempts = tried(5)

    with pytest.raises(TooManyTries) as refused:
        with_attempt(attempts, limit=LOGINS, now=NOW)

    assert refused.value.retry_after == 300


def test_four_tries_lock_nothing():
    assert tried(4).locked_until is None


@pytest.mark.parametrize(
    ("after", "retry_after"),
    [
        pytest.param(timedelta(0), 300, id="at once"),
        pytest.param(timedelta(milliseconds=1), 300, id="a started second counts whole"),
        pytest.param(SECOND, 299, id="a second later"),
        pytest.param(timedelta(minutes=5) - timedelta(milliseconds=1), 1, id="a millisecond before the end"),
    ],
)
def test_the_lock_says_how_long_it_still_lasts(after, retry_after):
    with pytest.raises(TooManyTries) as refused:
        with_attempt(tried(5), limit=LOGINS, now=NOW + after)

    assert refused.value.retry_after == retry_after


def test_at_its_end_the_lock_is_gone_and_the_count_begins_anew():
    later = NOW + timedelta(minutes=5)

    again = with_attempt(tried(5), limit=LOGINS, now=later)

    assert (again.tries, again.locked_until) == (1, None)
    assert tried(4, again, at=later).locked_until == later + timedelta(minutes=5)


def test_trying_while_locked_does_not_make_the_lock_longer():
    attempts = tried(5)
    for minute in range(5):
        with pytest.raises(TooManyTries):
            with_attempt(attempts, limit=LOGINS, now=NOW + timedelta(minutes=minute))

    assert with_attempt(attempts, limit=LOGINS, now=NOW + timedelta(minutes=5)).tries == 1


def test_a_count_is_forgotten_an_hour_after_the_last_try_and_not_before():
    attempts = tried(4)

    assert with_attempt(attempts, limit=LOGINS, now=NOW + timedelta(hours=1)).tries == 1
    assert with_attempt(attempts, limit=LOGINS, now=NOW + timedelta(hours=1) - SECOND).locked_until is not None


@settings(max_examples=50)
@given(st.lists(st.integers(0, 400), max_size=60))
def test_no_five_minutes_see_more_than_five_tries_get_through_after_a_lock(pauses):
    attempts, now, made = Attempts("login#x"), NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        try:
            attempts = with_attempt(attempts, limit=LOGINS, now=now)
        except TooManyTries:
            assert attempts.locked_until is not None
            assert made[-1] == attempts.tried_at
            continue
        made.append(now)
        assert ends_at(attempts, limit=LOGINS, now=now) > now
        if len(made) > 5 and made[-1] - made[-6] < timedelta(minutes=5):
            raise AssertionError(f"six tries within five minutes: {made[-6:]}")
