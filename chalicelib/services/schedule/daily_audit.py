"""The daily audit of all books, a part at a time: each run goes on where the last one stopped."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, time, timedelta

from chalicelib.domain.values import dataclass
from chalicelib.models import control
from chalicelib.services import audit
from chalicelib.services.audit import Audited, Position

_BEGINS = time(13, 0)
"""UTC: when it is night neither in America nor in Europe."""
_CARDS_ASKED_BACK = timedelta(days=3)
"""How far back a daily audit asks the card processor."""
_SCHEDULE = "audit"


@dataclass(frozen=True)
class Progress:
    """How far a day's audit got. ``position`` is where it goes on, None once it is through; the rest counts so far."""

    began: datetime
    position: Position | None
    payers: int = 0
    findings: int = 0

    @property
    def finished(self) -> bool:
        return self.position is None


def go_on(*, now: datetime, out_of_time: Callable[[], bool], report: Callable[[Audited], None]) -> Progress | None:
    """Begin the day's audit, or go on with it, until it is through or ``out_of_time``; each payer is reported.

    None if there is nothing to do until tomorrow.
    """
    progress = _progress()
    if progress is None or (progress.finished and progress.began < _last_begin(now)):
        progress = Progress(began=now, position=Position())
    if progress.position is None:
        return None
    for audited, rest in audit.audit_all(progress.position, now=now, cards_since=progress.began - _CARDS_ASKED_BACK):
        report(audited)
        progress = replace(
            progress,
            position=rest,
            payers=progress.payers + 1,
            findings=progress.findings + len(audited.findings),
        )
        _remember(progress)  # whoever is cut off in the next payer's books need not audit this one's again
        if out_of_time():
            return progress
    progress = replace(progress, position=None)
    _remember(progress)
    return progress


def _remember(progress: Progress) -> None:
    control.remember_unfinished(_SCHEDULE, json.dumps(asdict(progress), default=datetime.isoformat))


def _last_begin(now: datetime) -> datetime:
    """The last time at which an audit was to begin."""
    today = datetime.combine(now.date(), _BEGINS, tzinfo=now.tzinfo)
    return today if today <= now else today - timedelta(days=1)


def _progress() -> Progress | None:
    """What the last run wrote. If another release wrote it in another form, the audit begins anew."""
    try:
        written = json.loads(control.unfinished(_SCHEDULE) or "null")
        if written is None:
            return None
        position = Position(**written["position"]) if written["position"] else None
        return Progress(datetime.fromisoformat(written["began"]), position, written["payers"], written["findings"])
    except (KeyError, TypeError, ValueError):
        return None
