"""The daily audit of all books, a part at a time: each run goes on where the last one stopped.

What it found is logged, counted, and kept for operators to read (docs/decisions/audit.md).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, time, timedelta

from chalicelib import serialization
from chalicelib.domain.audit.runs import KEPT_FOR, ON_A_SHEET, AuditRun, KeptFinding, sheets_with, with_finished
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.values import dataclass
from chalicelib.models import audit_runs as run_rows
from chalicelib.models import control
from chalicelib.services.audit import payer_audits
from chalicelib.services.audit.payer_audits import Audited
from chalicelib.services.audit.payers import Position

BEGINS = time(13, 0)
"""UTC: when it is night neither in America nor in Europe."""
_CARDS_ASKED_BACK = timedelta(days=3)
"""How far back a daily audit asks the card processor."""
_SCHEDULE = "audit"


@dataclass(frozen=True)
class _Progress:
    """How far a day's audit got. ``position`` is where it goes on, None once it is through."""

    run: AuditRun
    position: Position | None


def go_on(*, now: datetime, out_of_time: Callable[[], bool], report: Callable[[Audited], None]) -> AuditRun | None:
    """Begin the day's audit, or go on with it, until it is through or ``out_of_time``; each payer is reported.

    None if there is nothing to do until tomorrow.
    """
    progress = _progress()
    if progress is None or (progress.run.finished and progress.run.began < _last_begin(now)):
        progress = _Progress(AuditRun(began=now, at=now), Position())
    if progress.position is None:
        return None
    run = progress.run
    for audited, rest in payer_audits.audit_all(progress.position, now=now, cards_since=run.began - _CARDS_ASKED_BACK):
        report(audited)
        run = _noted(run, audited, finished=rest is None, now=now)
        _remember(_Progress(run, rest))  # whoever is cut off in the next payer's books need not audit this one's again
        if out_of_time():
            return run
    if not run.finished:  # there was nobody to audit
        run = replace(run, at=now, finished=True)
        _remember(_Progress(run, None))
    return run


def list_runs() -> list[AuditRun]:
    """The latest audits, the one that is going on first."""
    progress, finished = _progress(), run_rows.finished()
    going_on = [progress.run] if progress is not None and not progress.run.finished else []
    return [*going_on, *finished]


def get_run(*, run_id: str) -> AuditRun:
    """One of :func:`list_runs`. Raises :class:`NotFound`."""
    for run in list_runs():
        if run.id == run_id:
            return run
    raise NotFound.of("audit", run_id)


def list_findings(*, run_id: str, sheet: int) -> Sequence[KeptFinding]:
    """A sheet of what a run found, by number from 0, in the order it was found; empty behind the last."""
    return run_rows.sheet(run_id, sheet)


def _noted(run: AuditRun, audited: Audited, *, finished: bool, now: datetime) -> AuditRun:
    """The run with a payer's audit, whose findings are kept by now."""
    found = [
        *(KeptFinding.of(audited.payer, each, settled=True) for each in audited.findings),
        *(KeptFinding.of(audited.payer, each, settled=False) for each in audited.unsettled),
    ]
    if found:
        last_sheet = run_rows.sheet(run.id, run.kept // ON_A_SHEET)
        for number, sheet in sheets_with(found, kept=run.kept, last_sheet=last_sheet):
            run_rows.put_sheet(run.id, number, sheet, until=run.began + KEPT_FOR)
    noted = run.with_payer(audited.compared, len(audited.findings), len(audited.unsettled), at=now)
    return replace(noted, finished=finished)


def _remember(progress: _Progress) -> None:
    """Write down how far it got; a run that is through is kept before it counts as finished, or would be lost."""
    if progress.run.finished:
        run_rows.put_finished(with_finished(run_rows.finished(), progress.run))
    position = asdict(progress.position) if progress.position else None
    written = {"run": serialization.form_of(AuditRun).sparse(progress.run), "position": position}
    control.remember_unfinished(_SCHEDULE, json.dumps(written))


def _last_begin(now: datetime) -> datetime:
    """The last time at which an audit was to begin."""
    today = datetime.combine(now.date(), BEGINS, tzinfo=now.tzinfo)
    return today if today <= now else today - timedelta(days=1)


def _progress() -> _Progress | None:
    """What the last run wrote. If another release wrote it in another form, the audit begins anew."""
    try:
        written = json.loads(control.unfinished(_SCHEDULE) or "null")
        if written is None:
            return None
        position = Position(**written["position"]) if written["position"] else None
        return _Progress(serialization.form_of(AuditRun).read(written["run"]), position)
    except (KeyError, TypeError, ValueError):
        return None
