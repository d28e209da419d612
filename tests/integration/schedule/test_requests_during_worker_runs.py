"""Every worker run disturbed by every request on its partner's rows: nothing parked, books right (docs/faults.md)."""

import copy
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.domain.audit import Finding, Kind
from chalicelib.domain.refusals import Refusal
from chalicelib.services.audit import payer_audits
from chalicelib.services.schedule import transient_errors, worker
from chalicelib.services.schedule.parked import list_parked
from tests.books import Books
from tests.breaker import Breaker, Fault
from tests.faults import Stored, contents, heal
from tests.rivals import CLIENTS_REQUESTS, PAYER_CHANGES, REQUESTS, Request, Stage
from tests.runs import CLIENTS_RUNS, MANAGED_RUNS, RUNS, Run
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")


@dataclass
class Tried:
    """What was tried of a run: its calls, disturbances, and what each came to."""

    calls: int = 0
    disturbed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit reads again after a moment; nothing lags here."""
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0.0)


@dataclass
class Rivalry:
    """What came of a run in the middle of which somebody asked for something else."""

    refused: str | None = None
    unexpected: list[str] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)


def rival(world: World, request: Callable[[World], Any], *, place: int) -> Rivalry:
    """Let the worker run, and at its call ``place`` stand still while ``request`` is made."""
    found = Rivalry()

    def overtake() -> None:
        try:
            request(copy.copy(world))
        except Refusal as refusal:
            found.refused = refusal.code
        except Exception as error:
            found.unexpected.append(f"the request raised {error!r}")

    def noted(message: str, **_: Any) -> None:
        found.unexpected.append(f"{message}: {sys.exc_info()[1]!r}")

    breaker = Breaker(place=place, fault=Fault.OVERTAKEN, overtake=overtake)
    with patch.object(worker._logger, "exception", noted):
        try:
            with breaker.watching():
                world.run_schedules(healing=True)
        except Exception as error:
            if not transient_errors.is_transient(error):
                found.unexpected.append(f"the worker raised {error!r}")
        assert breaker.injected
        found.parked = [f"{each.id} ({each.because})" for each in list_parked()]
    return found


def calls_of(world: World) -> list[str]:
    """The calls that the worker makes if nobody disturbs it."""
    breaker = Breaker()
    with breaker.watching():
        copy.copy(world).run_schedules(healing=True)
    return breaker.calls


Choice = Callable[[int, str], bool]


def disturb(run: Run, chosen: Choice, requests: Mapping[str, Request] = REQUESTS) -> Tried:
    """Disturb a run by each request at each call that is ``chosen``, and prove the books afterwards.

    The calls begin with the message to the worker: what is asked for before it is asked for before the run.
    """
    stage = run.prepare()
    stored = Stored.now()
    calls = [(place, call) for place, call in enumerate(calls_of(stage.world)) if "sublet-control" not in call]
    calls = calls[[call for _, call in calls].index("SendMessageBatch") :]
    tried = Tried(calls=len(calls))
    proven: set[str] = set()
    for name, request in requests.items():
        for place, call in calls:
            if not chosen(place, name):
                continue
            stored.restore()
            world = World(**vars(stage.world))
            came_of_it = rival(world, lambda world, ask=request: ask(Stage(world, stage.account_id)), place=place)
            tried.disturbed += 1
            tried.refused[came_of_it.refused or "done"] += 1
            tried.faults += [
                f"{run}, {name} at call {place} ({call}): {fault}"
                for fault in faults_of(came_of_it, world, run=run, proven=proven)
            ]
    return tried


def faults_of(came_of_it: Rivalry, world: World, *, run: Run, proven: set[str]) -> Iterator[str]:
    """What is wrong after a disturbance, once time has healed it and gone on; the same rows are proved once."""
    yield from came_of_it.unexpected
    yield from (f"{parked} was parked" for parked in came_of_it.parked)
    left = contents(world)
    if came_of_it.unexpected or came_of_it.parked or left in proven:
        return
    proven.add(left)
    try:
        heal(world)
        yield from wrong(world)
        world.advance(days=run.days)
        yield from wrong(world)
    except Exception as error:
        yield f"{type(error).__name__}: {error}"


def wrong(world: World) -> Iterator[str]:
    """What the product's audit and the invariants of the books find."""
    yield from (f"{each.id} ({each.because}) was parked" for each in list_parked())
    for audited in payer_audits.audit_with_clients(partner_id=world.partner_id, now=world.now):
        yield from (str(finding) for finding in audited.findings if not _asleep(finding, world))
    books = Books(world)
    books.check_wallet()
    for row, account in zip(books.account_rows, books.accounts, strict=True):
        books.check_at_rest(row, account)
    if books.pending_charges:
        yield f"in progress: {books.pending_charges}"


def _asleep(finding: Finding, world: World) -> bool:
    """The daily watch is asleep where it is not what the run is about."""
    return not world.watched and (finding.kind, finding.subject) == (Kind.ALARM_LATE, world.partner_id)


def drawn(run: Run, tries: int) -> Any:
    """A few of all pairs of call and request, the same ones every time."""

    def chosen(place: int, name: str) -> bool:
        return zlib.crc32(f"{run}/{name}/{place}".encode()) % 1000 < tries

    return chosen


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_a_request_in_the_middle_of_a_worker_run_parks_nothing_and_leaves_the_books_right(run: Run) -> None:
    tried = disturb(run, drawn(run, tries=5))

    assert not tried.faults, "\n".join(tried.faults)


@pytest.mark.prove
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_every_request_at_every_call_of_a_worker_run_parks_nothing_and_leaves_the_books_right(run: Run) -> None:
    tried = disturb(run, lambda place, name: True)

    print(f"{run.name:40} {tried.calls:>3} calls {tried.disturbed:>5} disturbed {tried.refused['done']:>5} done")
    assert not tried.faults, "\n".join(tried.faults)


@pytest.mark.parametrize("run", CLIENTS_RUNS, ids=str)
def test_a_clients_request_in_the_middle_of_a_worker_run_leaves_its_books_right(run: Run) -> None:
    tried = disturb(run, drawn(run, tries=60), CLIENTS_REQUESTS)

    assert not tried.faults, "\n".join(tried.faults)


@pytest.mark.prove
@pytest.mark.parametrize("run", CLIENTS_RUNS, ids=str)
def test_every_request_of_a_client_or_its_partner_at_every_call_leaves_its_books_right(run: Run) -> None:
    tried = disturb(run, lambda place, name: True, REQUESTS | CLIENTS_REQUESTS)

    assert not tried.faults, "\n".join(tried.faults)


@pytest.mark.parametrize("run", MANAGED_RUNS, ids=str)
def test_a_change_of_the_payer_in_the_middle_of_a_worker_run_leaves_the_books_right(run: Run) -> None:
    tried = disturb(run, drawn(run, tries=40), PAYER_CHANGES)

    assert not tried.faults, "\n".join(tried.faults)


@pytest.mark.prove
@pytest.mark.parametrize("run", [*MANAGED_RUNS, *CLIENTS_RUNS, *RUNS], ids=str)
def test_every_change_of_the_payer_at_every_call_of_a_worker_run_leaves_the_books_right(run: Run) -> None:
    tried = disturb(run, lambda place, name: True, PAYER_CHANGES)

    assert not tried.faults, "\n".join(tried.faults)
