"""What was set apart because it broke the worker: looked at, and let back once the fault is mended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.models import alarms


@dataclass(frozen=True)
class Stuck:
    """A subject that no sweep looks at: due since when, whose it is, and the kind of error it broke the worker by."""

    id: str
    payer: str
    due_at: datetime
    because: str | None


def stuck() -> list[Stuck]:
    """Everything set apart, what has waited longest first."""
    return [Stuck(row.id, row.payer, row.due_at, row.stuck_because) for row in alarms.apart()]


def free(ids: Iterable[str] | None = None) -> list[Stuck]:
    """Let what was set apart, or these ids of it, back into the sweeps; what was let back.

    It is still due: the healing run sends it. One that breaks the worker again is set apart again.
    """
    wanted = None if ids is None else set(ids)
    rows = [row for row in alarms.apart() if wanted is None or row.id in wanted]
    return [Stuck(row.id, row.payer, row.due_at, row.stuck_because) for row in rows if alarms.free(row)]
