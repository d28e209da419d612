"""What canceling, renewing and disabling make of an account (docs/rules.md §3)."""

from datetime import UTC, date, datetime

import pytest

from chalicelib.domain.accounts import accounts, transitions
from chalicelib.domain.accounts.accounts import Account, Cancellation, ExpiryReason, PaymentState, PendingChange, Status
from chalicelib.domain.accounts.actions import ChargeInProgress, TransitionRefused
from chalicelib.domain.refusals import RefusalKind
from tests.builders import (
    FIRST,
    NOW,
    make_account,
    make_charge,
    make_past_due,
    make_plan,
    make_sandbox,
    make_trial,
    usd,
)


def cancel(account: Account, *, on: date | None = None, now: datetime = NOW) -> Account:
    return transitions.canceled(account, reason="client_left", retain_data=False, on=on, now=now)


class TestCanceling:
    def test_at_once_it_stays_usable_until_the_paid_period_ends(self) -> None:
        after = cancel(make_account(set_aside=usd(500)))

        assert (after.status, after.period, after.set_aside) == (Status.CANCELED, FIRST, usd(500))
        assert after.cancellation == Cancellation("client_left", retain_data=False, effective_on=date(2026, 1, 31))
        assert after.expired_at is None

    def test_a_disabled_account_can_be_canceled(self) -> None:
        assert cancel(make_account(status=Status.DISABLED)).status is Status.CANCELED

    def test_for_a_later_date_it_renews_as_usual_until_then(self) -> None:
        after = cancel(make_account(), on=date(2026, 2, 1))

        assert after.status is Status.ACTIVE
        assert after.cancellation.effective_on == date(2026, 2, 1)

    def test_for_today_is_at_once(self) -> None:
        assert cancel(make_account(), on=date(2026, 1, 31)).status is Status.CANCELED

    @pytest.mark.parametrize(("zone", "status"), [("Asia/Tokyo", Status.CANCELED), ("America/Chicago", Status.ACTIVE)])
    def test_today_is_the_accounts_own_date(self, zone: str, status: Status) -> None:
        # At 15:00 UTC on 31 January it is 1 February in Tokyo, and not yet in Chicago.
        assert cancel(make_account(time_zone=zone), on=date(2026, 2, 1)).status is status

    def test_while_past_due_it_expires_at_once_and_the_unpaid_days_are_forgiven(self) -> None:
        after = cancel(make_past_due(set_aside=usd(500)))

        assert (after.status, after.expiry_reason, after.expired_at) == (Status.EXPIRED, ExpiryReason.CANCELED, NOW)
        assert (after.payment_state, after.overdue, after.set_aside) == (PaymentState.OK, None, None)

    def test_while_an_unpaid_single_bill_holds_it_up_it_expires_at_once_and_waits_for_nothing(self) -> None:
        after = cancel(make_account(single_bill=True, waits_until=NOW))

        assert (after.status, after.waits_until) == (Status.EXPIRED, None)

    def test_while_past_due_for_a_later_date_it_goes_on_until_then(self) -> None:
        after = cancel(make_past_due(), on=date(2026, 3, 2))

        assert (after.status, after.payment_state) == (Status.ACTIVE, PaymentState.PAST_DUE)

    def test_a_sandbox_expires_at_once(self) -> None:
        after = cancel(make_sandbox())

        assert (after.status, after.expiry_reason) == (Status.EXPIRED, ExpiryReason.CANCELED)

    def test_a_trial_stays_usable_until_its_days_are_over(self) -> None:
        after = cancel(make_trial())

        assert after.status is Status.CANCELED
        assert accounts.expires_at(after) == datetime(2026, 2, 14, tzinfo=UTC)

    @pytest.mark.parametrize("status", [Status.CANCELED, Status.EXPIRED, Status.ARCHIVED, Status.PENDING])
    def test_is_refused_in_any_other_status_and_the_refusal_says_what_is_possible(self, status: Status) -> None:
        with pytest.raises(TransitionRefused) as refusal:
            cancel(make_account(status=status))

        assert refusal.value.kind is RefusalKind.CONFLICT
        assert refusal.value.extra["account_status"] == status

    def test_is_refused_while_a_charge_is_in_progress(self) -> None:
        with pytest.raises(ChargeInProgress):
            cancel(make_account(charge=make_charge()))


class TestTakingACancellationBack:
    def test_leaves_the_account_as_if_it_had_not_been_canceled(self) -> None:
        before = make_account(pending_change=PendingChange(make_plan(tier="starter"), NOW))

        after = transitions.cancellation_taken_back(cancel(before), request=None, now=NOW)

        assert after == before

    def test_also_of_one_that_is_to_take_effect_later(self) -> None:
        before = make_account(status=Status.DISABLED)

        after = transitions.cancellation_taken_back(cancel(before, on=date(2026, 2, 9)), request=None, now=NOW)

        assert after == before

    def test_a_trial_goes_on_until_its_last_day(self) -> None:
        after = transitions.cancellation_taken_back(cancel(make_trial()), request=None, now=NOW)

        assert after == make_trial()

    def test_it_was_disabled_before_it_is_active_now(self) -> None:
        before = cancel(make_account(status=Status.DISABLED, disabled_message="Call us"))

        after = transitions.cancellation_taken_back(before, request=None, now=NOW)

        assert (after.status, after.disabled_message) == (Status.ACTIVE, None)

    def test_remembers_its_request_until_it_is_canceled_again(self) -> None:
        after = transitions.cancellation_taken_back(cancel(make_account()), request="req_1", now=NOW)

        assert after.renewed_by == "req_1"
        assert cancel(after).renewed_by is None


class TestDisabling:
    def test_keeps_the_message_until_it_is_enabled(self) -> None:
        off = transitions.disabled(make_account(), message="Call us", now=NOW)
        on = transitions.enabled(off, now=NOW)

        assert (off.status, off.disabled_message) == (Status.DISABLED, "Call us")
        assert on == make_account()

    def test_moves_no_money_and_no_day(self) -> None:
        off = transitions.disabled(make_past_due(), message=None, now=NOW)

        assert (off.overdue, off.period, off.anchor) == (make_past_due().overdue, FIRST, FIRST.start)
        assert accounts.renews_at(off) == accounts.renews_at(make_past_due())


def test_archiving_keeps_when_and_why_it_expired() -> None:
    ended = transitions.expired(make_account(), reason=ExpiryReason.NON_PAYMENT, at=NOW, now=NOW)

    put_away = transitions.archived(ended, at=NOW, now=NOW)

    assert (put_away.status, put_away.expired_at, put_away.archived_at) == (Status.ARCHIVED, NOW, NOW)
    assert put_away.expiry_reason is ExpiryReason.NON_PAYMENT
