"""An event: something that happened, told to the partner it concerns (docs/rules.md §11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change. Its id is derived from the change, so telling it twice is telling it once.

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
    """What differs between two states, as it was and as it is; a field that one side lacks is None there."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def shown(event: Event) -> dict[str, Any]:
    """The event as everybody outside is shown it: over the API, on the vendor's bus, in webhooks."""
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


def read(told: Mapping[str, Any], *, partner_id: str) -> Event:
    """The event that was :func:`shown` of a partner, to the second."""
    return Event(**{**told, "partner_id": partner_id, "at": datetime.fromisoformat(told["at"])})
