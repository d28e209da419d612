"""Which events are still worth a mail."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.domain.accounts.accounts import Account, Cancellation, Status
from chalicelib.domain.calendar import Period
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.news import is_news
from tests.builders import NOW, make_account, make_trial
from tests.notices import ended, make_event

RENEWAL = date(2026, 2, 28)  # of make_account's first period


class TestNews:
    """After an outage nobody is told of what is to come when it has been."""

    def is_news(self, event: Event, now: datetime, account: Account | None = None) -> bool:
        account = account or make_account()
        return is_news(event, account=account, time_zone=account.time_zone, now=now)

    def reminder(self, type: str = "account.renewal_upcoming", day: date = RENEWAL, at: datetime = NOW) -> Event:
        return make_event(type, at=at, data={"date": day.isoformat()})

    @pytest.mark.parametrize(
        ("now", "is_news"),
        [
            pytest.param(datetime(2026, 2, 21, 0, 1, tzinfo=UTC), True, id="a week before"),
            pytest.param(datetime(2026, 2, 27, 23, 59, tzinfo=UTC), True, id="the minute before"),
            pytest.param(datetime(2026, 2, 28, 0, 0, tzinfo=UTC), False, id="on the day"),
            pytest.param(datetime(2026, 3, 3, 0, 0, tzinfo=UTC), False, id="days later"),
        ],
    )
    def test_a_reminder_is_news_until_its_day(self, now: datetime, is_news: bool) -> None:
        event = self.reminder(at=datetime(2026, 2, 21, tzinfo=UTC))

        assert self.is_news(event, now) is is_news

    def test_a_reminder_of_a_period_that_is_over_is_no_news(self) -> None:
        on = Period(start=RENEWAL, end=date(2026, 3, 31))

        assert not self.is_news(self.reminder(day=date(2026, 2, 28)), NOW, make_account(period=on))

    @pytest.mark.parametrize(("later", "is_news"), [(timedelta(seconds=1), False), (timedelta(0), True)])
    def test_what_befell_an_account_before_it_moved_is_not_told_to_who_has_it_now(
        self, later: timedelta, is_news: bool
    ) -> None:
        moved = make_account(moved_at=NOW + later)
        recovered = make_event("account.payment_recovered", after={"payment_state": "ok"})

        assert self.is_news(recovered, NOW + later, moved) is is_news
        assert self.is_news(self.reminder(), NOW + later, moved) is is_news

    def test_a_message_or_what_concerns_the_partner_itself_is_told_although_an_account_moved_since(self) -> None:
        moved = make_account(moved_at=NOW + timedelta(hours=1))

        for event in (make_event("account.message_sent"), make_event("prepaid.used_up"), make_event("dispute.lost")):
            assert self.is_news(event, NOW + timedelta(hours=1), moved)

    @pytest.mark.parametrize("status", [Status.CANCELED, Status.EXPIRED, Status.ARCHIVED])
    def test_an_account_that_renews_no_more_is_not_reminded(self, status: Status) -> None:
        assert not self.is_news(self.reminder(), NOW, make_account(status=status))

    @pytest.mark.parametrize(("day", "is_news"), [(RENEWAL, False), (RENEWAL + timedelta(days=1), True)])
    def test_nobody_is_reminded_of_a_renewal_that_a_cancellation_forestalls(self, day: date, is_news: bool) -> None:
        account = make_account(cancellation=Cancellation(reason=None, retain_data=True, effective_on=day))

        assert self.is_news(self.reminder(), NOW, account) is is_news

    def test_a_trial_that_was_paid_for_meanwhile_is_not_reminded_of_its_end(self) -> None:
        trial = make_trial()
        assert trial.period is not None
        event = self.reminder("account.trial_ending", day=trial.period.end)

        assert self.is_news(event, NOW, trial)
        assert not self.is_news(event, NOW, make_account())

    def test_prepaid_money_that_was_to_run_out_last_week_is_no_news(self) -> None:
        event = self.reminder("prepaid.running_out", day=date(2026, 2, 3))

        assert self.is_news(event, NOW)
        assert not self.is_news(event, NOW + timedelta(days=4))

    @pytest.mark.parametrize(("late", "is_news"), [(timedelta(days=14), True), (timedelta(days=14, seconds=1), False)])
    def test_what_happened_is_news_for_two_weeks(self, late: timedelta, is_news: bool) -> None:
        assert self.is_news(make_event("account.expired", **ended("canceled")), NOW + late) is is_news
