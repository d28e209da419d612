"""Dunning: when a declined charge of an account, a Single Bill or a contract is tried again (docs/rules.md §6)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from chalicelib.domain.calendar import local_date


def retry_date(
    *, first_declined_at: datetime, retries: int, retried_at: datetime | None, retry_days: Sequence[int], time_zone: str
) -> date:
    """The local date of the next scheduled retry, after ``retries`` of them: days 1, 3, 5 and 7, say.

    ``retried_at`` is when the last scheduled one was made. Retries that an outage has delayed are a day
    apart at least, so that a card is not charged four times in one minute and then given up.
    """
    day = local_date(first_declined_at, time_zone) + timedelta(days=retry_days[min(retries, len(retry_days) - 1)])
    if retried_at is None:
        return day
    return max(day, local_date(retried_at, time_zone) + timedelta(days=1))


def retry_on(
    *, first_declined_at: datetime, retries: int, retried_at: datetime | None, retry_days: Sequence[int], time_zone: str
) -> date | None:
    """The date of the next scheduled retry, or None after the last one: a bill or a contract then stays unpaid (§6)."""
    if retries >= len(retry_days):
        return None
    return retry_date(
        first_declined_at=first_declined_at,
        retries=retries,
        retried_at=retried_at,
        retry_days=retry_days,
        time_zone=time_zone,
    )
