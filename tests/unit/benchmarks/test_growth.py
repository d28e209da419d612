"""Who renews when, and how queue and workers get through it."""

from datetime import date

import pytest

from benchmarks.growth import limits, model, population, simulation
from benchmarks.growth.model import Assumed, Measured, Setting
from benchmarks.growth.simulation import Run

MEASURED = Measured(
    cpu_ms=1.0,
    requests_a_message=8.0,
    dollars=10.0,
    units={"accounts": 4, "accounts/due": 2},
)


def run(sizes: list[int], **given: object) -> Run:
    """Messages of 33 accounts of a second each, swept in no time, unless said otherwise."""
    usual = {"workers": 10, "seconds_a_transaction": 1.0, "seconds_an_account": 0.0, "swept_a_second": 1e9}
    return Run(**{"sizes": sizes, **usual, **given})  # type: ignore[arg-type]


def test_the_sizes_of_partners_fall_as_their_rank_rises_and_add_up():
    sizes = population.zipf(1_000_000, partners=10_000)

    assert sum(sizes) == 1_000_000
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(2 * sizes[1], rel=0.01)
    assert sizes[-1] >= 1


def test_the_days_that_a_short_month_lacks_fall_on_its_last_day():
    days = population.renewals_by_day(2027, anchors=[date(2026, 1, day) for day in range(1, 32)])

    assert days[date(2027, 2, 27)] == 1
    assert days[date(2027, 2, 28)] == 4
    assert days[date(2027, 4, 30)] == 2
    assert date(2027, 2, 28) in days
    assert sum(days.values()) == 12 * 31


def test_a_payer_is_worked_on_by_one_worker_at_a_time():
    outcome = simulation.simulate(run([330]))

    assert outcome.last == pytest.approx(10.0)


def test_payers_do_not_wait_for_each_other_while_there_are_workers():
    outcome = simulation.simulate(run([33] * 20))

    assert outcome.last == pytest.approx(2.0)
    assert outcome.lateness(0.5) == pytest.approx(1.0)


def test_every_account_is_renewed_once_whatever_is_simulated_together():
    for together in (1, 7):
        outcome = simulation.simulate(run([1_000, 34, 33, 1]), together=together)

        assert sum(accounts for _, _, accounts in outcome.done) == 1_068


def test_a_big_payer_hides_the_others_once_it_fills_what_the_queue_looks_through():
    seen = simulation.simulate(run([330, 33], swept_a_second=1e9, seen=120_000))
    hidden = simulation.simulate(run([330, 33], swept_a_second=330.0, seen=5))

    assert seen.last_of_others(1) == pytest.approx(1.0)
    assert hidden.last_of_others(1) > 5.0


def test_workers_are_no_faster_than_the_tables():
    outcome = simulation.simulate(run([33] * 10, most_a_second=33.0))

    assert outcome.last == pytest.approx(10.0)


def test_what_is_found_late_is_renewed_late():
    outcome = simulation.simulate(run([33] * 2, swept_a_second=6.6))

    assert outcome.last == pytest.approx(11.0)


def test_a_sweep_goes_on_in_the_next_minute():
    found_at_once, found_later = run([50], swept_a_second=1.0), run([51], swept_a_second=1.0)

    assert (found_at_once.windows, found_at_once.found_by) == (1, 50)
    assert (found_later.windows, found_later.found_by) == (2, 61)


def test_each_accounts_time_is_added_to_its_messages():
    outcome = simulation.simulate(run([66], seconds_an_account=0.1))

    assert outcome.last == pytest.approx(2 * (1 + 3.3))


def test_a_longer_message_takes_its_transactions_one_after_the_other():
    outcome = simulation.simulate(run([330, 10], accounts_a_message=330))

    assert outcome.last == pytest.approx(10.0)
    assert outcome.last_of_others(1) == pytest.approx(1.0)


def test_healing_sends_again_what_still_waits():
    quick, slow = run([33 * 10]), run([33 * 3_000], workers=1)

    assert simulation.sent_again(quick, simulation.simulate(quick)) == 0
    assert simulation.sent_again(slow, simulation.simulate(slow)) == pytest.approx(33 * 1_200, rel=0.01)


def test_a_function_has_its_share_of_a_processor_and_no_more_than_one():
    assert model.cpu_share(limits.FULL_CPU_MEGABYTES // 2) == pytest.approx(0.5, abs=0.01)
    assert model.cpu_share(10_240) == 1


def test_a_message_takes_its_requests_its_cpu_and_its_cards():
    setting, assumed = Setting("", worker_megabytes=10_240), Assumed(request_ms=10, transaction_ms=40, card_ms=1_000)

    prepaid = model.message_seconds(MEASURED, assumed, setting, accounts=32)
    card = model.message_seconds(MEASURED, assumed, setting, accounts=32, card=True)

    assert prepaid == pytest.approx((7 * 10 + 40 + 32) / 1e3)
    assert card == pytest.approx((6 * 10 + 2 * 40 + 4 * 1_000 + 32) / 1e3)


def test_the_tightest_limit_is_named():
    few, _ = model.most_a_second(MEASURED, Setting("", shards=1))
    many, reason = model.most_a_second(MEASURED, Setting("", shards=1_000))
    cards, _ = model.most_a_second(MEASURED, Setting(""), card=True)

    assert few == limits.PARTITION_WRITES / 2
    assert (many, "accounts" in reason) == (limits.TABLE_WRITES / 4, True)
    assert cards == limits.CARDS_A_SECOND
