"""Parked subjects, which broke the worker: list them, and unpark them once the fault is fixed."""

from collections.abc import Iterable
from datetime import datetime

from chalicelib.domain.values import dataclass
from chalicelib.models import alarms


@dataclass(frozen=True)
class Parked:
    """A subject that no sweep finds: since when it is due, who pays, and the kind of error that broke the worker."""

    id: str
    payer: str
    due_at: datetime
    because: str | None


def list_parked() -> list[Parked]:
    """Everything that is parked, what has waited longest first."""
    return [Parked(row.id, row.payer, row.due_at, row.stuck_because) for row in alarms.parked()]


def unpark(ids: Iterable[str] | None = None) -> list[Parked]:
    """Return parked subjects, all or those with these ids, to their sweeps. Returns what was unparked.

    They are still due: the healing run sends them. One that breaks the worker again is parked again.
    """
    wanted = None if ids is None else set(ids)
    rows = [row for row in alarms.parked() if wanted is None or row.id in wanted]
    return [Parked(row.id, row.payer, row.due_at, row.stuck_because) for row in rows if alarms.unpark(row)]
