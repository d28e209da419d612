"""The real sweep over a due index that exists in no database.

DynamoDB's and SQS' answers are made up at the place where a request would leave the process: pages of the index of up
to 1 MB, and an empty answer to each batch of messages. All else is the product's code and botocore's.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.services.schedule import sweeps

NOW = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
_DUE_AT = "2026-12-01T06:00:00Z"
_ROW_BYTES = 150
_PAGE_ROWS = 1024 * 1024 // _ROW_BYTES


@dataclass
class Swept:
    """What a sweep did: messages by number of accounts, requests by kind, and this process's CPU seconds."""

    found: int = 0
    messages: Counter[int] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    accounts_of: Counter[str] = field(default_factory=Counter)
    mixed: int = 0
    cpu: float = 0.0


def sweep(sizes: Sequence[int], *, shards: int) -> Swept:
    """Sweep an index in which each payer has this many accounts, all due at one instant, in no order of payers."""
    swept, index = Swept(), _Index(sizes, shards)
    with _answered(index, swept):
        position = sweeps.first_position(sweep=Sweep.RENEWALS, run="run", now=NOW)
        cpu = time.process_time() - index.seconds
        _, swept.found = sweeps.send_due(position, out_of_time=lambda: False)
        swept.cpu = time.process_time() - index.seconds - cpu
    return swept


class _Index:
    """The shards' rows, made page by page; ``seconds`` is the CPU that making them took."""

    def __init__(self, sizes: Sequence[int], shards: int) -> None:
        self._payers = [payer for payer, size in enumerate(sizes) for _ in range(size)]
        random.Random(7).shuffle(self._payers)
        self._shards = shards
        self.seconds = 0.0

    def page(self, shard: int, start: int) -> tuple[list[dict[str, Any]], int | None]:
        """Rows of a shard from the ``start``-th on, and where to go on."""
        numbers = range(shard + start * self._shards, len(self._payers), self._shards)[:_PAGE_ROWS]
        rows = [
            {
                "id": {"S": f"acct_{number:026d}"},
                "payer": {"S": f"prt_{self._payers[number]:026d}"},
                "due_shard": {"S": f"renewals#{shard:02d}"},
                "due_at": {"S": _DUE_AT},
            }
            for number in numbers
        ]
        more = start + len(rows) if len(rows) == _PAGE_ROWS else None
        return rows, more


@contextmanager
def _answered(index: _Index, swept: Swept) -> Iterator[None]:
    real = URLLib3Session.send

    def send(_: Any, request: Any) -> AWSResponse:
        began = time.process_time()
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        asked = json.loads(request.body)
        swept.requests[operation] += 1
        told: dict[str, Any] = {"Successful": []} if operation == "SendMessageBatch" else {}
        if operation == "Query":
            told = _page(index, asked)
        elif operation == "SendMessageBatch":
            _note(swept, asked["Entries"])
        answer = AWSResponse(request.url, 200, {}, None)
        answer._content = json.dumps(told).encode()
        index.seconds += time.process_time() - began
        return answer

    URLLib3Session.send = send
    try:
        yield
    finally:
        URLLib3Session.send = real


def _page(index: _Index, asked: dict[str, Any]) -> dict[str, Any]:
    values = [value["S"] for value in asked["ExpressionAttributeValues"].values() if "S" in value]
    shard = next(int(value.partition("#")[2]) for value in values if "#" in value)
    start = int(asked.get("ExclusiveStartKey", {}).get("id", {"S": "0"})["S"])
    rows, more = index.page(shard, start)
    answer: dict[str, Any] = {"Items": rows, "Count": len(rows), "ScannedCount": len(rows)}
    if more is not None:
        answer["LastEvaluatedKey"] = {"id": {"S": str(more)}}
    return answer


def _note(swept: Swept, entries: Sequence[dict[str, Any]]) -> None:
    for entry in entries:
        body = json.loads(entry["MessageBody"])
        swept.messages[len(body["subjects"])] += 1
        swept.accounts_of[body["payer"]] += len(body["subjects"])
        swept.mixed += body["payer"] != entry["MessageGroupId"]
