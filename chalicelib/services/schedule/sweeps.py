"""Sweeps find what fell due and send it to the worker.

Two sweeps at once, or one twice, send some messages twice; the worker finds nothing due the second time. One that is
short of time remembers where it got to, and the schedule's next run goes on there.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.charging.charges import CHARGES_AT_ONCE
from chalicelib.domain.events import deliveries
from chalicelib.domain.values import dataclass
from chalicelib.gateways import due_queue
from chalicelib.gateways.due_queue import Due
from chalicelib.models import alarms, control
from chalicelib.models.events import deliveries as delivery_rows

_OVERLAP = timedelta(minutes=5)
"""How far a sweep looks back behind the last one's end: index reads lag, clocks differ."""


@dataclass(frozen=True)
class Position:
    """Where a sweep that ran out of time goes on: with the same instant, so that nothing is missed in between."""

    sweep: Sweep
    run: str
    now: datetime
    since: datetime | None
    shard: int = 0
    start: dict[str, Any] | None = None
    sent: int = 0


@dataclass
class _Outbox:
    """Due subjects by payer. Once a payer has enough for a message it is full; full messages are sent ten at a time.

    Single Bills are sent last, after all full messages: what renews at the instant at which a bill is closed is on it
    (rules §6).
    """

    sweep: Sweep
    run: str
    sent: int
    waiting: dict[str, list[str]] = field(default_factory=dict)
    full: list[Due] = field(default_factory=list)
    subjects: int = 0
    bills: list[tuple[str, str]] = field(default_factory=list)

    def add(self, payer: str, subject: str) -> None:
        self.subjects += 1
        if subject.startswith("bill_"):
            self.bills.append((payer, subject))
            return
        subjects = self.waiting.setdefault(payer, [])
        subjects.append(subject)
        if len(subjects) >= (deliveries.AT_ONCE if self.sweep is Sweep.DELIVERIES else CHARGES_AT_ONCE):
            del self.waiting[payer]
            self.full.append(Due(payer, tuple(subjects), self.sweep, self.run))
        if len(self.full) == due_queue.BATCH:
            self._send_full()

    def flush(self) -> None:
        self._send_full()
        for payer, bill in self.bills:
            self.waiting.setdefault(payer, []).append(bill)
        self.bills = []
        self._send([Due(payer, tuple(subjects), self.sweep, self.run) for payer, subjects in self.waiting.items()])
        self.waiting = {}

    def _send_full(self) -> None:
        self._send(self.full)
        self.full = []

    def _send(self, messages: list[Due]) -> None:
        due_queue.send(messages, first=self.sent)
        self.sent += len(messages)


def run_schedule(
    schedule: str,
    kinds: Sequence[Sweep],
    *,
    run: str,
    now: datetime,
    out_of_time: Callable[[], bool],
    healing: bool = False,
) -> dict[Sweep, int]:
    """Finish what the schedule's last run had no time for, then sweep what is due. Returns how much was found."""
    unfinished = _unfinished(schedule)
    begun = (first_position(sweep=kind, run=f"{run}-{kind}", now=now, healing=healing) for kind in kinds)
    found: dict[Sweep, int] = {}
    for place, position in enumerate(chain(unfinished, begun)):
        rest, number = send_due(position, out_of_time=out_of_time)
        found[position.sweep] = found.get(position.sweep, 0) + number
        if rest is not None:  # the kinds that are left begin anew next time
            _remember_unfinished(schedule, [rest, *unfinished[place + 1 :]])
            return found
    if unfinished:
        _remember_unfinished(schedule, [])
    return found


def first_position(*, sweep: Sweep, run: str, now: datetime, healing: bool = False) -> Position:
    """Where a sweep begins: at what fell due since the last one, or, healing, at all that is still due."""
    until = None if healing else control.swept_until(sweep)
    return Position(sweep=sweep, run=run, now=now, since=until - _OVERLAP if until else None)


def send_due(position: Position, *, out_of_time: Callable[[], bool]) -> tuple[Position | None, int]:
    """Send what is due from ``position`` on. Returns where to go on, None when all is sent, and how much was found."""
    outbox = _Outbox(sweep=position.sweep, run=position.run, sent=position.sent)
    find = delivery_rows.due if position.sweep is Sweep.DELIVERIES else alarms.due
    resume = position.start
    for shard in range(position.shard, settings().due_shards):
        rows = find(sweep=position.sweep, shard=shard, since=position.since, until=position.now, start=resume)
        resume = None
        for row in rows:
            outbox.add(row.payer, row.id)
            if out_of_time():
                outbox.flush()
                return _at(position, shard, rows.last_evaluated_key, outbox.sent), outbox.subjects
    outbox.flush()
    if position.since is not None or control.swept_until(position.sweep) is None:
        control.remember_swept(position.sweep, until=position.now)
    return None, outbox.subjects


def oldest_due(*, now: datetime) -> timedelta:
    """For how long the oldest of what is swept every minute has been due; what is parked does not count."""
    shards = range(settings().due_shards)
    firsts = [
        alarms.oldest_due(sweep=sweep, shard=shard, until=now)
        for sweep in (Sweep.RENEWALS, Sweep.TRIALS)
        for shard in shards
    ]
    return max((now - first for first in firsts if first is not None), default=timedelta(0))


def _unfinished(schedule: str) -> list[Position]:
    """What the last run left. If another release wrote it in another form, this run begins anew, and misses nothing."""
    try:
        return [_read(written) for written in json.loads(control.unfinished(schedule) or "[]")]
    except (KeyError, ValueError):
        return []


def _remember_unfinished(schedule: str, positions: list[Position]) -> None:
    written = [asdict(position) | {"start": json.dumps(position.start)} for position in positions]
    control.remember_unfinished(schedule, json.dumps(written, default=datetime.isoformat) if positions else None)


def _read(written: dict[str, Any]) -> Position:
    return Position(
        sweep=Sweep(written["sweep"]),
        run=written["run"],
        now=datetime.fromisoformat(written["now"]),
        since=datetime.fromisoformat(written["since"]) if written["since"] else None,
        shard=written["shard"],
        start=json.loads(written["start"]),
        sent=written["sent"],
    )


def _at(position: Position, shard: int, key: dict[str, Any] | None, sent: int) -> Position:
    """The position behind the row with ``key``; without one the shard is done."""
    return Position(
        sweep=position.sweep,
        run=position.run,
        now=position.now,
        since=position.since,
        shard=shard if key else shard + 1,
        start=key,
        sent=sent,
    )
