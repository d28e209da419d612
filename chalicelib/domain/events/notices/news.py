"""Whether an event is still worth a mail (docs/decisions/notices.md)."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from chalicelib.domain.accounts.accounts import Account, Status, renews_at
from chalicelib.domain.calendar import local_date
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.kinds import ABOUT_THE_ACCOUNT, Kind, kind_of

NEWS_FOR = timedelta(days=14)
"""Older events are not mailed any more, whatever delayed them."""


def is_news(event: Event, *, account: Account | None, time_zone: str, now: datetime) -> bool:
    """Whether the event is still worth a mail at ``now``.

    What is announced must be in the future: after an outage nobody is reminded of a past renewal, or
    of the end of a trial that was paid for meanwhile. What befell an account before it moved is not told to those who
    have it now (§9); an operator's message has an address of its own.
    """
    if now - event.at > NEWS_FOR:
        return False
    moved_at = account.moved_at if account and kind_of(event) in ABOUT_THE_ACCOUNT - {Kind.MESSAGE} else None
    if moved_at is not None and event.at < moved_at:
        return False
    announced = _ANNOUNCED.get(event.type)
    if announced is None:
        return True
    day = event.data.get("date")
    if day is not None and date.fromisoformat(day) <= local_date(now, time_zone):
        return False
    return announced(event, account)


def _still_renews_on(event: Event, account: Account | None) -> bool:
    """Whether the account renews on the reminder's date: no cancellation takes effect by then."""
    return account is not None and _still_runs_until(event, account) and renews_at(account) is not None


def _still_runs_until(event: Event, account: Account | None) -> bool:
    """Whether the account's period still ends on the reminder's date, and it still renews, or ends, by itself."""
    if account is None or account.period is None or account.status not in (Status.ACTIVE, Status.DISABLED):
        return False
    return account.period.end.isoformat() == event.data.get("date")


_ANNOUNCED: Mapping[str, Callable[[Event, Account | None], bool]] = {
    "account.trial_ending": _still_runs_until,
    "account.renewal_upcoming": _still_renews_on,
    "prepaid.running_out": lambda _event, _account: True,
}
"""Events that announce something for a date, each with the condition that must still hold."""
