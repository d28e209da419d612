"""The one clock. Outside production it runs ahead of the machine's by an offset kept in the control table."""

from datetime import UTC, datetime, timedelta

from chalicelib.config import settings
from chalicelib.domain.values import dataclass


@dataclass(frozen=True)
class Reading:
    """One reading of the clock: the time, and how many whole days it is ahead of the machine's."""

    now: datetime
    offset_days: int


def read() -> Reading:
    """Read the clock: aware, UTC, whole milliseconds. Outside production that reads a table: once per event."""
    offset = timedelta(0) if settings().production else timedelta(seconds=_offset_seconds())
    moment = datetime.now(UTC) + offset
    return Reading(now=moment.replace(microsecond=moment.microsecond // 1000 * 1000), offset_days=offset.days)


def now() -> datetime:
    """The time now. Handlers read it once per event and pass it on."""
    return read().now


def machine_now() -> datetime:
    """The machine's own time, which nobody moves ahead: for what people hold in their hands, as sessions and codes,
    and for what protects the machine.

    What a partner sees (renewals, trials, periods) goes by :func:`now`.
    """
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def offset_days() -> int:
    """Whole days the clock has been moved ahead by; 0 in production."""
    return read().offset_days


def rfc3339(moment: datetime) -> str:
    """`2026-11-21T06:00:00Z`: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _offset_seconds() -> float:
    from chalicelib.models import control  # not needed in production

    return control.clock_offset_seconds()
