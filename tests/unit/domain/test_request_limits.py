"""No more requests pass than a bucket allows, whichever processes count them (docs/rules.md §8)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import request_limits as limits
from chalicelib.domain.request_limits import Bucket, RequestLimit, Tally, TooManyRequests
from tests.builders import NOW
from tests.proving import examples

LIMIT = RequestLimit(rate=10, burst=20, each="one API key")
FULL = Bucket("requests#key_1")
TOKEN, SECOND, MICROSECOND = timedelta(milliseconds=100), timedelta(seconds=1), timedelta(microseconds=1)


def with_tokens(tokens: int, *, at: datetime = NOW, limit: RequestLimit = LIMIT) -> Bucket:
    return limits.with_charge(FULL, requests=limit.burst - tokens, limit=limit, now=at)


def passes(tally: Tally, bucket: Bucket, *, now: datetime, limit: RequestLimit) -> tuple[Tally, Bucket, bool]:
    """A request to a process, as the service counts it: its tally and the bucket afterwards, and whether it passes."""
    try:
        tally = limits.with_request(tally, limit=limit, now=now)
    except TooManyRequests:
        return tally, bucket, False
    if not limits.is_to_charge(tally, limit=limit, now=now):
        return tally, bucket, True
    try:
        bucket = limits.with_charge(bucket, requests=tally.uncharged, limit=limit, now=now)
    except TooManyRequests as refusal:
        wait = refusal.retry_after or 0
        return limits.with_refusal(tally, bucket=bucket, wait_seconds=wait, now=now), bucket, False
    return Tally(bucket), bucket, True


class TestBucket:
    def test_a_key_that_was_never_used_may_send_its_burst_at_once(self) -> None:
        assert limits.tokens_in(FULL, limit=LIMIT, now=NOW) == 20
        assert limits.tokens_in(None, limit=LIMIT, now=NOW) == 20

    def test_the_last_token_is_there_and_no_other(self) -> None:
        empty = limits.with_charge(with_tokens(1), requests=1, limit=LIMIT, now=NOW)

        assert limits.tokens_in(empty, limit=LIMIT, now=NOW) == 0
        with pytest.raises(TooManyRequests):
            limits.with_charge(empty, requests=1, limit=LIMIT, now=NOW)

    @pytest.mark.parametrize(
        ("after", "tokens"),
        [
            pytest.param(TOKEN - MICROSECOND, 0, id="a moment before the first comes back"),
            pytest.param(TOKEN, 1, id="the first"),
            pytest.param(SECOND, 10, id="a second"),
            pytest.param(2 * SECOND - MICROSECOND, 19, id="a moment before it is full"),
            pytest.param(2 * SECOND, 20, id="full"),
            pytest.param(timedelta(days=1), 20, id="it overflows"),
        ],
    )
    def test_tokens_come_back_at_the_rate_up_to_the_burst(self, after: timedelta, tokens: int) -> None:
        assert limits.tokens_in(with_tokens(0), limit=LIMIT, now=NOW + after) == tokens

    @pytest.mark.parametrize(
        ("tokens", "requests", "seconds"),
        [
            pytest.param(0, 1, 1, id="a tenth of a second is a second"),
            pytest.param(0, 10, 1, id="a second"),
            pytest.param(0, 11, 2, id="a started second counts whole"),
            pytest.param(7, 8, 1, id="one is missing"),
        ],
    )
    def test_a_refusal_says_the_limit_and_when_to_try_again(self, tokens: int, requests: int, seconds: int) -> None:
        with pytest.raises(TooManyRequests) as refused:
            limits.with_charge(with_tokens(tokens), requests=requests, limit=LIMIT, now=NOW)

        assert refused.value.retry_after == seconds
        assert refused.value.extra == {"requests_per_second": 10, "requests_at_once": 20}
        assert "one API key" in refused.value.detail

    def test_a_third_of_a_second_is_rounded_so_that_no_more_pass(self) -> None:
        thirds = RequestLimit(rate=3, burst=3, each="one API key")
        empty = with_tokens(0, limit=thirds)

        assert limits.tokens_in(empty, limit=thirds, now=NOW + SECOND) == 2
        assert limits.tokens_in(empty, limit=thirds, now=NOW + SECOND + 2 * MICROSECOND) == 3

    def test_a_process_whose_clock_is_behind_finds_less_and_returns_nothing(self) -> None:
        empty = with_tokens(0)

        assert limits.tokens_in(empty, limit=LIMIT, now=NOW - SECOND) == 0
        with pytest.raises(TooManyRequests) as refused:
            limits.with_charge(empty, requests=1, limit=LIMIT, now=NOW - SECOND)
        assert refused.value.retry_after == 2, "until a tenth of a second after the moment it was empty"

    def test_a_bucket_of_a_wrong_clock_or_a_larger_limit_locks_nobody_out(self) -> None:
        impossible = Bucket("requests#key_1", full_at=NOW + LIMIT.whole + timedelta(minutes=1) + MICROSECOND, version=3)

        charged = limits.with_charge(impossible, requests=1, limit=LIMIT, now=NOW)

        assert charged == Bucket("requests#key_1", full_at=NOW + TOKEN, version=3)


class TestTally:
    @pytest.mark.parametrize(
        ("tokens", "uncharged"),
        [(100, 8), (40, 8), (39, 7), (10, 2), (9, 1), (5, 1), (4, 1), (0, 1)],
    )
    def test_the_emptier_the_bucket_the_sooner_a_process_charges(self, tokens: int, uncharged: int) -> None:
        limit = RequestLimit(rate=50, burst=100, each="one API key")
        bucket = with_tokens(tokens, limit=limit)

        charges = [
            limits.is_to_charge(Tally(bucket, uncharged=count), limit=limit, now=NOW)
            for count in (uncharged - 1, uncharged)
        ]

        assert charges == [False, True]

    def test_after_a_refusal_a_process_refuses_by_itself_until_the_time_it_named(self) -> None:
        tally = limits.with_refusal(Tally(FULL, uncharged=3), bucket=with_tokens(0), wait_seconds=1, now=NOW)

        with pytest.raises(TooManyRequests):
            limits.with_request(tally, limit=LIMIT, now=NOW + SECOND - MICROSECOND)
        assert limits.with_request(tally, limit=LIMIT, now=NOW + SECOND).uncharged == 3, "two before it, and this one"

    def test_a_clock_that_is_set_back_locks_nobody_out(self) -> None:
        tally = limits.with_refusal(Tally(FULL, uncharged=1), bucket=with_tokens(0), wait_seconds=1, now=NOW)

        assert limits.with_request(tally, limit=LIMIT, now=NOW - timedelta(hours=1)).uncharged == 1

    @pytest.mark.parametrize(
        ("after", "counted"),
        [
            pytest.param(timedelta(0), False, id="at once"),
            pytest.param(5 * SECOND - MICROSECOND, False, id="a moment before five seconds"),
            pytest.param(5 * SECOND, True, id="after five seconds"),
            pytest.param(-timedelta(hours=1), True, id="on a clock that was set back"),
        ],
    )
    def test_without_an_answer_of_the_table_nothing_is_counted_for_five_seconds(
        self, after: timedelta, counted: bool
    ) -> None:
        assert limits.counts(limits.without_bucket(now=NOW), now=NOW + after) is counted


RATES = st.integers(1, 60)
BURSTS = st.integers(1, 120)
STEPS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(1, 40), st.sampled_from([0, 0, 1, 700, 20_000, 1_000_000, 9_000_000])),
    max_size=60,
)
"""Which process, how many requests one after the other, how many microseconds between them."""


@settings(max_examples=examples(60, prove=3_000))
@given(rate=RATES, burst=BURSTS, steps=STEPS)
def test_whichever_processes_are_asked_no_more_pass_than_burst_and_rate_and_what_they_have_not_charged(
    rate: int, burst: int, steps: list[tuple[int, int, int]]
) -> None:
    limit = RequestLimit(rate=rate, burst=burst, each="one API key")
    now, bucket, passed = NOW, FULL, 0
    tallies = dict.fromkeys(range(8), Tally())

    for process, requests, microseconds in steps:
        for _ in range(requests):
            tallies[process], bucket, does_pass = passes(tallies[process], bucket, now=now, limit=limit)
            passed += does_pass
            now += timedelta(microseconds=microseconds)
        uncharged = sum(tally.uncharged for tally in tallies.values())
        assert passed - uncharged <= burst + rate * (now - NOW).total_seconds()
        assert all(tally.uncharged <= min(7, burst // 5) for tally in tallies.values())


@settings(max_examples=examples(60, prove=3_000))
@given(rate=RATES, burst=BURSTS, pauses=st.lists(st.integers(0, 300_000), max_size=200))
def test_a_key_that_keeps_to_its_rate_is_never_refused(rate: int, burst: int, pauses: list[int]) -> None:
    limit = RequestLimit(rate=rate, burst=burst, each="one API key")
    now, tally, bucket = NOW, Tally(), FULL

    for pause in pauses:
        tally, bucket, does_pass = passes(tally, bucket, now=now, limit=limit)
        assert does_pass
        now += limit.refill + timedelta(microseconds=pause)


@settings(max_examples=examples(60, prove=3_000))
@given(rate=RATES, burst=BURSTS, more=st.integers(8, 100))
def test_whoever_waits_as_long_as_it_is_told_is_answered(rate: int, burst: int, more: int) -> None:
    limit = RequestLimit(rate=rate, burst=burst, each="one API key")
    tally, bucket = Tally(), FULL
    for _ in range(burst + more):
        tally, bucket, _ = passes(tally, bucket, now=NOW, limit=limit)

    assert tally.refused_until is not None
    _, _, does_pass = passes(tally, bucket, now=tally.refused_until, limit=limit)

    assert does_pass
