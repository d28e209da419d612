"""What this process sends to AWS and receives: requests, items and bytes, taken from what goes over the wire."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.httpsession import URLLib3Session


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. ``operation`` is the name AWS has for it, such as ``TransactWriteItems``."""

    operation: str
    body: bytes
    received: int

    @property
    def request(self) -> dict[str, Any]:
        return json.loads(self.body) if self.body else {}


@dataclass
class Wire:
    """The exchanges of this process while it is watched; nothing is parsed meanwhile."""

    exchanges: list[Exchange] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator["Wire"]:
        real = URLLib3Session.send

        def send(session: Any, request: Any) -> Any:
            answer = real(session, request)
            target = request.headers.get("X-Amz-Target", b"")
            name = target.decode() if isinstance(target, bytes) else target
            body = request.body or b""
            self.exchanges.append(
                Exchange(name.rpartition(".")[2], body.encode() if isinstance(body, str) else body, len(answer.content))
            )
            return answer

        URLLib3Session.send = send
        try:
            yield self
        finally:
            URLLib3Session.send = real

    @property
    def requests(self) -> Counter[str]:
        """How many requests there were of each operation."""
        return Counter(exchange.operation for exchange in self.exchanges)

    @property
    def bytes_moved(self) -> int:
        """The bodies of requests and answers."""
        return sum(len(exchange.body) + exchange.received for exchange in self.exchanges)

    def items(self) -> tuple[int, int]:
        """How many items were asked for by key or by query, and how many were written."""
        read = written = 0
        for exchange in self.exchanges:
            asked = exchange.request
            match exchange.operation:
                case "TransactWriteItems":
                    written += len(asked["TransactItems"])
                case "PutItem" | "UpdateItem" | "DeleteItem":
                    written += 1
                case "BatchWriteItem":
                    written += sum(len(writes) for writes in asked["RequestItems"].values())
                case "BatchGetItem":
                    read += sum(len(table["Keys"]) for table in asked["RequestItems"].values())
                case "TransactGetItems":
                    read += len(asked["TransactItems"])
                case "GetItem" | "Query":
                    read += 1
        return read, written
