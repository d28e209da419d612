"""Fan-out: each new entry of the event log goes to everyone who is to hear of it (docs/rules.md §11).

The event log's own stream drives it, so that whoever is told can look the event up. At least once,
with the event's id: who must not act twice goes by the id.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.gateways import event_bus
from chalicelib.models.events import events as event_rows
from chalicelib.services.events import deliveries, notices

Channel = Callable[[Sequence[Event]], set[str]]
"""Takes events in their order and returns the ids of those it could not take, which come again."""


def _channels() -> tuple[Channel, ...]:
    """Who is told, in this order."""
    return event_bus.put, notices.hand_over, deliveries.hand_over


def spread(images: Sequence[Mapping[str, Any]]) -> int:
    """Hand on the events of new rows, in order, as the stream gives them.

    Returns how many, from the first on, everyone has taken; the rest is to be spread again.
    """
    told = [event_rows.of_image(image) for image in images]
    refused = {event_id for channel in _channels() for event_id in channel(told)}
    return next((place for place, event in enumerate(told) if event.id in refused), len(told))
