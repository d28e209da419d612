"""What renewals cost in DynamoDB: items and units of a partner's accounts, with their reminders and their events."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from rich.table import Table

from benchmarks.recorder import Recorder
from benchmarks.renewals.sublet import NEXT_REMINDER, NEXT_RENEWAL, REMINDER, RENEWAL, Sublet
from chalicelib.services.earnings import postings
from chalicelib.services.events import event_log

ACCOUNTS = 99
"""Three full messages of one partner."""


@dataclass(frozen=True)
class Part:
    """One part of what a period costs: what was counted for all accounts."""

    name: str
    seen: Recorder


def count(*, card: bool) -> list[Part]:
    """Count the reminder, the renewal and the events of both, on the tables that are there.

    It is the second renewal: the first one changes the account's entry in the overview, later ones don't.
    """
    sublet = Sublet(payers=1, accounts=ACCOUNTS, card=card)
    for now in (REMINDER, RENEWAL):
        sublet.sweep(now=now)
        sublet.work(now=now)
    parts = []
    for name, now in (("reminder", NEXT_REMINDER), ("renewal", NEXT_RENEWAL)):
        sublet.sweep(now=now)
        with Recorder().open() as seen:
            sublet.work(now=now)
        parts += [Part(name, seen), Part(f"events of the {name}", _published(seen, now=now))]
    return parts


def _published(changed: Recorder, *, now: datetime) -> Recorder:
    """What the function on the tables' streams does with these changes, a hundred at a time."""
    with Recorder().open() as seen:
        for start in range(0, len(changed.changes), 100):
            batch = changed.changes[start : start + 100]
            event_log.publish(batch)
            postings.set_alarms(batch, now=now)
    return seen


def units_by_place(parts: list[Part]) -> dict[str, float]:
    """Write units of one renewal and its events by table, and by table and index, such as ``accounts/due``."""
    units: Counter[str] = Counter()
    for part in (part for part in parts if part.name.endswith("renewal")):
        for (table, index), number in part.seen.written.items():
            units[table.removeprefix("sublet-") + (f"/{index}" if index else "")] += number
    return {place: number / ACCOUNTS for place, number in sorted(units.items())}


def table(parts: list[Part], *, title: str) -> Table:
    """Items and units of one account, part by part."""
    columns = ("requests", "items read", "written", "bytes written", "read units", "write units", "$ a million")
    shown = Table("of an account", *columns, title=title)
    for part in [*parts, None]:
        recorders = [each.seen for each in parts] if part is None else [part.seen]
        numbers = [
            sum(seen.requests.total() for seen in recorders),
            sum(seen.items_read.total() for seen in recorders),
            sum(seen.items_written.total() for seen in recorders),
            sum(size for seen in recorders for _, _, size in seen.sizes),
            sum(seen.read_units for seen in recorders),
            sum(seen.write_units for seen in recorders),
            sum(seen.dollars for seen in recorders),
        ]
        shown.add_row(part.name if part else "all", *(f"{number / ACCOUNTS:,.2f}" for number in numbers))
    return shown
