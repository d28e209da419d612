"""The event log: every committed change becomes an entry, through the stream (docs/rules.md §11).

A changed row names the event and the actor; its revision counts the published changes. An event's
id is derived from the row and its revision, so that a stream that repeats itself publishes nothing twice.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.events.events import Event
from chalicelib.models import changes as change_rows
from chalicelib.models.changes import Image, StreamedChange
from chalicelib.models.events import events as event_rows
from chalicelib.services.events import payloads


def publish(changes: Sequence[StreamedChange]) -> list[Event]:
    """Write the events of committed changes to the log; returns them."""
    events = {event.id: event for change in changes for event in events_of(*change)}
    event_rows.save(list(events.values()), kept_days=settings().events_kept_days)
    return list(events.values())


def events_of(table: str, old: Image | None, new: Image | None) -> list[Event]:
    """The events that a streamed change is published as."""
    changes = change_rows.to_publish(table, old, new)
    return [event for change in changes if (event := payloads.event_of(change)) is not None]


def list_events(
    *, partner_id: str, account_id: str | None, type: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Event], dict[str, Any] | None]:
    """A partner's events, newest first, and where the next page starts."""
    return event_rows.newest(partner_id=partner_id, account_id=account_id, type=type, limit=limit, start=start)
