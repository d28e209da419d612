"""The clock: ahead by what the control table says, except in production."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.api import clock
from chalicelib.config import settings
from chalicelib.models import control


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(("seconds", "days"), [(0, 0), (86_399.5, 0), (86_400, 1), (31 * 86_400 + 1, 31)])
def test_runs_ahead_by_the_offset(monkeypatch: pytest.MonkeyPatch, seconds: float, days: int) -> None:
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setattr(control, "clock_offset_seconds", lambda: seconds)

    reading = clock.read()

    assert abs(reading.now - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=5)
    assert reading.offset_days == clock.offset_days() == days


def test_production_asks_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.setattr(control, "clock_offset_seconds", lambda: pytest.fail("asked"))

    assert clock.offset_days() == 0
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_shows_utc_and_whole_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")

    assert clock.now().tzinfo is UTC
    assert clock.now().microsecond % 1000 == 0


def test_a_moment_is_written_in_utc_and_whole_seconds() -> None:
    moment = datetime(2026, 11, 21, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-6)))

    assert clock.rfc3339(moment) == "2026-11-22T05:59:59Z"
