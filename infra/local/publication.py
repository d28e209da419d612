"""Wait until all changes in a stack are published: streams read to their end, mails sent, webhooks delivered.

The functions that read a stream record how far they have read; the emulator itself does not report it.
"""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.local.deployed import DeployedStack

POLL_SECONDS = 0.005
PATIENCE_SECONDS = 60.0

QUEUES = {"NoticesQueueUrl": PATIENCE_SECONDS, "DeliveriesQueueUrl": 300.0}
"""The stack outputs of the queues that the stream functions fill, and the seconds each may take to become empty."""


class NotPublished(Exception):
    """A change was not published in time, or a message not handled."""


def passes(record: Mapping[str, Any], pattern: Mapping[str, Any]) -> bool:
    """Whether a stream's record passes a filter: each value is one of those listed, or begins with a `prefix` there."""
    for name, wanted in pattern.items():
        value = record.get(name)
        if isinstance(wanted, Mapping):
            if not isinstance(value, Mapping) or not passes(value, wanted):
                return False
        elif not any(_fits(value, each) for each in wanted):
            return False
    return True


def _fits(value: object, wanted: object) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, str) and value.startswith(wanted["prefix"])
    return value == wanted


class Publication:
    """The streams of a deployed stack, and the queues that their functions fill."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._stack = deployed
        self._streams = deployed.client("dynamodbstreams")
        self._control = deployed.environment["CONTROL_TABLE"]
        self._log = deployed.environment["EVENTS_TABLE"]
        self._iterators: dict[str, str] = {}
        self._last: dict[str, str] = {}
        """The last change of each table that had not been read at the start, and that its function is told of."""
        self._filters: dict[str, list[dict[str, Any]]] = {}
        read = self._positions(list(self._sources()))
        for table, arn in self._sources().items():
            self._iterators[table] = self._iterator(arn, after=read.get(table))

    def wait_until_published(self) -> None:
        """Wait until every change is published and every notice and delivery is made. Raises NotPublished."""
        while True:
            changed = self._wait_until_read(list(self._iterators))
            while changed:
                changed = self._wait_until_read([self._log])  # the tables' changes are in the log now
            if not self._wait_until_empty():
                return  # no function ran that could have changed anything since

    def _wait_until_read(self, tables: list[str]) -> bool:
        """Wait until the stack has read the streams of these tables; whether there were changes since the last time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        found = self._follow(tables)
        while behind := self._behind():
            self._pause(deadline, f"changes of {', '.join(behind)} are not published")
        return found

    def _wait_until_empty(self) -> bool:
        """Wait until the queues are empty; whether there was anything in them."""
        found = False
        for queue, seconds in QUEUES.items():
            deadline = time.monotonic() + seconds
            while self._messages(queue):
                found = True
                self._pause(deadline, f"messages wait in {queue.removesuffix('Url')}")
        return found

    def _follow(self, tables: list[str]) -> bool:
        """Read the streams of these tables to their end; whether there was anything new."""
        found = False
        for table in tables:
            while records := self._read_on(table):
                for record in filter(self._is_passed_on(table), records):
                    self._last[table] = record["dynamodb"]["SequenceNumber"]
                    found = True
        return found

    def _is_passed_on(self, table: str) -> Callable[[Mapping[str, Any]], bool]:
        """Whether the function that reads the table's stream is told of a change: of sessions, for one, it is not."""
        patterns = self._filters.get(table, [])
        return lambda record: not patterns or any(passes(record, pattern) for pattern in patterns)

    def _read_on(self, table: str) -> list[Any]:
        answer = self._streams.get_records(ShardIterator=self._iterators[table])
        self._iterators[table] = answer["NextShardIterator"]
        records: list[Any] = answer["Records"]
        return records

    def _behind(self) -> list[str]:
        """The tables whose last change the stack has not read yet. The emulator numbers changes by time, as text."""
        read = self._positions(list(self._last))
        return [table for table, last in self._last.items() if read.get(table, "") < last]

    def _positions(self, tables: list[str]) -> dict[str, str]:
        keys = [{"id": {"S": f"read#{table}"}} for table in tables]
        if not keys:
            return {}
        answer = self._stack.dynamodb.batch_get_item(RequestItems={self._control: {"Keys": keys}})
        rows = answer["Responses"][self._control]
        return {row["id"]["S"].removeprefix("read#"): row["position"]["S"] for row in rows}

    def _iterator(self, arn: str, *, after: str | None) -> str:
        (shard,) = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        where = {"StreamArn": arn, "ShardId": shard["ShardId"]}
        if after is not None:
            with contextlib.suppress(ClientError):  # kept data: the streams start again
                return str(
                    self._streams.get_shard_iterator(
                        **where, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=after
                    )["ShardIterator"]
                )
        return str(self._streams.get_shard_iterator(**where, ShardIteratorType="TRIM_HORIZON")["ShardIterator"])

    def _sources(self) -> dict[str, str]:
        """The streams that functions read, by their table."""
        mappings = self._stack.functions.list_event_source_mappings()["EventSourceMappings"]
        streams = [mapping for mapping in mappings if "/stream/" in mapping["EventSourceArn"]]
        for mapping in streams:
            filters = mapping.get("FilterCriteria", {}).get("Filters", [])
            self._filters[_table(mapping)] = [json.loads(each["Pattern"]) for each in filters]
        return {_table(mapping): mapping["EventSourceArn"] for mapping in streams}

    def _messages(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._stack.queues.get_queue_attributes(QueueUrl=self._stack.outputs[queue], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def _pause(self, deadline: float, trouble: str) -> None:
        if time.monotonic() > deadline:
            raise NotPublished(f"Even after waiting, {trouble}. See .local/ministack.log for the reason.")
        time.sleep(POLL_SECONDS)


def _table(mapping: Mapping[str, Any]) -> str:
    """The table whose stream a mapping reads."""
    name: str = mapping["EventSourceArn"].split("/")[1]
    return name
