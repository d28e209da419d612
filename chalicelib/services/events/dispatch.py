"""Dispatch: each new entry of the event log goes to the vendor's bus, to notices and to webhooks (docs/rules.md §11).

The event log's own stream drives it, so that receivers find the event in the log. Delivery is at least once, with the
event's id: receivers must ignore ids they know.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.gateways import event_bus
from chalicelib.models.events import events as event_rows
from chalicelib.services.events import deliveries, notices

Channel = Callable[[Sequence[Event]], set[str]]
"""Accepts events in their order and returns the ids of those it refused, which come again."""


def _channels() -> tuple[Channel, ...]:
    """All channels, in the order they get events."""
    return event_bus.put, notices.enqueue, deliveries.enqueue


def dispatch_events(images: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Give the events of new rows to all channels, in the order of the stream.

    Returns those, from the first on, that all channels accepted; the rest must be dispatched again.
    """
    events = [event_rows.of_image(image) for image in images]
    refused = {event_id for channel in _channels() for event_id in channel(events)}
    return list(takewhile(lambda event: event.id not in refused, events))
