"""The vendor's EventBridge bus: every event of every partner, for the vendor's own use."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from botocore.session import get_session

from chalicelib.config import settings
from chalicelib.domain.events import events
from chalicelib.domain.events.events import Event
from chalicelib.gateways.chunks import chunks

SOURCE = "sublet"
_ENTRIES = 10
_BYTES = 200_000
"""EventBridge takes 10 entries and 256 KB at once; what surrounds an entry is counted too."""


def put(told: Sequence[Event]) -> set[str]:
    """Put events on the bus, in order; the ids of those it did not take, which are to be put again."""
    refused: set[str] = set()
    entries = [(event.id, _entry(event)) for event in told]
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
        "Detail": json.dumps({"partner_id": event.partner_id, **events.shown(event)}),
    }


@cache
def _eventbridge() -> Any:
    return get_session().create_client("events")
