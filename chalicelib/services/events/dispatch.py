"""Dispatch: each new entry of the event log goes to the vendor's bus, to notices and to webhooks (docs/rules.md §11).

The event log's own stream drives it, so that receivers find the event in the log. Delivery is at least once, with the
event's id: receivers must ignore ids they know.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.kinds import kind_of
from chalicelib.gateways import event_bus, notice_queue
from chalicelib.models.events import events as event_rows
from chalicelib.services.events import deliveries

Channel = Callable[[Sequence[Event]], set[str]]
"""Accepts events in their order and returns the ids of those it refused, which come again."""


def _channels() -> tuple[Channel, ...]:
    """All channels, in the order they get events."""
    return event_bus.put, _queue_notices, deliveries.enqueue


def _queue_notices(events: Sequence[Event]) -> set[str]:
    return notice_queue.send([event for event in events if kind_of(event) is not None])


def dispatch_events(images: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Give the events of new rows to all channels, in the order of the stream.

    Returns those, from the first on, that all channels accepted; the rest must be dispatched again.
    """
    events = [event_rows.of_image(image) for image in images]
    refused = {event_id for channel in _channels() for event_id in channel(events)}
    return list(takewhile(lambda event: event.id not in refused, events))
