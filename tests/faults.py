"""Breaking a run at every call it makes, in every way (docs/faults.md).

A run is first watched, then repeated from the same stored state once for each of its calls and each
kind of fault that can befall that call.
"""

import copy
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from moto.dynamodb import dynamodb_backends
from moto.sqs import sqs_backends

from chalicelib.domain.refusals import Refusal
from chalicelib.models.billing import parties
from chalicelib.services.schedule.parked import list_parked
from tests.books import Books
from tests.breaker import UNFELT, Breaker, Fault, Killed, faults_of
from tests.shortcuts import ACCOUNT, REGION, queue_emptied, table_copied
from tests.world import World


@dataclass(frozen=True)
class Scenario:
    """A stored state and a run that will be broken; a request is made again afterwards, or only after it healed."""

    name: str
    prepare: Callable[[], tuple[World, Callable[[World], Any]]]
    is_request: bool = False
    healed_first: bool = False
    books: Callable[[World], Any] = Books

    def __str__(self) -> str:
        return self.name


Point = tuple[int, Fault]
"""A call, by its place in the run, and what fails there."""


@dataclass
class Tally:
    """What was tried: places in the run, faults injected there by kind."""

    points: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)


def break_somewhere(scenario: Scenario, *, one_in: int = 6) -> Tally:
    """Break the scenario's run in each way, each at one call in so many: the same ones every time."""

    def some(points: list[Point]) -> list[Point]:
        by_fault = {fault: [point for point in points if point[1] is fault] for fault in Fault}
        drawn = [
            (zlib.crc32(f"{scenario}/{fault}".encode()) % min(one_in, len(each)), each)
            for fault, each in by_fault.items()
            if each
        ]
        return [point for first, each in drawn for point in each[first::one_in]]

    return break_everywhere(scenario, some)


def break_everywhere(scenario: Scenario, chosen: Callable[[list[Point]], list[Point]] = list) -> Tally:
    """Break the scenario's run at each of its calls in each way, let time heal it, and hold the books to the rules.

    Whatever broke, the books end as those of the run nobody disturbed. Healing begins at what is stored, so where a
    fault left exactly what another did, it was healed once and is not again. ``chosen`` takes some of the points.
    """
    world, run = scenario.prepare()
    stored = Stored.now()
    undisturbed = Breaker()
    outcome = _outcome(undisturbed, run, _fresh(world))
    assert outcome is None or issubclass(outcome, Refusal), f"{scenario}: undisturbed it raised {outcome}"
    expected = _healed(_fresh(world), run if scenario.is_request else None, scenario.books).summary()
    calls = undisturbed.calls
    tally = Tally(points=len(calls))
    proven: set[str] = set()
    for place, fault in chosen([(place, fault) for place, call in enumerate(calls) for fault in faults_of(call)]):
        stored.restore()
        disturbed = _fresh(world)
        breaker = Breaker(place=place, fault=fault, overtake=partial(_quietly, run, _fresh(world)))
        felt = _outcome(breaker, run, disturbed)
        assert breaker.injected
        tally.faults[fault] += 1
        left = contents(disturbed)
        try:
            assert felt is outcome or fault not in UNFELT
            if left in proven:
                continue
            if scenario.is_request and scenario.healed_first:
                heal(disturbed)
            books = _healed(disturbed, run if scenario.is_request else None, scenario.books)
            assert books.summary() == expected
            proven.add(left)
        except Exception as error:
            raise AssertionError(f"{scenario}: {fault} at call {place} ({calls[place]}) of {calls}") from error
    return tally


def _outcome(breaker: Breaker, run: Callable[[World], Any], world: World) -> type[BaseException] | None:
    """What the run raised, if anything."""
    try:
        with breaker.watching():
            run(world)
    except (Killed, Exception) as error:
        return type(error)
    return None


def _quietly(run: Callable[[World], Any], world: World) -> None:
    with suppress(Refusal):
        run(world)


def contents(world: World) -> str:
    """All that healing begins with: the time, every row, every message that waits."""
    rows = {
        name: sorted(
            repr(item.attrs)
            for found in table.items.values()
            for item in (found.values() if table.has_range_key else [found])
        )
        for name, table in _backend().tables.items()
    }
    queue = sqs_backends[ACCOUNT][REGION].queues["due.fifo"]
    waiting = [(message.body, message.visible_at > 0) for message in queue._messages]
    return repr((world.now, sorted(rows.items()), waiting))


def _fresh(world: World) -> World:
    return copy.copy(world)


def _healed(world: World, again: Callable[[World], Any] | None, read: Callable[[World], Any]) -> Any:
    """The books after the same request came again (if it was one), time went by and every schedule ran."""
    if again is not None:
        _quietly(again, world)
    heal(world)
    books = read(world)
    books.check()
    return books


def heal(world: World) -> None:
    """Time moves on past the alarm of a charge that was cut off, and the healing run sends what is still due."""
    world.now += timedelta(minutes=3)
    for _ in range(6):
        alarm = world.next_alarm()
        if alarm is None or alarm > world.now:
            assert list_parked() == [], "something broke the worker and was parked"
            return
        world.run_schedules(healing=True)
    raise AssertionError("something stays due however often the schedules run")


@dataclass(frozen=True)
class Stored:
    """The tables at one moment."""

    tables: dict[str, Any]

    @classmethod
    def now(cls) -> "Stored":
        parties.keep.cache_clear()  # a run from here on makes the same calls each time
        return cls({name: table_copied(table) for name, table in _backend().tables.items()})

    def restore(self) -> None:
        """The tables as they were then, and empty queues."""
        parties.keep.cache_clear()
        _backend().tables = {name: table_copied(table) for name, table in self.tables.items()}
        queues = sqs_backends[ACCOUNT][REGION].queues
        queues.update({name: queue_emptied(queue) for name, queue in queues.items()})


def _backend() -> Any:
    return dynamodb_backends[ACCOUNT][REGION]
