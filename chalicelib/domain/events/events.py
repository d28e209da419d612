"""An event: something that happened to a partner or its accounts (docs/rules.md §11)."""

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change. Its id is derived from the change, so publishing it twice changes nothing.

    ``actor`` is who did it: an API key, a schedule. ``before`` and ``after`` hold what changed,
    ``data`` what the event is about.
    """

    id: str
    partner_id: str
    type: str
    at: datetime
    actor: str
    account_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that differ between two states, before and after; a missing field is None."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def shown(event: Event) -> dict[str, Any]:
    """The event as the API, the vendor's bus and webhooks show it."""
    return {
        "id": event.id,
        "type": event.type,
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "actor": event.actor,
        "account_id": event.account_id,
        "before": dict(event.before),
        "after": dict(event.after),
        "data": dict(event.data),
    }


def read(data: Mapping[str, Any], *, partner_id: str) -> Event:
    """The event from its :func:`shown` form, whose time has whole seconds."""
    return Event(**{**data, "partner_id": partner_id, "at": datetime.fromisoformat(data["at"])})
