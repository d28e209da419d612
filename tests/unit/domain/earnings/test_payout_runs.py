"""Payout runs: when they are, and when their counts are stored (docs/rules.md §10)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.domain.earnings import payout_runs
from chalicelib.domain.earnings.payout_runs import Tally
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.programs import program
from tests.builders import usd

SOLUTIONS = program("solutions")  # the 15th, in Chicago


@pytest.mark.parametrize(
    ("now", "run_on"),
    [
        pytest.param(datetime(2026, 5, 15, 4, 59, 59, tzinfo=UTC), date(2026, 5, 15), id="the 14th in Chicago"),
        pytest.param(datetime(2026, 5, 15, 5, 0, tzinfo=UTC), date(2026, 6, 15), id="the 15th in Chicago"),
    ],
)
def test_the_next_run_is_on_the_payout_day_in_the_zone_of_the_house(now: datetime, run_on: date) -> None:
    assert payout_runs.next_run_on(SOLUTIONS, now=now) == run_on
    assert payout_runs.begins_at(SOLUTIONS, run_on=date(2026, 5, 15)) == datetime(2026, 5, 15, 5, tzinfo=UTC)


def test_a_program_without_commission_pays_nothing_out() -> None:
    assert payout_runs.next_run_on(program("franchise"), now=datetime(2026, 5, 1, tzinfo=UTC)) is None


def test_a_day_has_one_run_and_later_ones_sort_behind() -> None:
    ids = [payout_runs.run_id("solutions", run_on=date(2026, month, 15)) for month in (5, 6)]

    assert sorted(ids) == ids
    assert payout_runs.run_id("agency", run_on=date(2026, 5, 15)) not in ids


@pytest.mark.parametrize(
    ("statuses", "early", "closed"),
    [
        (["paid", "held", "failed", "returned"], timedelta(0), True),
        (["paid"], timedelta(seconds=1), False),
        (["paid", "unclaimed"], timedelta(0), False),
        (["waiting_for_operator"], timedelta(0), False),
    ],
)
def test_counts_are_stored_after_90_days_unless_something_is_unfinished(
    statuses: list[str], early: timedelta, closed: bool
) -> None:
    run = payout_runs.new_run(
        SOLUTIONS, run_on=date(2026, 5, 15), by_hand=False, now=datetime(2026, 5, 15, 5, tzinfo=UTC)
    )
    closes_at = payout_runs.closes_at(SOLUTIONS, run)
    assert run.look_at == closes_at == datetime(2026, 8, 13, 5, tzinfo=UTC)
    tallies = payout_runs.counted((PayoutStatus(status), usd(100)) for status in statuses)

    after = payout_runs.looked_after(run, tallies, closes_at=closes_at, now=closes_at - early)

    assert (after.is_closed, after.look_at is None, bool(after.tallies)) == (closed, closed, closed)


def test_payouts_are_counted_by_their_status() -> None:
    paid, held = (PayoutStatus.PAID, usd(100)), (PayoutStatus.HELD, usd(-5))

    assert payout_runs.counted([paid, paid, held]) == {
        PayoutStatus.PAID: Tally(2, 200),
        PayoutStatus.HELD: Tally(1, -5),
    }
