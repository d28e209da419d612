"""When an account renews or ends, and whether it counts (docs/rules.md §3)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.domain.accounts import accounts
from chalicelib.domain.accounts.accounts import Account, Cancellation, Status
from tests.builders import NOW, make_account, make_past_due, make_sandbox, make_trial


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
