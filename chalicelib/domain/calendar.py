"""Renewal days, periods and the instants at which they begin (docs/rules.md §4).

A *date* is a local date in the account's time zone. Dates decide what is due and what it costs. An *instant* is an
aware datetime in UTC. Instants only say when a date begins, so that the schedules know when to act.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from chalicelib.domain.time_zones import zone_of
from chalicelib.domain.values import dataclass


class Frequency(StrEnum):
    """How often an account renews."""

    MONTHLY = "monthly"
    ANNUAL = "annual"

    @property
    def months(self) -> int:
        """The length of a period in calendar months."""
        return 12 if self is Frequency.ANNUAL else 1


@dataclass(frozen=True, slots=True)
class Period:
    """The dates from ``start`` up to but not including ``end``. Raises ValueError if that is less than a day."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"a period must end after it starts, not {self.start} to {self.end}")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def days(self) -> int:
        """The length in days."""
        return (self.end - self.start).days

    def days_left(self, today: date) -> int:
        """The days that remain, today included: all before the start, 0 from the end on (docs/rules.md §5)."""
        return (self.end - min(max(today, self.start), self.end)).days


@lru_cache(maxsize=1024)
def local_date(instant: datetime, time_zone: str) -> date:
    """The date in the time zone at an instant. Raises ValueError for a naive datetime."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be an aware datetime")
    return instant.astimezone(zone_of(time_zone)).date()


@lru_cache(maxsize=16_384)
def first_instant(day: date, time_zone: str) -> datetime:
    """The instant at which a date begins in the time zone (docs/rules.md §4).

    That is 00:00 local time. Where the clocks go back over midnight, it is the first of the two; where they skip it,
    the first instant after the gap. A date that a zone skipped as a whole (30 December 2011 in Pacific/Apia) begins
    together with the next one.
    """
    zone = zone_of(time_zone)
    midnight = datetime.combine(day, time.min, zone)
    instant = midnight.astimezone(UTC)
    if _local_time(instant, zone) == midnight.replace(tzinfo=None):
        return instant
    return _end_of_gap(midnight, zone)


def instants_between(since: date | None, until: date | None, time_zone: str) -> tuple[datetime | None, datetime | None]:
    """The first instant of the date ``since``, and the first one after the date ``until``; None for no date."""
    first = None if since is None else first_instant(since, time_zone)
    return first, None if until is None else first_instant(until + timedelta(days=1), time_zone)


def after_days(instant: datetime, days: int, time_zone: str) -> datetime:
    """The first instant of the date that is ``days`` days after the instant's date (docs/rules.md §4).

    Trials, retries, archiving and lapses are counted like this: in calendar days, never in hours.
    """
    return first_instant(local_date(instant, time_zone) + timedelta(days=days), time_zone)


def period_start(*, anchor: date, frequency: Frequency, index: int) -> date:
    """The first day of period ``index``, which may be negative. Period 0 starts on the anchor (docs/rules.md §4).

    In a month that is too short for the anchor's day, it is the last day. Every start is counted from the anchor, so
    the anchor 31 January is followed by 28 February and 31 March.
    """
    years, month = divmod(anchor.month - 1 + index * frequency.months, 12)
    return _clamped(anchor.year + years, month + 1, anchor.day)


def period_containing(*, anchor: date, frequency: Frequency, day: date) -> Period:
    """The full period that contains ``day``, counted from the anchor. The day may be before the anchor."""
    return _period_containing(_same_starts(anchor, frequency), frequency, day)


def _same_starts(anchor: date, frequency: Frequency) -> date:
    """The anchor of a leap year from which periods start on the same days: so those of many accounts are the same."""
    return anchor.replace(year=2024) if frequency is Frequency.ANNUAL else date(2024, 1, anchor.day)


@lru_cache(maxsize=16_384)
def _period_containing(anchor: date, frequency: Frequency, day: date) -> Period:
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    index = months // frequency.months
    if period_start(anchor=anchor, frequency=frequency, index=index) > day:
        index -= 1
    return Period(
        start=period_start(anchor=anchor, frequency=frequency, index=index),
        end=period_start(anchor=anchor, frequency=frequency, index=index + 1),
    )


def next_period(*, anchor: date, frequency: Frequency, after: date) -> Period:
    """The period that starts on ``after``, the end of the one before it. Raises ValueError if none starts there."""
    period = period_containing(anchor=anchor, frequency=frequency, day=after)
    if period.start != after:
        raise ValueError(f"no {frequency} period anchored on {anchor} begins on {after}")
    return period


def anchor_for_billing_day(*, today: date, billing_day: int) -> date:
    """The anchor for renewals on a chosen day of the month (docs/rules.md §2). Raises ValueError unless it is 1 to 31.

    It is the latest existing date with that day of the month, up to today. The period that contains today then ends on
    the next billing day: day 31, chosen on 10 February, has the anchor 31 January and a first period that ends on 28
    February.
    """
    if not 1 <= billing_day <= 31:
        raise ValueError(f"a billing day is a day of the month, 1 to 31, not {billing_day}")
    year, month = today.year, today.month
    if billing_day > today.day:
        year, month = _month_before(year, month)
    while billing_day > monthrange(year, month)[1]:
        year, month = _month_before(year, month)
    return date(year, month, billing_day)


def next_day_of_month(*, after: date, day: int) -> date:
    """The first date after ``after`` that has this day of the month, or is the last of a shorter month.

    Raises ValueError unless ``day`` is 1 to 31.
    """
    anchor = anchor_for_billing_day(today=after, billing_day=day)
    return period_containing(anchor=anchor, frequency=Frequency.MONTHLY, day=after).end


def one_year_after(day: date) -> date:
    """The same date a year later, 28 February for 29 February. From then on a year has passed (docs/rules.md §3)."""
    return period_start(anchor=day, frequency=Frequency.ANNUAL, index=1)


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _local_time(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _end_of_gap(skipped: datetime, zone: tzinfo) -> datetime:
    """The instant, to the second, at which the clocks jumped over the local time ``skipped``.

    Converted with the offset valid after the jump (fold=1), the skipped time comes before the jump; converted with the
    one valid before it (fold=0), at or after the jump. Between the two, local time only increases, so bisection finds
    the jump.
    """
    before, after = (skipped.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    skipped_time = skipped.replace(tzinfo=None)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _local_time(middle, zone) < skipped_time:
            before = middle
        else:
            after = middle
    return after
