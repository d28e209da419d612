"""Breaking a run at one call it makes: to DynamoDB, to SQS, to the card or the payout processor.

The sandbox processors' own table is no call of ours.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.endpoint
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectionClosedError

from chalicelib.gateways import choice
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.gateways.payouts import OutcomeUnknown as PayoutUnknown
from chalicelib.models import transactions
from chalicelib.services.billing import disputes
from chalicelib.services.charging import cards
from chalicelib.services.earnings import payout_sending
from tests import calls


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
PAYOUT = "payout.send"
LOOK_UP = "card.find_dispute"
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
    """The kinds of fault that a call can meet."""
    if call in (CARD, PAYOUT):
        return _OF_CARDS
    if call == LOOK_UP:
        return (Fault.KILLED_BEFORE, Fault.SILENT_BEFORE, Fault.OVERTAKEN)
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
        gateway, no_waiting = choice.payment_gateway(), SimpleNamespace(sleep=lambda seconds: None)
        payouts = choice.payout_gateway()
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

            def find_dispute(self, **asked: Any) -> Any:
                return breaker.card(lambda: gateway.find_dispute(**asked), call=LOOK_UP)

        class Payouts:
            def send(self, **asked: Any) -> Any:
                try:
                    return breaker.card(lambda: payouts.send(**asked), call=PAYOUT)
                except OutcomeUnknown as unknown:
                    raise PayoutUnknown(str(unknown)) from unknown

            def find_batch(self, **asked: Any) -> Any:
                return payouts.find_batch(**asked)

        with (
            ThreadPoolExecutor(max_workers=2) as pool,
            patch.object(BaseClient, "_make_api_call", call),
            patch.object(botocore.endpoint.Endpoint, "_get_response", response),
            patch.object(botocore.endpoint, "time", no_waiting),
            patch.object(transactions, "time", no_waiting),
            patch.object(cards, "payment_gateway", lambda: Gateway()),
            patch.object(disputes, "payment_gateway", lambda: Gateway()),
            patch.object(payout_sending, "payout_gateway", lambda: Payouts()),
            patch.object(cards, "_card_pool", lambda: pool),
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

    def card(self, act: Callable[[], Any], *, call: str = CARD) -> Any:
        fault = self._next(call)
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
            silent = (
                self.injected
                and call in (CARD, LOOK_UP, PAYOUT)
                and self.fault in (Fault.SILENT_BEFORE, Fault.SILENT_AFTER)
            )
            return self.fault if here or silent else None

    def _let_overtake(self) -> None:
        """Stand still while somebody else does all of it, uncounted and undisturbed."""
        assert self.overtake is not None
        self._elsewhere = True
        try:
            with calls.running(None):
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


def cut_off_at_the_card(run: Callable[[], Any]) -> None:
    """Let a run begin, and kill it once the card processor has acted."""

    class AtTheCard(Breaker):
        def _next(self, call: str) -> Fault | None:
            return super()._next(call) or (Fault.KILLED_AFTER if call == CARD else None)

    with suppress(Killed), AtTheCard().watching() as breaker:
        run()
    assert breaker.dead, "the run asked no card"
