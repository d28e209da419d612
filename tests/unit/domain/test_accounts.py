"""What may be done to an account, and what canceling makes of it (docs/rules.md §3)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.domain import accounts
from chalicelib.domain.accounts import (
    Account,
    Action,
    Cancellation,
    ChargeInProgress,
    ExpiryReason,
    PaymentState,
    PendingChange,
    Status,
    TransitionRefused,
)
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
    return accounts.canceled(account, reason="client_left", retain_data=False, on=on, now=now)


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

        assert refusal.value.status == 409
        allowed = list(accounts.allowed_actions(make_account(status=status)))
        assert refusal.value.extra == {"account_status": status, "action": "cancel", "allowed_actions": allowed}
        assert status in refusal.value.detail

    def test_is_refused_while_a_charge_is_in_progress(self) -> None:
        with pytest.raises(ChargeInProgress):
            cancel(make_account(charge=make_charge()))


class TestWhatMayBeDone:
    @pytest.mark.parametrize(
        ("account", "expected"),
        [
            pytest.param(make_account(), Action.CANCEL, id="active"),
            pytest.param(make_account(status=Status.DISABLED), Action.CANCEL, id="disabled"),
            pytest.param(make_past_due(), Action.RETRY_PAYMENT, id="past due"),
            pytest.param(make_account(), Action.CHANGE_PLAN, id="active, paid"),
            pytest.param(make_trial(), Action.CHANGE_PLAN, id="trial"),
            pytest.param(make_trial(status=Status.EXPIRED), Action.CHANGE_PLAN, id="expired trial"),
            pytest.param(
                make_account(pending_change=PendingChange(make_plan(), NOW)), Action.WITHDRAW_CHANGE, id="pending"
            ),
        ],
    )
    def test_is_allowed(self, account: Account, expected: Action) -> None:
        assert expected in accounts.allowed_actions(account)

    @pytest.mark.parametrize(
        ("account", "refused"),
        [
            pytest.param(make_account(), Action.RETRY_PAYMENT, id="nothing to retry"),
            pytest.param(make_account(), Action.WITHDRAW_CHANGE, id="nothing to withdraw"),
            pytest.param(make_sandbox(), Action.CHANGE_PLAN, id="sandbox"),
            pytest.param(make_sandbox(status=Status.EXPIRED), Action.CHANGE_PLAN, id="expired sandbox"),
            pytest.param(make_past_due(), Action.CHANGE_PLAN, id="past due"),
            pytest.param(make_account(status=Status.CANCELED), Action.CHANGE_PLAN, id="canceled"),
            pytest.param(make_account(status=Status.CANCELED), Action.CANCEL, id="canceled already"),
            pytest.param(make_account(status=Status.ARCHIVED), Action.CANCEL, id="archived"),
        ],
    )
    def test_is_not(self, account: Account, refused: Action) -> None:
        assert refused not in accounts.allowed_actions(account)

    def test_actions_come_in_one_order_each_once(self) -> None:
        allowed = accounts.allowed_actions(make_past_due())

        assert list(allowed) == [action for action in Action if action in allowed]


class TestDates:
    @pytest.mark.parametrize(
        ("account", "renews", "expires"),
        [
            pytest.param(make_account(), datetime(2026, 2, 28, tzinfo=UTC), None, id="active"),
            pytest.param(make_account(status=Status.DISABLED), datetime(2026, 2, 28, tzinfo=UTC), None, id="disabled"),
            pytest.param(make_account(status=Status.CANCELED), None, datetime(2026, 2, 28, tzinfo=UTC), id="canceled"),
            pytest.param(make_account(status=Status.EXPIRED, expired_at=NOW), None, NOW, id="expired"),
            pytest.param(make_account(status=Status.ARCHIVED, expired_at=NOW), None, NOW, id="archived"),
            pytest.param(make_trial(), None, datetime(2026, 2, 14, tzinfo=UTC), id="trial"),
            pytest.param(make_sandbox(), None, None, id="sandbox: neither"),
        ],
    )
    def test_an_account_renews_or_expires(self, account: Account, renews: Any, expires: Any) -> None:
        assert accounts.renews_at(account) == renews
        assert accounts.expires_at(account) == expires

    @pytest.mark.parametrize(
        ("day", "renews"),
        [
            pytest.param(date(2026, 2, 28), False, id="canceled for the renewal day it doesn't renew"),
            pytest.param(date(2026, 3, 1), True, id="canceled for the day after it does"),
        ],
    )
    def test_a_scheduled_cancellation(self, day: date, renews: bool) -> None:
        account = make_account(cancellation=Cancellation(None, retain_data=True, effective_on=day))

        assert (accounts.renews_at(account) is not None) is renews
        assert (accounts.expires_at(account) is None) is renews

    def test_the_instant_is_midnight_where_the_account_is(self) -> None:
        account = make_account(time_zone="America/Chicago")

        assert accounts.renews_at(account) == datetime(2026, 2, 28, 6, tzinfo=UTC)


class TestCounting:
    @pytest.mark.parametrize(
        ("account", "counts"),
        [
            (make_account(), True),
            (make_past_due(), True),
            (make_account(status=Status.DISABLED), True),
            (make_account(status=Status.CANCELED), False),
            (make_account(status=Status.EXPIRED), False),
            (make_account(status=Status.PENDING), False),
            (make_trial(), False),
            (make_sandbox(), False),
        ],
    )
    def test_paid_accounts_active_or_disabled_count_past_due_or_not(self, account: Account, counts: bool) -> None:
        assert account.counts_as_active_paid is counts


def test_a_trial_has_no_billing_frequency() -> None:
    with pytest.raises(ValueError, match="no paid plan"):
        _ = make_trial().frequency


def test_archiving_keeps_when_and_why_it_expired() -> None:
    ended = accounts.expired(make_account(), reason=ExpiryReason.NON_PAYMENT, at=NOW, now=NOW)

    put_away = accounts.archived(ended, at=NOW, now=NOW)

    assert (put_away.status, put_away.expired_at, put_away.archived_at) == (Status.ARCHIVED, NOW, NOW)
    assert put_away.expiry_reason is ExpiryReason.NON_PAYMENT
