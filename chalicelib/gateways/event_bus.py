"""The vendor's EventBridge bus: every event of every partner, for the vendor's own use."""

import json
from collections.abc import Sequence
from typing import Any

from chalicelib import aws
from chalicelib.config import settings
from chalicelib.domain.events.events import Event, shown
from chalicelib.gateways.chunks import chunks

SOURCE = "sublet"
_ENTRIES = 10
_BYTES = 200_000
"""EventBridge accepts 10 entries and 256 KB at once, overhead included."""


def put(events: Sequence[Event]) -> set[str]:
    """Put events on the bus, in order; returns the ids of those it did not accept, which must be put again."""
    refused: set[str] = set()
    entries = [(event.id, _entry(event)) for event in events]
    for chunk in chunks(entries, most=_ENTRIES, most_bytes=_BYTES, size=lambda entry: len(entry[1]["Detail"].encode())):
        answer = _eventbridge().put_events(Entries=[entry for _, entry in chunk])
        results = zip(chunk, answer["Entries"], strict=True)
        refused.update(event_id for (event_id, _), result in results if "ErrorCode" in result)
    return refused


def _entry(event: Event) -> dict[str, Any]:
    return {
        "EventBusName": settings().event_bus,
        "Source": SOURCE,
        "DetailType": event.type,
        "Time": event.at,
        "Resources": [event.account_id or event.partner_id],
        "Detail": json.dumps({"partner_id": event.partner_id, **shown(event)}),
    }


def _eventbridge() -> Any:
    return aws.client("events")
