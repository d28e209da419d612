import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import (
    Frequency,
    Period,
    after_days,
    anchor_for_billing_day,
    first_instant,
    instants_between,
    local_date,
    next_period,
    one_year_after,
    period_containing,
    period_start,
)

CASES = json.loads((Path(__file__).parents[2] / "cases" / "billing.json").read_text())["calendar"]
ZONES = [
    "UTC",
    "Africa/Cairo",
    "America/Chicago",
    "America/Havana",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Toronto",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Fakaofo",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "Pacific/Pago_Pago",
]
MONTHLY, ANNUAL = Frequency.MONTHLY, Frequency.ANNUAL

zones = st.sampled_from(ZONES)
days = st.dates(date(1970, 1, 2), date(2045, 12, 31))
frequencies = st.sampled_from(Frequency)
indexes = st.integers(-30, 60)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['anchor_date']} {case['time_zone']}")
def test_an_account_renews_on_the_days_of_the_worked_examples(case: dict[str, Any]) -> None:
    frequency, zone = Frequency(case["frequency"]), case["time_zone"]

    anchor = local_date(utc(case["started_at"]), zone)
    starts = [
        period_start(anchor=anchor, frequency=frequency, index=index)
        for index in range(1, len(case["renewal_dates"]) + 1)
    ]

    assert anchor.isoformat() == case["anchor_date"]
    assert [start.isoformat() for start in starts] == case["renewal_dates"]
    assert [first_instant(start, zone) for start in starts] == [utc(text) for text in case["renews_at"]]


@pytest.mark.parametrize(
    ("anchor", "frequency", "index", "expected"),
    [
        pytest.param("2026-01-31", MONTHLY, 1, "2026-02-28", id="31 Jan renews on 28 Feb"),
        pytest.param("2026-01-31", MONTHLY, 2, "2026-03-31", id="and then on 31 Mar"),
        pytest.param("2028-01-31", MONTHLY, 1, "2028-02-29", id="31 Jan renews on 29 Feb of a leap year"),
        pytest.param("2026-01-28", MONTHLY, 1, "2026-02-28", id="28 Jan renews on 28 Feb"),
        pytest.param("2026-12-31", MONTHLY, 1, "2027-01-31", id="31 Dec renews on 31 Jan of the next year"),
        pytest.param("2026-01-31", MONTHLY, -2, "2025-11-30", id="two months before 31 Jan is 30 Nov"),
        pytest.param("2024-02-29", ANNUAL, 1, "2025-02-28", id="29 Feb renews on 28 Feb"),
        pytest.param("2024-02-29", ANNUAL, 4, "2028-02-29", id="and on 29 Feb four years later"),
        pytest.param("1896-02-29", ANNUAL, 4, "1900-02-28", id="but not in 1900"),
    ],
)
def test_periods_are_counted_from_the_anchor(anchor: str, frequency: Frequency, index: int, expected: str) -> None:
    start = period_start(anchor=date.fromisoformat(anchor), frequency=frequency, index=index)

    assert start.isoformat() == expected


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        pytest.param("2026-03-08", "America/Havana", "2026-03-08T05:00Z", id="midnight skipped: 01:00"),
        pytest.param("2025-11-02", "America/Havana", "2025-11-02T04:00Z", id="midnight twice: the first"),
        pytest.param("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00Z", id="midnight skipped in Brazil"),
        pytest.param("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00Z", id="23:00 twice the evening before"),
        pytest.param(
            "2010-11-07", "America/St_Johns", "2010-11-07T02:30Z", id="a minute of it, then the day before again"
        ),
        pytest.param("2011-12-29", "Pacific/Apia", "2011-12-29T10:00Z", id="the day before a skipped one"),
        pytest.param("2011-12-30", "Pacific/Apia", "2011-12-30T10:00Z", id="a skipped day begins with the next"),
        pytest.param("2011-12-31", "Pacific/Apia", "2011-12-30T10:00Z", id="the day after a skipped one"),
        pytest.param("1993-08-21", "Pacific/Kwajalein", "1993-08-21T12:00Z", id="skipped on Kwajalein"),
        pytest.param("1844-12-31", "Asia/Manila", "1844-12-31T15:56:08Z", id="skipped in Manila, to the second"),
        pytest.param("1919-03-31", "America/Toronto", "1919-03-31T04:30Z", id="the clock jumps from 23:30 to 00:30"),
        pytest.param("2026-01-15", "Asia/Kathmandu", "2026-01-14T18:15Z", id="three quarters of an hour off"),
        pytest.param("2026-03-29", "Antarctica/Troll", "2026-03-29T00:00Z", id="a clock change of two hours, later"),
    ],
)
def test_a_date_begins_at_its_first_instant(day: str, zone: str, expected: str) -> None:
    assert first_instant(date.fromisoformat(day), zone) == utc(expected)


@given(days, zones)
def test_before_its_first_instant_a_date_has_not_begun(day: date, zone: str) -> None:
    instant = first_instant(day, zone)

    assert instant.tzinfo is UTC
    assert local_date(instant - timedelta(seconds=1), zone) < day
    if _exists(day, zone):
        assert local_date(instant, zone) == day
    else:
        assert instant == first_instant(day + timedelta(days=1), zone)


def _exists(day: date, zone: str) -> bool:
    hours = (datetime.combine(day, time(hour), ZoneInfo(zone)) for hour in range(24))
    return any(hour.astimezone(UTC).astimezone(ZoneInfo(zone)).date() == day for hour in hours)


@given(days, zones, frequencies)
def test_renewal_instants_strictly_increase(anchor: date, zone: str, frequency: Frequency) -> None:
    starts = [period_start(anchor=anchor, frequency=frequency, index=index) for index in range(27)]

    assert all(earlier < later for earlier, later in pairwise(first_instant(start, zone) for start in starts))


@given(days, frequencies, indexes)
def test_periods_follow_each_other_without_gap_or_overlap(anchor: date, frequency: Frequency, index: int) -> None:
    start = period_start(anchor=anchor, frequency=frequency, index=index)

    period = period_containing(anchor=anchor, frequency=frequency, day=start)
    following = next_period(anchor=anchor, frequency=frequency, after=period.end)

    assert period.start == start
    assert following.start == period.end
    assert following.end == period_start(anchor=anchor, frequency=frequency, index=index + 2)


@given(days, frequencies, days)
def test_every_day_is_in_exactly_one_period(anchor: date, frequency: Frequency, day: date) -> None:
    period = period_containing(anchor=anchor, frequency=frequency, day=day)

    assert day in period
    for border, inside in ((period.start, True), (period.end, False)):
        assert (border in period) is inside
    last = period.end - timedelta(days=1)
    assert period_containing(anchor=anchor, frequency=frequency, day=last) == period


def test_no_period_begins_off_the_renewal_day() -> None:
    with pytest.raises(ValueError, match="begins on 2026-02-27"):
        next_period(anchor=date(2026, 1, 31), frequency=MONTHLY, after=date(2026, 2, 27))


def test_an_annual_period_is_followed_by_a_monthly_one_from_the_same_anchor() -> None:
    period = next_period(anchor=date(2024, 2, 29), frequency=MONTHLY, after=date(2025, 2, 28))

    assert period == Period(date(2025, 2, 28), date(2025, 3, 29))


def test_a_period_includes_its_first_day_and_not_its_end() -> None:
    february = Period(date(2026, 2, 1), date(2026, 3, 1))

    assert february.days == 28
    assert date(2026, 1, 31) not in february
    assert date(2026, 2, 1) in february
    assert date(2026, 2, 28) in february
    assert date(2026, 3, 1) not in february


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        pytest.param("2026-01-31", 28, id="before it begins, all are left"),
        pytest.param("2026-02-01", 28, id="on the first day, all are left"),
        pytest.param("2026-02-10", 19, id="today counts as left"),
        pytest.param("2026-02-28", 1, id="on the last day, one is left"),
        pytest.param("2026-03-01", 0, id="on the renewal day, none is left"),
        pytest.param("2026-03-02", 0, id="afterwards, none is left"),
    ],
)
def test_days_left(today: str, expected: int) -> None:
    february = Period(date(2026, 2, 1), date(2026, 3, 1))

    assert february.days_left(date.fromisoformat(today)) == expected


def test_a_period_without_a_day_does_not_exist() -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        Period(date(2026, 2, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    ("today", "billing_day", "anchor", "first_period"),
    [
        pytest.param("2026-11-21", 1, "2026-11-01", ("2026-11-01", "2026-12-01"), id="a day passed this month"),
        pytest.param("2026-11-21", 25, "2026-10-25", ("2026-10-25", "2026-11-25"), id="a day still to come"),
        pytest.param("2026-11-21", 21, "2026-11-21", ("2026-11-21", "2026-12-21"), id="today: a full period"),
        pytest.param("2026-11-21", 31, "2026-10-31", ("2026-10-31", "2026-11-30"), id="31 in November is the 30th"),
        pytest.param("2026-02-10", 31, "2026-01-31", ("2026-01-31", "2026-02-28"), id="31 in February is the 28th"),
        pytest.param("2026-02-27", 29, "2026-01-29", ("2026-01-29", "2026-02-28"), id="29 in February is the 28th"),
        pytest.param("2026-02-28", 31, "2026-01-31", ("2026-02-28", "2026-03-31"), id="28 Feb is the 31st: full"),
        pytest.param("2028-02-28", 30, "2028-01-30", ("2028-01-30", "2028-02-29"), id="in a leap year not yet"),
        pytest.param("2026-03-30", 31, "2026-01-31", ("2026-02-28", "2026-03-31"), id="over a month without a 31st"),
        pytest.param("2026-01-05", 31, "2025-12-31", ("2025-12-31", "2026-01-31"), id="over the turn of the year"),
    ],
)
def test_a_billing_day_becomes_the_anchor(
    today: str, billing_day: int, anchor: str, first_period: tuple[str, str]
) -> None:
    day = date.fromisoformat(today)

    found = anchor_for_billing_day(today=day, billing_day=billing_day)
    period = period_containing(anchor=found, frequency=MONTHLY, day=day)

    assert found.isoformat() == anchor
    assert (period.start.isoformat(), period.end.isoformat()) == first_period


@given(days, st.integers(1, 31))
def test_the_anchor_of_a_billing_day_is_a_real_date_of_that_number_not_after_today(today: date, day: int) -> None:
    anchor = anchor_for_billing_day(today=today, billing_day=day)

    assert anchor.day == day
    assert timedelta(0) <= today - anchor <= timedelta(days=61)


@pytest.mark.parametrize("billing_day", [0, 32, -1])
def test_a_billing_day_is_a_day_of_the_month(billing_day: int) -> None:
    with pytest.raises(ValueError, match="1 to 31"):
        anchor_for_billing_day(today=date(2026, 1, 1), billing_day=billing_day)


@pytest.mark.parametrize(
    ("instant", "days_later", "zone", "expected"),
    [
        pytest.param("2026-11-21T05:59:59Z", 14, "America/Chicago", "2026-12-04T06:00Z", id="still 20 Nov in Chicago"),
        pytest.param("2026-11-21T06:00:00Z", 14, "America/Chicago", "2026-12-05T06:00Z", id="21 Nov in Chicago"),
        pytest.param("2026-03-01T12:00Z", 14, "America/Chicago", "2026-03-15T05:00Z", id="over a clock change"),
        pytest.param("2026-03-01T12:00Z", 0, "UTC", "2026-03-01T00:00Z", id="no days later the day has begun"),
        pytest.param("2011-12-28T12:00Z", 2, "Pacific/Apia", "2011-12-30T10:00Z", id="on a day left out"),
    ],
)
def test_terms_are_counted_in_local_dates(instant: str, days_later: int, zone: str, expected: str) -> None:
    assert after_days(utc(instant), days_later, zone) == utc(expected)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-11-21", "2027-11-21", id="the same date"),
        pytest.param("2024-02-29", "2025-02-28", id="29 Feb: 28 Feb"),
        pytest.param("2027-02-28", "2028-02-28", id="28 Feb: 28 Feb, though there is a 29th"),
    ],
)
def test_a_year_later(day: str, expected: str) -> None:
    assert one_year_after(date.fromisoformat(day)).isoformat() == expected


def test_days_that_are_asked_for_are_those_of_the_zone() -> None:
    since, until = date(2026, 3, 7), date(2026, 3, 8)  # at the end of the first, Havana skips midnight

    assert instants_between(since, until, "America/Havana") == (utc("2026-03-07T05:00Z"), utc("2026-03-09T04:00Z"))
    assert instants_between(until, None, "America/Havana") == (utc("2026-03-08T05:00Z"), None)
    assert instants_between(None, since, "America/Havana") == (None, utc("2026-03-08T05:00Z"))


def test_an_instant_without_a_time_zone_has_no_local_date() -> None:
    with pytest.raises(ValueError, match="aware datetime"):
        local_date(datetime(2026, 1, 1), "UTC")  # noqa: DTZ001
