"""Counts what reaches DynamoDB while it is open: requests, items, and the units they are billed.

It sits where botocore sends a request, so it sees every client of the process, also PynamoDB's. What an item was before
a write, and what a filter left out of a query, it looks up by requests of its own, which are not counted. It is for one
writer at a time: an item that another changes between the look-up and the write is counted as it was looked up.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore.endpoint import Endpoint

from benchmarks import units
from benchmarks.units import Item, Layout

Place = tuple[str, str]
"""A table, or one of its indexes: the table's name, and the index's or ``""``."""


@dataclass
class Recorder:
    """What was counted. ``written`` and ``read`` are units by place, ``sizes`` the bytes of each item written.

    ``changes`` are the items written, as a stream would have them: table, old and new.
    """

    requests: Counter[str] = field(default_factory=Counter)
    written: Counter[Place] = field(default_factory=Counter)
    read: Counter[Place] = field(default_factory=Counter)
    items_written: Counter[str] = field(default_factory=Counter)
    items_read: Counter[str] = field(default_factory=Counter)
    sizes: list[tuple[str, str, int]] = field(default_factory=list)
    changes: list[tuple[str, Item | None, Item | None]] = field(default_factory=list)
    _layouts: dict[str, Layout] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _own: threading.local = field(default_factory=threading.local)

    @property
    def write_units(self) -> int:
        return sum(self.written.values())

    @property
    def read_units(self) -> float:
        return sum(self.read.values())

    @property
    def dollars(self) -> float:
        """What a million times this costs."""
        return units.dollars(writes=self.write_units, reads=self.read_units)

    @contextmanager
    def open(self) -> Iterator["Recorder"]:
        """Count while open."""
        send, recorder = Endpoint.make_request, self

        def counted(endpoint: Any, model: Any, request: Any) -> Any:
            if model.service_model.service_name != "dynamodb" or getattr(recorder._own, "busy", False):
                return send(endpoint, model, request)
            asked = json.loads(request["body"])
            with recorder._lock:
                look_up = _LookUp(endpoint, send, model.service_model, recorder._own, request, recorder._layouts)
                return recorder._count(model.name, asked, look_up, lambda: send(endpoint, model, request))

        with patch.object(Endpoint, "make_request", counted):
            yield self

    def _count(self, operation: str, asked: Any, look_up: "_LookUp", send: Any) -> Any:
        self.requests[operation] += 1
        writes = _writes(operation, asked)
        before = [look_up.item(table, key) for table, key in (_key(look_up, write) for write in writes)]
        sent = send()
        answer = sent[1]
        failed = sent[0].status_code >= 300
        for write, old in zip(writes, before, strict=True):
            self._count_write(write, old, look_up, failed=failed, transactional=operation.startswith("Transact"))
        if not failed:
            self._count_reads(operation, asked, answer, look_up)
        return sent

    def _count_write(
        self, write: "_Write", old: Item | None, look_up: "_LookUp", *, failed: bool, transactional: bool
    ) -> None:
        layout = look_up.layout(write.table)
        new = old if failed or write.kind == "ConditionCheck" else None
        if not failed and write.kind == "Put":
            new = write.content
        elif not failed and write.kind == "Update":
            new = look_up.item(write.table, write.content)
        for index, count in units.write_units(layout, old, new, transactional=transactional).items():
            self.written[write.table, index] += count
        self.items_written[write.table] += 1
        if old != new:
            self.changes.append((write.table, old, new))
        kept = new if new is not None else old
        self.sizes.append((write.table, write.kind, units.size_of(kept) if kept else 0))

    def _count_reads(self, operation: str, asked: Any, answer: Any, look_up: "_LookUp") -> None:
        if operation == "GetItem":
            self._count_items(asked["TableName"], [answer.get("Item")], consistent=asked.get("ConsistentRead", False))
        elif operation == "BatchGetItem":
            for table, wanted in asked["RequestItems"].items():
                found = answer["Responses"].get(table, [])
                missing = [None] * (len(wanted["Keys"]) - len(found))
                self._count_items(table, [*found, *missing], consistent=wanted.get("ConsistentRead", False))
        elif operation == "Query":
            found = look_up.whole_page(asked) if asked.keys() & _NARROWING else answer["Items"]
            place = asked["TableName"], asked.get("IndexName", "")
            self.read[place] += units.query_units(found, consistent=asked.get("ConsistentRead", False))
            self.items_read[asked["TableName"]] += len(found)

    def _count_items(self, table: str, items: Sequence[Item | None], *, consistent: bool) -> None:
        self.read[table, ""] += units.read_units(items, consistent=consistent)
        self.items_read[table] += len(items)


_NARROWING = {"FilterExpression", "ProjectionExpression", "AttributesToGet"}


@dataclass(frozen=True)
class _Write:
    """One write of a request; ``content`` is the new item of a Put and the key of every other kind."""

    table: str
    kind: str
    content: Item


def _writes(operation: str, asked: Any) -> list[_Write]:
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        return [_write(operation.removesuffix("Item"), asked)]
    if operation == "TransactWriteItems":
        return [_write(kind, each) for item in asked["TransactItems"] for kind, each in item.items()]
    if operation == "BatchWriteItem":
        return [
            _write(kind.removesuffix("Request"), {"TableName": table, **each})
            for table, requests in asked["RequestItems"].items()
            for request in requests
            for kind, each in request.items()
        ]
    return []


def _write(kind: str, asked: Mapping[str, Any]) -> _Write:
    return _Write(asked["TableName"], kind, asked["Item"] if kind == "Put" else asked["Key"])


def _key(look_up: "_LookUp", write: _Write) -> tuple[str, Item]:
    return write.table, {name: write.content[name] for name in look_up.layout(write.table).keys}


@dataclass(frozen=True)
class _LookUp:
    """Asks DynamoDB what the recorder has to know, by the endpoint that it counts, without being counted."""

    endpoint: Any
    send: Any
    service: Any
    own: threading.local
    like: Mapping[str, Any]
    layouts: dict[str, Layout]

    def layout(self, table: str) -> Layout:
        if table not in self.layouts:
            answer = self._ask("DescribeTable", {"TableName": table})
            self.layouts[table] = units.layout_of(answer["Table"])
        return self.layouts[table]

    def item(self, table: str, key: Item) -> Item | None:
        found: Item | None = self._ask("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item")
        return found

    def whole_page(self, asked: Mapping[str, Any]) -> list[Item]:
        """What a query reads, whatever it leaves out of its answer."""
        expression = asked.get("FilterExpression", "") + asked.get("ProjectionExpression", "")
        used = asked["KeyConditionExpression"]
        whole = {name: value for name, value in asked.items() if name not in _NARROWING}
        for part in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            if part in whole and expression:  # DynamoDB refuses those that nothing uses
                whole[part] = {name: value for name, value in whole[part].items() if name in used}
        found: list[Item] = self._ask("Query", whole)["Items"]
        return found

    def _ask(self, operation: str, asked: Mapping[str, Any]) -> Any:
        model = self.service.operation_model(operation)
        headers = {**self.like["headers"], "X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        request = {**self.like, "body": json.dumps(asked).encode(), "headers": headers}
        self.own.busy = True
        try:
            status, answer = self.send(self.endpoint, model, request)
        finally:
            self.own.busy = False
        if status.status_code >= 300:
            raise RuntimeError(f"{operation} failed: {answer}")
        return answer
