"""Waiting until everything that happened in a stack was told: streams read to their end, mails sent.

The functions that read a stream note how far they came; the emulator itself doesn't say.
"""

import contextlib
import time
from typing import Any

from botocore.exceptions import ClientError

from infra.local.deployed import DeployedStack

POLL_SECONDS = 0.005
PATIENCE_SECONDS = 60.0

QUEUES = {"NoticesQueueUrl": PATIENCE_SECONDS, "DeliveriesQueueUrl": 300.0}
"""Outputs of the stack: queues that the streams' functions fill, and how long each may take to become empty."""


class Untold(Exception):
    """Something that happened is not told, however long one waits."""


class Telling:
    """A deployed stack's streams and what hangs on them."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._stack = deployed
        self._streams = deployed.client("dynamodbstreams")
        self._control = deployed.environment["CONTROL_TABLE"]
        self._log = deployed.environment["EVENTS_TABLE"]
        self._iterators: dict[str, str] = {}
        self._last: dict[str, str] = {}
        """The last change of each table, as far as it has any that was not read when we began."""
        read = self._positions(list(self._sources()))
        for table, arn in self._sources().items():
            self._iterators[table] = self._iterator(arn, after=read.get(table))

    def settle(self) -> None:
        """Wait until every change is told and every notice and delivery is made. Raises Untold."""
        while True:
            news = self._told(list(self._iterators))
            while news:
                news = self._told([self._log])  # what was told of the tables is in the log now
            if not self._emptied():
                return  # nobody was woken who could have changed anything since

    def _told(self, tables: list[str]) -> bool:
        """Wait until the changes of these tables are told; whether there were any since the last time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        found = self._look(tables)
        while behind := self._behind():
            self._pause(deadline, f"changes of {', '.join(behind)} are not told")
        return found

    def _emptied(self) -> bool:
        """Wait until the queues are empty; whether there was anything in them."""
        found = False
        for queue, seconds in QUEUES.items():
            deadline = time.monotonic() + seconds
            while self._messages(queue):
                found = True
                self._pause(deadline, f"messages wait in {queue.removesuffix('Url')}")
        return found

    def _look(self, tables: list[str]) -> bool:
        """Read on in the streams of tables; whether there was anything new."""
        found = False
        for table in tables:
            while records := self._read_on(table):
                self._last[table] = records[-1]["dynamodb"]["SequenceNumber"]
                found = True
        return found

    def _read_on(self, table: str) -> list[Any]:
        answer = self._streams.get_records(ShardIterator=self._iterators[table])
        self._iterators[table] = answer["NextShardIterator"]
        records: list[Any] = answer["Records"]
        return records

    def _behind(self) -> list[str]:
        """The tables whose last change that we saw was not read yet. The emulator numbers changes by time, as text."""
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
            with contextlib.suppress(ClientError):  # kept data: the streams began anew
                return str(
                    self._streams.get_shard_iterator(
                        **where, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=after
                    )["ShardIterator"]
                )
        return str(self._streams.get_shard_iterator(**where, ShardIteratorType="TRIM_HORIZON")["ShardIterator"])

    def _sources(self) -> dict[str, str]:
        """The streams that functions read, by their table."""
        mappings = self._stack.functions.list_event_source_mappings()["EventSourceMappings"]
        arns = [mapping["EventSourceArn"] for mapping in mappings]
        return {arn.split("/")[1]: arn for arn in arns if "/stream/" in arn}

    def _messages(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._stack.queues.get_queue_attributes(QueueUrl=self._stack.outputs[queue], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def _pause(self, deadline: float, trouble: str) -> None:
        if time.monotonic() > deadline:
            raise Untold(f"However long one waits, {trouble}; .local/ministack.log tells why.")
        time.sleep(POLL_SECONDS)
