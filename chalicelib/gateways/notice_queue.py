"""The queue of notices: events of which somebody is to be told by mail."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from botocore.session import get_session

from chalicelib.config import settings
from chalicelib.domain import events
from chalicelib.domain.events import Event

_BATCH = 10
"""SQS takes no more messages at once, nor more than 256 KB: an event is a few."""


def body(event: Event) -> str:
    return json.dumps({"partner_id": event.partner_id, "event": events.shown(event)})


def parse(body: str) -> Event:
    data = json.loads(body)
    return events.read(data["event"], partner_id=data["partner_id"])


def send(told: Sequence[Event]) -> set[str]:
    """Queue events; the ids of those the queue did not take, which are to be sent again."""
    refused: set[str] = set()
    for start in range(0, len(told), _BATCH):
        batch = told[start : start + _BATCH]
        entries = [{"Id": str(place), "MessageBody": body(event)} for place, event in enumerate(batch)]
        answer = _sqs().send_message_batch(QueueUrl=settings().notices_queue_url, Entries=entries)
        refused.update(batch[int(failed["Id"])].id for failed in answer.get("Failed", []))
    return refused


@cache
def _sqs() -> Any:
    return get_session().create_client("sqs")
