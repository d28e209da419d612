"""The event log: every committed change becomes an entry, through the stream (docs/rules.md §11).

A row that changed names the event and who did it; its revision counts the changes the world is told
about. An event's id is derived from both, so that a stream that repeats itself tells nothing twice.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.events import Event
from chalicelib.models import events as event_rows
from chalicelib.services import told
from chalicelib.services.told.base import Image


def publish(changes: Sequence[tuple[str, Image | None, Image | None]]) -> list[Event]:
    """Write the events of committed changes: (table, old image, new image), as the stream gives them."""
    found = (event_of(table, old, new) for table, old, new in changes)
    events = {event.id: event for event in found if event is not None}
    event_rows.save(list(events.values()), kept_days=settings().events_kept_days)
    return list(events.values())


def event_of(table: str, old: Image | None, new: Image | None) -> Event | None:
    """The event a change is, or None for one the world is not told: a charge merely held, a key merely used."""
    if new is None or "event" not in new or not new["event"]["S"]:
        return None
    if old is not None and old.get("revision") == new.get("revision"):
        return None
    return told.describe(table, old, new)


def list_events(
    *, partner_id: str, account_id: str | None, type: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Event], dict[str, Any] | None]:
    """A partner's events, newest first, and where the next page starts."""
    return event_rows.newest(partner_id=partner_id, account_id=account_id, type=type, limit=limit, start=start)
