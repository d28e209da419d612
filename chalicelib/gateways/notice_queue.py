"""The queue of notices: events about which somebody gets a mail."""

import json
from collections.abc import Sequence
from typing import Any

from chalicelib import aws
from chalicelib.config import settings
from chalicelib.domain.events.events import Event, read, shown
from chalicelib.gateways.chunks import chunks

_MESSAGES = 10
_BYTES = 250_000
"""SQS accepts 10 messages and 256 KB at once. An event is a few KB, but with its account's metadata may be larger."""


def body(event: Event) -> str:
    return json.dumps({"partner_id": event.partner_id, "event": shown(event)})


def parse(body: str) -> Event:
    data = json.loads(body)
    return read(data["event"], partner_id=data["partner_id"])


def send(events: Sequence[Event]) -> set[str]:
    """Queue events; returns the ids of those the queue refused, which must be sent again."""
    refused: set[str] = set()
    messages = [(event.id, body(event)) for event in events]
    for chunk in chunks(messages, most=_MESSAGES, most_bytes=_BYTES, size=lambda message: len(message[1].encode())):
        entries = [{"Id": str(place), "MessageBody": text} for place, (_, text) in enumerate(chunk)]
        answer = _sqs().send_message_batch(QueueUrl=settings().notices_queue_url, Entries=entries)
        refused.update(chunk[int(failed["Id"])][0] for failed in answer.get("Failed", []))
    return refused


def _sqs() -> Any:
    return aws.client("sqs")
