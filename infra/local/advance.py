"""`python -m infra.local advance`: let time pass in the running stack."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import EndpointConnectionError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.local import access
from infra.local.access import NothingRuns
from infra.local.alarms import Schedules, travel
from infra.local.clock import InThePast, StackClock, shown
from infra.local.deployed import DeployedStack
from infra.local.event_counts import EventCounts, EventLog
from infra.local.inbox import mails
from infra.local.publication import Publication
from infra.local.quiet_checks import QuietChecks

PRODUCTION = "prod"
DAY = timedelta(days=1)


class InProduction(Exception):
    """The clock of a production stack is the real one."""


@dataclass(frozen=True)
class Journey:
    """A move of the clock: from when to when, and what happened meanwhile."""

    start: datetime
    end: datetime
    stops: int
    seconds: float
    counts: EventCounts

    def to_json(self) -> str:
        """On one line, for scripts."""
        return json.dumps(
            {
                "from": shown(self.start),
                "to": shown(self.end),
                "stops": self.stops,
                "seconds": round(self.seconds, 2),
                **self.counts.totals,
                "card_charged": dict(self.counts.card_charged),
                "events": dict(sorted(self.counts.events.items())),
            }
        )


def _ignore_stop(*_instants: datetime) -> None:
    """For callers that show no progress."""


def advance(*, days: int | None, to: datetime | None, as_json: bool) -> None:
    """Move the running stack's clock by `days` or to `to`, running everything that falls due on the way."""
    deployed = DeployedStack.behind(access.announced().base_url)
    try:
        with _progress(quiet=as_json) as on_stop:
            journey = move(deployed, days=days, to=to, on_stop=on_stop)
    except EndpointConnectionError as lost:
        raise NothingRuns(f"Nothing answers at {deployed.endpoint}. Start a stack with `make run`.") from lost
    if as_json:
        print(journey.to_json())
    else:
        _print_report(journey, Console(highlight=False))


def move(
    deployed: DeployedStack,
    *,
    days: int | None = None,
    to: datetime | None = None,
    on_stop: Callable[[datetime, datetime, datetime], None] = _ignore_stop,
) -> Journey:
    """Move a stack's clock. It calls `on_stop` with start, stop and target at every stop.

    Raises InProduction, InThePast, StillDue and NotPublished.
    """
    if deployed.environment["STAGE"] == PRODUCTION:
        raise InProduction("This is a production stack: its clock is the real one.")
    began = time.monotonic()
    clock, log = StackClock(deployed), EventLog(deployed)
    start = clock.now()
    target = _target(start, days=days, to=to)
    publication = Publication(deployed)
    publication.wait_until_published()  # what happened before is published before the clock moves
    earlier, sent_before = log.keys(), len(mails(deployed))
    with QuietChecks(deployed) as quiet:
        stops = travel(
            schedules=Schedules(deployed),
            publication=publication,
            quiet=quiet,
            clock=clock,
            target=target,
            on_stop=lambda instant: on_stop(start, instant, target),
        )
    counts = log.count_since(earlier)
    counts.mails = len(mails(deployed)) - sent_before
    return Journey(start=start, end=target, stops=stops, seconds=time.monotonic() - began, counts=counts)


def _target(start: datetime, *, days: int | None, to: datetime | None) -> datetime:
    target = to or start + (days or 0) * DAY
    if target < start:
        raise InThePast(f"The stack's clock already shows {shown(start)}; it only moves forward.")
    return target


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[datetime, datetime, datetime], None]]:
    """A bar of days on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[stops]} stops"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("", total=None, stops=0)
        stops = 0

        def on_stop(start: datetime, instant: datetime, target: datetime) -> None:
            nonlocal stops
            stops += 1
            progress.update(
                task,
                description=f"{instant:%a %d %b %Y}",
                total=(target - start) / DAY,
                completed=(instant - start) / DAY,
                stops=stops,
            )

        yield on_stop


def _print_report(journey: Journey, console: Console) -> None:
    console.print(
        f"\nFrom {shown(journey.start)} to [bold]{shown(journey.end)}[/]: "
        f"{journey.stops} stops in {journey.seconds:.1f} s.\n"
    )
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, count in journey.counts.totals.items():
        table.add_row(name.capitalize(), f"{count:,}")
    for currency, amount in sorted(journey.counts.card_charged.items()):
        table.add_row(f"Charged to cards ({currency}, minor units)", f"{amount:,}")
    console.print(table)
    if journey.counts.events:
        console.print("\n[dim]All events: " + ", ".join(_listed(journey.counts)) + "[/]")


def _listed(counts: EventCounts) -> list[str]:
    return [f"{event_type} {count}" for event_type, count in sorted(counts.events.items())]
