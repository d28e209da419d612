"""Breaking a run at every call it makes: to DynamoDB, to SQS, to the card processor.

A run is first watched, then repeated from the same stored state once for each of its calls and each
kind of fault that can befall that call. The sandbox processor's own table is no call of ours.
"""

import copy
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache, partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import botocore.endpoint
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectionClosedError
from moto.dynamodb import dynamodb_backends
from moto.sqs import sqs_backends

from chalicelib.config import settings
from chalicelib.domain.refusals import Refusal
from chalicelib.gateways import payments
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.models import parties, transactions
from chalicelib.services import charges
from tests.books import Books
from tests.conftest import table_copied
from tests.world import World


class Killed(BaseException):
    """The process is gone: nothing of ours catches this, and nothing is called any more."""


class Fault(StrEnum):
    KILLED_BEFORE = "killed before it acts"
    KILLED_AFTER = "killed after it acted"
    ANSWER_LOST = "acted, answer lost"
    THROTTLED = "throttled"
    CONFLICT = "transaction conflict"
    UNKNOWN_BEFORE = "card: unknown, not charged"
    UNKNOWN_AFTER = "card: unknown, charged"
    SILENT_BEFORE = "card: silent from here on, not charged"
    SILENT_AFTER = "card: silent from here on, charged"
    OVERTAKEN = "overtaken by its twin"


UNFELT = {Fault.ANSWER_LOST, Fault.CONFLICT, Fault.UNKNOWN_BEFORE, Fault.UNKNOWN_AFTER}
"""Faults that a run gets over by itself: it ends as it would have."""
KILLS = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
# Killed after a read is killed before the next call.
_OF_READS = (Fault.KILLED_BEFORE, Fault.THROTTLED, Fault.OVERTAKEN)
_OF_WRITES = (*KILLS, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.OVERTAKEN)
_OF_CARDS = (
    *(*KILLS, Fault.OVERTAKEN),
    *(Fault.UNKNOWN_BEFORE, Fault.UNKNOWN_AFTER),
    *(Fault.SILENT_BEFORE, Fault.SILENT_AFTER),
)

CARD = "card.charge"
_READS = ("GetItem", "BatchGetItem", "Query", "Scan")
_CONFLICTS = {
    "TransactWriteItems": "TransactionCanceledException",
    "PutItem": "TransactionConflictException",
    "DeleteItem": "TransactionConflictException",
}
_ALONE = "sublet-control"
"""A table no transaction ever writes to."""
_OF_THE_POLLER = {"ReceiveMessage", "DeleteMessage"}


def faults_of(call: str) -> tuple[Fault, ...]:
    """The kinds of fault that can befall a call."""
    if call == CARD:
        return _OF_CARDS
    operation, _, table = call.partition(" ")
    if operation in _READS:
        return _OF_READS
    return (*_OF_WRITES, Fault.CONFLICT) if operation in _CONFLICTS and table != _ALONE else _OF_WRITES


@dataclass
class Breaker:
    """Counts the calls of a run and, given a place and a fault, breaks the one at that place."""

    place: int | None = None
    fault: Fault | None = None
    overtake: Callable[[], Any] | None = None
    calls: list[str] = field(default_factory=list)
    injected: bool = False
    dead: bool = False
    _elsewhere: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _own: threading.local = field(default_factory=threading.local)

    @contextmanager
    def watching(self) -> Iterator["Breaker"]:
        """While open, every call passes through here; threads that ask cards have ended when it closes."""
        real_call, real_response = BaseClient._make_api_call, botocore.endpoint.Endpoint._get_response
        gateway, no_waiting = payments.payment_gateway(), SimpleNamespace(sleep=lambda seconds: None)
        breaker = self

        def call(client: Any, operation: str, kwargs: Any) -> Any:
            if getattr(breaker._own, "in_gateway", False) or operation in _OF_THE_POLLER:
                return real_call(client, operation, kwargs)
            name = f"{operation} {kwargs['TableName']}" if "TableName" in kwargs else operation
            return breaker.aws(name, kwargs, lambda: real_call(client, operation, kwargs))

        def response(endpoint: Any, *args: Any) -> Any:
            answer = real_response(endpoint, *args)
            if getattr(breaker._own, "lose_answer", False):
                breaker._own.lose_answer = False
                return None, ConnectionClosedError(endpoint_url=endpoint.host)
            return answer

        class Gateway:
            def charge(self, **asked: Any) -> Any:
                return breaker.card(lambda: gateway.charge(**asked))

            def refund(self, **asked: Any) -> Any:
                return breaker.card(lambda: gateway.refund(**asked))

            def find(self, **asked: Any) -> Any:
                return gateway.find(**asked)

        with (
            ThreadPoolExecutor(max_workers=2) as pool,
            patch.object(BaseClient, "_make_api_call", call),
            patch.object(botocore.endpoint.Endpoint, "_get_response", response),
            patch.object(botocore.endpoint, "time", no_waiting),
            patch.object(transactions, "time", no_waiting),
            patch.object(charges, "payment_gateway", lambda: Gateway()),
            patch.object(charges, "_card_pool", lambda: pool),
        ):
            yield self

    def aws(self, call: str, kwargs: Any, act: Callable[[], Any]) -> Any:
        fault, operation = self._next(call), call.partition(" ")[0]
        if fault is Fault.KILLED_BEFORE:
            self._die()
        if fault is Fault.THROTTLED:
            raise _client_error("ProvisionedThroughputExceededException", operation)
        if fault is Fault.CONFLICT:
            raise _client_error(_CONFLICTS[operation], operation, items=len(kwargs.get("TransactItems", [])))
        if fault is Fault.OVERTAKEN:
            self._let_overtake()
        self._own.lose_answer = fault is Fault.ANSWER_LOST
        answer = act()
        if fault is Fault.KILLED_AFTER:
            self._die()
        return answer

    def card(self, act: Callable[[], Any]) -> Any:
        fault = self._next(CARD)
        if fault is Fault.KILLED_BEFORE:
            self._die()
        if fault in (Fault.UNKNOWN_BEFORE, Fault.SILENT_BEFORE):
            raise OutcomeUnknown("no answer, nothing done")
        if fault is Fault.OVERTAKEN:
            self._let_overtake()
        self._own.in_gateway = True
        try:
            answer = act()
        finally:
            self._own.in_gateway = False
        if fault is Fault.KILLED_AFTER:
            self._die()
        if fault in (Fault.UNKNOWN_AFTER, Fault.SILENT_AFTER):
            raise OutcomeUnknown("no answer, but done")
        return answer

    def _next(self, call: str) -> Fault | None:
        with self._lock:
            if self.dead:
                raise Killed
            if self._elsewhere:
                return None
            self.calls.append(call)
            here = len(self.calls) - 1 == self.place
            self.injected = self.injected or here
            silent = self.injected and call == CARD and self.fault in (Fault.SILENT_BEFORE, Fault.SILENT_AFTER)
            return self.fault if here or silent else None

    def _let_overtake(self) -> None:
        """Stand still while somebody else does all of it, uncounted and undisturbed."""
        assert self.overtake is not None
        self._elsewhere = True
        try:
            self.overtake()
        finally:
            self._elsewhere = False

    def _die(self) -> None:
        self.dead = True
        raise Killed


def _client_error(code: str, operation: str, *, items: int = 0) -> ClientError:
    reasons = [{"Code": "TransactionConflict" if place == 0 else "None"} for place in range(items)]
    spelt = ", ".join(reason["Code"] for reason in reasons)
    error: Any = {
        "Error": {"Code": code, "Message": f"please refer cancellation reasons for specific reasons [{spelt}]"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(error | ({"CancellationReasons": reasons} if reasons else {}), operation)


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


@dataclass
class Tally:
    """What was tried: places in the run, faults injected there by kind."""

    points: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)


def break_everywhere(scenario: Scenario) -> Tally:
    """Break the scenario's run at each of its calls in each way, let time heal it, and hold the books to the rules.

    Whatever broke, the books end as those of the run nobody disturbed. Healing begins at what is stored, so where a
    fault left exactly what another did, it was healed once and is not again.
    """
    world, run = scenario.prepare()
    stored = Stored.now()
    undisturbed = Breaker()
    outcome = _outcome(undisturbed, run, _fresh(world))
    assert outcome is None or issubclass(outcome, Refusal), f"{scenario}: undisturbed it raised {outcome}"
    expected = _healed(_fresh(world), run if scenario.is_request else None, scenario.books).summary()
    tally = Tally(points=len(undisturbed.calls))
    proven: set[str] = set()
    for place, call in enumerate(undisturbed.calls):
        for fault in faults_of(call):
            stored.restore()
            disturbed = _fresh(world)
            breaker = Breaker(place=place, fault=fault, overtake=partial(_quietly, run, _fresh(world)))
            felt = _outcome(breaker, run, disturbed)
            assert breaker.injected
            tally.faults[fault] += 1
            left = _contents(disturbed)
            try:
                assert felt is outcome or fault not in UNFELT
                if left in proven:
                    continue
                if scenario.is_request and scenario.healed_first:
                    _heal(disturbed)
                books = _healed(disturbed, run if scenario.is_request else None, scenario.books)
                assert books.summary() == expected
                proven.add(left)
            except Exception as error:
                raise AssertionError(f"{scenario}: {fault} at call {place} ({call}) of {undisturbed.calls}") from error
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


def _contents(world: World) -> str:
    """All that healing begins with: the time, every row, every message that waits."""
    rows = {
        name: sorted(
            repr(item.attrs)
            for found in table.items.values()
            for item in (found.values() if table.has_range_key else [found])
        )
        for name, table in _backend().tables.items()
    }
    queue = sqs_backends["123456789012"]["us-east-1"].queues["due.fifo"]
    waiting = [(message.body, message.visible_at > 0) for message in queue._messages]
    return repr((world.now, sorted(rows.items()), waiting))


def _fresh(world: World) -> World:
    return copy.copy(world)


def _healed(world: World, again: Callable[[World], Any] | None, read: Callable[[World], Any]) -> Any:
    """The books after the same request came again (if it was one), time went by and every schedule ran."""
    if again is not None:
        _quietly(again, world)
    _heal(world)
    books = read(world)
    books.check()
    return books


def _heal(world: World) -> None:
    """Time moves on past the alarm of a charge that was cut off, and the healing run sends what is still due."""
    world.now += timedelta(minutes=3)
    for _ in range(6):
        alarm = world.next_alarm()
        if alarm is None or alarm > world.now:
            return
        world.run_schedules(healing=True)
    raise AssertionError("something stays due however often the schedules run")


@dataclass(frozen=True)
class Stored:
    """The tables at one moment."""

    tables: dict[str, Any]

    @classmethod
    def now(cls) -> "Stored":
        parties._kept.cache_clear()  # a run from here on makes the same calls each time
        return cls({name: table_copied(table) for name, table in _backend().tables.items()})

    def restore(self) -> None:
        """The tables as they were then, and an empty queue."""
        parties._kept.cache_clear()
        _backend().tables = {name: table_copied(table) for name, table in self.tables.items()}
        _sqs().delete_queue(QueueUrl=settings().due_queue_url)
        _sqs().create_queue(QueueName="due.fifo", Attributes={"FifoQueue": "true"})


@cache
def _sqs() -> Any:
    return boto3.client("sqs")


def _backend() -> Any:
    return dynamodb_backends["123456789012"]["us-east-1"]
