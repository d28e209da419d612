"""The time zones of the world: one database, whatever the machine has."""

import zoneinfo
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import tzdata

from chalicelib.domain.calendar import first_instant
from chalicelib.domain.time_zones import UnknownTimeZone, check_time_zone, time_zone_names


def test_zones_are_those_of_the_pinned_package_and_never_the_machines() -> None:
    assert (str(Path(tzdata.__file__).parent / "zoneinfo"),) == zoneinfo.TZPATH
    assert set(time_zone_names()) == zoneinfo.available_timezones() - {"Factory"}


def test_a_change_of_the_law_that_is_younger_than_most_machines_is_known() -> None:
    havana = first_instant(date(2026, 12, 1), "America/Havana")

    assert havana == datetime(2026, 12, 1, 4, tzinfo=UTC), "Cuba keeps summer time from 2026 on"


@pytest.mark.parametrize("name", ["Europe/Dublin", "UTC", "America/Argentina/Ushuaia"])
def test_an_iana_time_zone_is_accepted(name: str) -> None:
    assert check_time_zone(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "europe/dublin",
        "localtime",
        "Factory",
        "../../etc/passwd",
        "/etc/localtime",
        "UTC\0",
        "Europe",
    ],
)
def test_anything_else_is_not_a_time_zone(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        check_time_zone(name)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "UTC\0", "Europe"])
def test_a_false_time_zone_opens_no_file(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        first_instant(date(2026, 1, 1), name)
