"""Renewal days, periods and the instants they begin at (docs/rules.md §4).

Dates are local dates of the account's time zone and decide everything; instants (aware, UTC) only say when to wake up.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_NOT_PLACES = frozenset({"localtime", "Factory"})
"""Files in the zone database that mean "whatever this machine is set to"."""


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
    """The local dates from `start` up to, not including, `end`. At least one day long, else ValueError."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"a period must end after it starts, not {self.start} to {self.end}")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def days(self) -> int:
        """Its length in days."""
        return (self.end - self.start).days

    def days_left(self, today: date) -> int:
        """Days not yet used up, today included: all of them before the start, 0 from the end on (docs/rules.md §5)."""
        return (self.end - min(max(today, self.start), self.end)).days


class UnknownTimeZone(ValueError):
    """Not the name of a time zone in the IANA database; ``near`` are names that look like it."""

    def __init__(self, name: str, *, near: Sequence[str] = ()) -> None:
        self.near = tuple(near)
        hint = f"; near that: {', '.join(near)}" if near else ", such as Europe/Dublin or UTC"
        super().__init__(f"{name!r} is not an IANA time zone{hint}")


def check_time_zone(name: str) -> str:
    """The name itself if it is one of the IANA database, such as `Europe/Dublin`; otherwise UnknownTimeZone."""
    if name not in _zone_names():
        raise UnknownTimeZone(name, near=_like(name))
    return name


def local_date(instant: datetime, time_zone: str) -> date:
    """The date the calendar on the wall shows there at that (aware) instant."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone of its own")
    return instant.astimezone(_zone(time_zone)).date()


@lru_cache(maxsize=16_384)
def first_instant(day: date, time_zone: str) -> datetime:
    """The moment (UTC) a local date begins: 00:00, the first of two, or the first valid moment after a skipped one.

    A date that its zone left out altogether (Pacific/Apia, 30 December 2011) begins together with the day after it.
    docs/rules.md §4.
    """
    zone = _zone(time_zone)
    midnight = datetime.combine(day, time.min, zone)
    instant = midnight.astimezone(UTC)
    if _on_the_wall(instant, zone) == midnight.replace(tzinfo=None):
        return instant
    return _end_of_gap(midnight, zone)


def after_days(instant: datetime, days: int, time_zone: str) -> datetime:
    """The first instant (UTC) of the local date that many days after the instant's own local date (docs/rules.md §4).

    So trials, retries, archiving and lapses are counted: in days of the calendar, never in hours.
    """
    return first_instant(local_date(instant, time_zone) + timedelta(days=days), time_zone)


def period_start(*, anchor: date, frequency: Frequency, index: int) -> date:
    """The day period number `index` begins: anchor + `index` periods, on the last day of a shorter month.

    Always counted from the anchor, so 31 January is followed by 28 February and 31 March (docs/rules.md §4). The index
    may be negative.
    """
    years, month = divmod(anchor.month - 1 + index * frequency.months, 12)
    return _clamped(anchor.year + years, month + 1, anchor.day)


@lru_cache(maxsize=16_384)
def period_containing(*, anchor: date, frequency: Frequency, day: date) -> Period:
    """The full period, counted from the anchor, that the day falls into; also for days before the anchor."""
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    index = months // frequency.months
    if period_start(anchor=anchor, frequency=frequency, index=index) > day:
        index -= 1
    return Period(
        start=period_start(anchor=anchor, frequency=frequency, index=index),
        end=period_start(anchor=anchor, frequency=frequency, index=index + 1),
    )


def next_period(*, anchor: date, frequency: Frequency, after: date) -> Period:
    """The period that begins on `after`, the end of the one before it; ValueError if none begins there."""
    period = period_containing(anchor=anchor, frequency=frequency, day=after)
    if period.start != after:
        raise ValueError(f"no {frequency} period anchored on {anchor} begins on {after}")
    return period


def anchor_for_billing_day(*, today: date, billing_day: int) -> date:
    """The anchor that puts renewals on a chosen day of the month (1–31, else ValueError); docs/rules.md §2.

    It is the last real date of that number up to today, so that the period around today ends on "the first such day":
    billing day 31 chosen on 10 February is anchored on 31 January, and its first period ends on 28 February.
    """
    if not 1 <= billing_day <= 31:
        raise ValueError(f"a billing day is a day of the month, 1 to 31, not {billing_day}")
    year, month = today.year, today.month
    if billing_day > today.day:
        year, month = _month_before(year, month)
    while billing_day > monthrange(year, month)[1]:
        year, month = _month_before(year, month)
    return date(year, month, billing_day)


def one_year_after(day: date) -> date:
    """The same date a year later, 28 February for 29 February: from it on, "less than a year" is over (rules §3)."""
    return period_start(anchor=day, frequency=Frequency.ANNUAL, index=1)


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _like(name: str) -> list[str]:
    """Up to three names of time zones of the same place, or else spelled much like it."""
    names = sorted(_zone_names())
    place = name.rpartition("/")[2].lower()
    return [each for each in names if each.rpartition("/")[2].lower() == place][:3] or get_close_matches(
        name, names, cutoff=0.85
    )


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_PLACES


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZone(name) from error


def _on_the_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _end_of_gap(skipped: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clocks jumped over a local time, to the second.

    Read with the offset after the jump, the skipped time lies before it (fold=1); read with the one before, at or after
    it (fold=0). In between the clock on the wall only goes forward, so halving finds the jump.
    """
    before, after = (skipped.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    wanted = skipped.replace(tzinfo=None)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _on_the_wall(middle, zone) < wanted:
            before = middle
        else:
            after = middle
    return after
