"""The automaton: which step is next, when, and what it makes of the account (docs/rules.md §3, §4, §6)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts import lifecycle, paid_periods, transitions
from chalicelib.domain.accounts.accounts import Account, Cancellation, ExpiryReason, PaymentState, PendingChange, Status
from chalicelib.domain.accounts.lifecycle import Step, StepKind, Sweep
from chalicelib.domain.calendar import Frequency, Period
from chalicelib.domain.charging.charges import ChargeKind
from tests.builders import (
    FIRST,
    NO_DISCOUNT,
    NOW,
    SECOND,
    agency,
    make_account,
    make_charge,
    make_overdue,
    make_past_due,
    make_plan,
    make_sandbox,
    make_trial,
    usd,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def upcoming(account: Account) -> Step | None:
    return lifecycle.upcoming(account, program=agency())


def canceling_on(day: date) -> Cancellation:
    return Cancellation(reason=None, retain_data=True, effective_on=day)


class TestUpcoming:
    @pytest.mark.parametrize(
        ("account", "expected"),
        [
            pytest.param(
                make_account(),
                Step(StepKind.REMIND_OF_RENEWAL, at("2026-02-21")),
                id="an active account is reminded 7 days before",
            ),
            pytest.param(
                make_account(reminded_for=FIRST.end),
                Step(StepKind.CHARGE_PERIOD, at("2026-02-28")),
                id="once reminded it is charged on its renewal day",
            ),
            pytest.param(
                make_account(reminded_for=date(2026, 1, 31)),
                Step(StepKind.REMIND_OF_RENEWAL, at("2026-02-21")),
                id="the reminder of another period doesn't count",
            ),
            pytest.param(
                make_account(status=Status.DISABLED, reminded_for=FIRST.end),
                Step(StepKind.CHARGE_PERIOD, at("2026-02-28")),
                id="a disabled account is billed like any other",
            ),
            pytest.param(
                make_account(status=Status.CANCELED),
                Step(StepKind.EXPIRE, at("2026-02-28")),
                id="a canceled account ends with its period, and isn't charged",
            ),
            pytest.param(
                make_account(status=Status.EXPIRED, expired_at=at("2026-03-07T00:00:05")),
                Step(StepKind.ARCHIVE, at("2026-04-05T23:00")),
                id="an expired account is archived 30 days later",
            ),
            pytest.param(
                make_account(payer="acct_1", card_notice_on=date(2026, 2, 20)),
                Step(StepKind.ANNOUNCE_CARD_EXPIRY, at("2026-02-20")),
                id="a client who pays is told of its card",
            ),
            pytest.param(
                make_past_due(payer="acct_1", card_notice_on=date(2026, 2, 28)),
                Step(StepKind.ANNOUNCE_CARD_EXPIRY, at("2026-02-28")),
                id="also while past due",
            ),
            pytest.param(
                make_account(payer="acct_1", card_notice_on=date(2026, 2, 28), reminded_for=FIRST.end),
                Step(StepKind.ANNOUNCE_CARD_EXPIRY, at("2026-02-28")),
                id="before a charge of the same instant",
            ),
            pytest.param(
                make_account(card_notice_on=date(2026, 2, 1)),
                Step(StepKind.REMIND_OF_RENEWAL, at("2026-02-21")),
                id="but not once its partner pays",
            ),
            pytest.param(
                make_account(status=Status.CANCELED, payer="acct_1", card_notice_on=date(2026, 2, 1)),
                Step(StepKind.EXPIRE, at("2026-02-28")),
                id="nor when nothing will be charged",
            ),
            pytest.param(make_account(status=Status.ARCHIVED), None, id="an archived account has no alarm"),
            pytest.param(make_sandbox(), None, id="a sandbox never has one"),
            pytest.param(
                make_trial(),
                Step(StepKind.REMIND_OF_TRIAL_END, at("2026-02-11")),
                id="a trial is reminded 3 days before its end",
            ),
            pytest.param(
                make_trial(reminded_for=date(2026, 2, 14)),
                Step(StepKind.END_TRIAL, at("2026-02-14")),
                id="and ends after 14 days",
            ),
            pytest.param(
                make_trial(status=Status.DISABLED, reminded_for=date(2026, 2, 14)),
                Step(StepKind.END_TRIAL, at("2026-02-14")),
                id="disabled or not",
            ),
            pytest.param(
                make_account(charge=make_charge()),
                Step(StepKind.FINISH_CHARGE, at("2026-02-28T00:02")),
                id="a charge cut off is finished two minutes later, whatever else is due",
            ),
            pytest.param(
                make_account(status=Status.PENDING, charge=make_charge(started_at=NOW)),
                Step(StepKind.FINISH_CHARGE, NOW + timedelta(minutes=2)),
                id="a pending account is finished or given up two minutes later",
            ),
        ],
    )
    def test_the_next_step(self, account: Account, expected: Step | None) -> None:
        assert upcoming(account) == expected

    @pytest.mark.parametrize(
        ("due_in", "is_due"), [(timedelta(0), True), (timedelta(seconds=1), False), (timedelta(days=-400), True)]
    )
    def test_a_step_is_due_from_its_instant_on(self, due_in: timedelta, is_due: bool) -> None:
        account = make_account(reminded_for=FIRST.end)
        instant = at("2026-02-28")

        found = lifecycle.next_step(account, program=agency(), now=instant - due_in)

        assert (found == Step(StepKind.CHARGE_PERIOD, instant)) is is_due

    @pytest.mark.parametrize(
        ("end", "expected"),
        [
            pytest.param(date(2026, 2, 7), StepKind.CHARGE_PERIOD, id="a period of 7 days gets none"),
            pytest.param(date(2026, 2, 8), StepKind.REMIND_OF_RENEWAL, id="one of 8 days does"),
        ],
    )
    def test_a_reminder_only_comes_in_a_longer_period(self, end: date, expected: StepKind) -> None:
        account = make_account(period=Period(start=date(2026, 1, 31), end=end))

        assert upcoming(account).kind is expected

    @pytest.mark.parametrize(
        ("retries", "expected"), [(0, "2026-03-01"), (1, "2026-03-03"), (2, "2026-03-05"), (3, "2026-03-07")]
    )
    def test_a_declined_charge_is_retried_on_days_1_3_5_and_7(self, retries: int, expected: str) -> None:
        account = make_past_due(overdue=make_overdue(retries=retries))

        assert upcoming(account) == Step(StepKind.RETRY_CHARGE, at(expected))

    @pytest.mark.parametrize(
        ("zone", "declined_at", "expected"),
        [
            ("America/Chicago", "2026-03-01T05:59:59", "2026-03-01T06:00"),  # still 28 February there
            ("America/Chicago", "2026-03-01T06:00:00", "2026-03-02T06:00"),
            ("America/Chicago", "2026-03-07T12:00:00", "2026-03-08T06:00"),  # the day the clocks go forward
            ("America/Chicago", "2026-03-08T12:00:00", "2026-03-09T05:00"),
            ("Asia/Tokyo", "2026-02-28T14:59:59", "2026-02-28T15:00"),
        ],
    )
    def test_retries_count_days_of_the_accounts_own_calendar(self, zone: str, declined_at: str, expected: str) -> None:
        account = make_past_due(time_zone=zone, overdue=make_overdue(first_declined_at=at(declined_at)))

        assert upcoming(account).due_at == at(expected)

    def test_a_new_card_is_tried_without_waiting_but_no_later_than_planned(self) -> None:
        soon = at("2026-02-28T09:00")
        account = make_past_due(overdue=make_overdue(retry_soon_at=soon))
        late = make_past_due(overdue=make_overdue(retry_soon_at=at("2026-03-02")))

        assert upcoming(account) == Step(StepKind.RETRY_CHARGE, soon)
        assert upcoming(late) == Step(StepKind.RETRY_CHARGE, at("2026-03-01"))

    def test_while_past_due_neither_a_reminder_nor_a_later_period_comes(self) -> None:
        account = make_past_due(overdue=make_overdue(retries=3, first_declined_at=at("2026-05-01")))

        assert upcoming(account).kind is StepKind.RETRY_CHARGE

    @pytest.mark.parametrize(
        ("day", "expected"),
        [
            pytest.param(date(2026, 2, 20), Step(StepKind.CANCEL, at("2026-02-20")), id="before the reminder"),
            pytest.param(date(2026, 2, 21), Step(StepKind.CANCEL, at("2026-02-21")), id="on the reminder's day"),
            pytest.param(
                date(2026, 3, 1), Step(StepKind.REMIND_OF_RENEWAL, at("2026-02-21")), id="the renewal comes before it"
            ),
        ],
    )
    def test_a_cancellation_takes_its_turn(self, day: date, expected: Step) -> None:
        assert upcoming(make_account(cancellation=canceling_on(day))) == expected

    @pytest.mark.parametrize("day", [date(2026, 2, 22), FIRST.end])
    def test_nobody_is_reminded_of_a_renewal_that_a_cancellation_forestalls(self, day: date) -> None:
        assert upcoming(make_account(cancellation=canceling_on(day))) == Step(StepKind.CANCEL, at(str(day)))

    def test_canceling_on_the_renewal_day_comes_before_its_charge(self) -> None:
        account = make_account(cancellation=canceling_on(FIRST.end), reminded_for=FIRST.end)

        assert upcoming(account) == Step(StepKind.CANCEL, at("2026-02-28"))

    def test_canceling_a_day_later_comes_after_it(self) -> None:
        account = make_account(cancellation=canceling_on(date(2026, 3, 1)), reminded_for=FIRST.end)

        assert upcoming(account) == Step(StepKind.CHARGE_PERIOD, at("2026-02-28"))

    def test_canceling_on_the_day_of_a_retry_comes_before_it(self) -> None:
        account = make_past_due(cancellation=canceling_on(date(2026, 3, 1)))

        assert upcoming(account) == Step(StepKind.CANCEL, at("2026-03-01"))

    def test_a_cancellation_already_in_force_rings_no_more(self) -> None:
        account = make_account(status=Status.CANCELED, cancellation=canceling_on(date(2026, 2, 1)))

        assert upcoming(account) == Step(StepKind.EXPIRE, at("2026-02-28"))

    @pytest.mark.parametrize(
        ("zone", "day", "expected"),
        [
            pytest.param("America/Sao_Paulo", date(2017, 10, 15), "2017-10-15T03:00", id="a skipped midnight"),
            pytest.param("America/Havana", date(2025, 11, 2), "2025-11-02T04:00", id="the first of two midnights"),
            pytest.param("Pacific/Kiritimati", date(2026, 3, 1), "2026-02-28T10:00", id="fourteen hours ahead"),
        ],
    )
    def test_a_renewal_day_begins_with_its_first_instant(self, zone: str, day: date, expected: str) -> None:
        account = make_account(
            time_zone=zone, period=Period(start=day - timedelta(days=5), end=day), anchor=day - timedelta(days=31)
        )

        assert upcoming(account) == Step(StepKind.CHARGE_PERIOD, at(expected))

    def test_each_kind_of_account_is_woken_by_its_sweep(self) -> None:
        assert lifecycle.sweep_of(make_trial()) is Sweep.TRIALS
        assert lifecycle.sweep_of(make_account()) is Sweep.RENEWALS


class TestPeriodDue:
    @pytest.mark.parametrize(
        ("anchor", "end", "expected"),
        [
            (date(2026, 1, 31), date(2026, 2, 28), Period(date(2026, 2, 28), date(2026, 3, 31))),
            (date(2026, 1, 31), date(2026, 3, 31), Period(date(2026, 3, 31), date(2026, 4, 30))),
            (date(2028, 1, 30), date(2028, 2, 29), Period(date(2028, 2, 29), date(2028, 3, 30))),
        ],
    )
    def test_follows_the_current_one_counted_from_the_anchor(self, anchor: date, end: date, expected: Period) -> None:
        account = make_account(anchor=anchor, period=Period(start=end - timedelta(days=20), end=end))

        assert lifecycle.period_due(account) == expected

    def test_an_annual_account_of_29_february(self) -> None:
        account = make_account(
            anchor=date(2024, 2, 29),
            plan=make_plan(billing_frequency=Frequency.ANNUAL),
            period=Period(date(2026, 2, 28), date(2027, 2, 28)),
        )

        assert lifecycle.period_due(account) == Period(date(2027, 2, 28), date(2028, 2, 29))

    def test_is_the_declined_one_while_past_due(self) -> None:
        assert lifecycle.period_due(make_past_due()) == SECOND

    def test_a_trial_has_none(self) -> None:
        with pytest.raises(ValueError, match="no paid period"):
            lifecycle.period_due(make_trial())


class TestPaid:
    def test_moves_the_account_into_the_period_paid_for(self) -> None:
        account = make_past_due(charge=make_charge(), set_aside=usd(1000))

        after = paid_periods.paid(account, make_charge(from_set_aside=usd(600), price=usd(3000)), now=NOW)

        assert (after.period, after.price, after.set_aside) == (SECOND, usd(3000), usd(400))
        assert (after.payment_state, after.overdue, after.charge) == (PaymentState.OK, None, None)

    def test_what_is_set_aside_and_used_up_is_gone(self) -> None:
        account = make_account(charge=make_charge(), set_aside=usd(600))

        assert paid_periods.paid(account, make_charge(from_set_aside=usd(600)), now=NOW).set_aside is None

    def test_the_first_period_opens_the_account(self) -> None:
        account = make_account(status=Status.PENDING)

        after = paid_periods.paid(account, make_charge(kind=ChargeKind.FIRST_PERIOD, period=FIRST), now=NOW)

        assert (after.status, after.period) == (Status.ACTIVE, FIRST)

    def test_an_accounts_migration_discount_lasts_as_many_billed_cycles_as_the_program_says(self) -> None:
        account = make_account(status=Status.PENDING, migrated_cycles=2)
        account = paid_periods.paid(account, make_charge(kind=ChargeKind.FIRST_PERIOD, period=FIRST), now=NOW)
        assert account.migrated_cycles == 1  # the first period was the first cycle

        account = paid_periods.paid(account, make_charge(), now=NOW)
        assert account.migrated_cycles == 0
        assert paid_periods.paid(account, make_charge(), now=NOW).migrated_cycles == 0


class TestDeclined:
    def declined(self, account: Account, **charge: Any) -> Account:
        return transitions.payment_declined(
            account, make_charge(**charge), program=agency(), now=at("2026-02-28T00:00:05")
        )

    def test_the_first_time_the_account_is_past_due_and_stays_in_its_period(self) -> None:
        after = self.declined(make_account(charge=make_charge()))

        assert (after.status, after.payment_state, after.charge) == (Status.ACTIVE, PaymentState.PAST_DUE, None)
        assert after.period == FIRST
        assert after.overdue == make_overdue()

    @pytest.mark.parametrize(("retries", "status"), [(2, Status.ACTIVE), (3, Status.EXPIRED)])
    def test_the_fourth_retry_is_the_last(self, retries: int, status: Status) -> None:
        account = make_past_due(overdue=make_overdue(retries=retries, attempts=retries + 1))

        after = self.declined(account, attempt=retries + 2)

        assert after.status is status
        if status is Status.EXPIRED:
            assert after.expiry_reason is ExpiryReason.NON_PAYMENT
            assert (after.payment_state, after.overdue) == (PaymentState.OK, None)
        else:
            assert (after.overdue.retries, after.overdue.attempts) == (3, 4)

    def test_a_retry_somebody_asked_for_leaves_the_schedule_as_it_is(self) -> None:
        account = make_past_due(overdue=make_overdue(retries=3, attempts=4))

        after = self.declined(account, attempt=5, on_schedule=False)

        assert after.status is Status.ACTIVE
        assert (after.overdue.retries, after.overdue.attempts) == (3, 5)

    def test_a_disabled_account_stays_disabled(self) -> None:
        assert self.declined(make_account(status=Status.DISABLED)).status is Status.DISABLED


class TestAFirstPeriodWhileAnotherPlanWaits:
    def test_it_begins_on_the_plan_that_was_asked_for(self) -> None:
        asked, later = make_plan(tier="professional"), make_plan(tier="starter")
        charge = make_charge(kind=ChargeKind.FIRST_PERIOD, plan=asked, then=later, anchor=SECOND.start)

        after = paid_periods.paid(make_trial(charge=charge), charge, now=NOW)

        assert (after.plan, after.period) == (asked, SECOND)
        assert after.pending_change is not None
        assert after.pending_change.plan == later

    def test_a_renewal_begins_on_the_plan_that_waits_for_it(self) -> None:
        later = make_plan(tier="starter")
        account = make_account(pending_change=PendingChange(later, NOW), charge=make_charge())

        after = paid_periods.paid(account, make_charge(), now=NOW)

        assert (after.plan, after.pending_change) == (later, None)


class TestCharging:
    def test_a_new_charge_takes_its_number_for_good(self) -> None:
        assert paid_periods.charging(make_account(), make_charge(), now=NOW).charges == 2

    def test_a_retry_has_its_number_already(self) -> None:
        assert paid_periods.charging(make_past_due(), make_charge(attempt=2), now=NOW).charges == 2


def test_a_trial_counts_the_day_of_creation() -> None:
    assert lifecycle.trial_period(created_on=date(2026, 1, 31), trial_days=14) == Period(
        date(2026, 1, 31), date(2026, 2, 14)
    )


def test_an_unpriced_period_goes_by_without_a_price() -> None:
    after = paid_periods.advanced_to(make_account(), period=SECOND, price=None, terms=NO_DISCOUNT, now=NOW)

    assert (after.period, after.price) == (SECOND, None)


@pytest.mark.parametrize("status", list(Status))
def test_an_account_in_any_status_has_at_most_one_alarm_and_a_step_never_leads_back_to_itself(status: Status) -> None:
    account = make_account(status=status, expired_at=NOW if status is Status.EXPIRED else None)
    step = upcoming(account)
    if step is None:
        assert status in (Status.ARCHIVED, Status.PENDING)
    elif step.kind is StepKind.REMIND_OF_RENEWAL:
        assert upcoming(lifecycle.reminded(account, now=NOW)) != step
    elif step.kind is StepKind.ARCHIVE:
        assert upcoming(replace(account, status=Status.ARCHIVED)) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (timedelta(seconds=-1), timedelta(0)),
        (timedelta(milliseconds=999), timedelta(0)),
        (timedelta(seconds=1), timedelta(seconds=1)),
        (timedelta(days=3, milliseconds=400), timedelta(days=3)),
    ],
)
def test_an_alarm_for_what_is_due_already_rings_when_the_account_is_written(
    written: timedelta, expected: timedelta
) -> None:
    step = Step(StepKind.REMIND_OF_RENEWAL, at("2026-02-21"))
    changed, touched = (make_account(**{field: step.due_at + written}) for field in ("updated_at", "touched_at"))

    for account in (changed, touched):
        assert lifecycle.alarm_at(account, step) == step.due_at + expected
