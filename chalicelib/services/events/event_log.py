"""The event log: every committed change becomes an entry, through the stream (docs/rules.md §11).

A row that changed names the event and who did it; its revision counts the published changes. An
event's id is derived from both, so that a stream that repeats itself publishes nothing twice.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.events.events import Event
from chalicelib.models.events import events as event_rows
from chalicelib.services.events import payloads
from chalicelib.services.events.payloads.base import Image


def publish(changes: Sequence[tuple[str, Image | None, Image | None]]) -> list[Event]:
    """Write the events of committed changes: (table, old image, new image), as the stream gives them."""
    events = {event.id: event for change in changes for event in events_of(*change)}
    event_rows.save(list(events.values()), kept_days=settings().events_kept_days)
    return list(events.values())


def events_of(table: str, old: Image | None, new: Image | None) -> list[Event]:
    """The events a change is published as, none for a charge merely held or a key merely used.

    A bill that prepaid money covers is closed and paid by one write. Such a row names both events, in their order, and
    its revision has counted both.
    """
    if new is None or "event" not in new or not new["event"]["S"]:
        return []
    if old is not None and old.get("revision") == new.get("revision"):
        return []
    names, last = new["event"]["S"].split(), int(new["revision"]["N"])
    images = [
        {**new, "event": {"S": name}, "revision": {"N": str(revision)}}
        for revision, name in enumerate(names, start=last + 1 - len(names))
    ]
    return [event for image in images if (event := payloads.describe(table, old, image)) is not None]


def list_events(
    *, partner_id: str, account_id: str | None, type: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Event], dict[str, Any] | None]:
    """A partner's events, newest first, and where the next page starts."""
    return event_rows.newest(partner_id=partner_id, account_id=account_id, type=type, limit=limit, start=start)
