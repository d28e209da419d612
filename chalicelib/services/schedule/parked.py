"""What was set apart because it broke the worker: looked at, and let back once the fault is mended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.models import alarms


@dataclass(frozen=True)
class Parked:
    """A subject that no sweep looks at: due since when, whose it is, and the kind of error it broke the worker by."""

    id: str
    payer: str
    due_at: datetime
    because: str | None


def list_parked() -> list[Parked]:
    """Everything set apart, what has waited longest first."""
    return [Parked(row.id, row.payer, row.due_at, row.stuck_because) for row in alarms.parked()]


def unpark(ids: Iterable[str] | None = None) -> list[Parked]:
    """Let what was set apart, or these ids of it, back into the sweeps; what was let back.

    It is still due: the healing run sends it. One that breaks the worker again is set apart again.
    """
    wanted = None if ids is None else set(ids)
    rows = [row for row in alarms.parked() if wanted is None or row.id in wanted]
    return [Parked(row.id, row.payer, row.due_at, row.stuck_because) for row in rows if alarms.unpark(row)]
