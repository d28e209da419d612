"""What the payloads of all events share."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.events import events as domain
from chalicelib.domain.events.events import Event
from chalicelib.domain.ids import event_id
from chalicelib.models.changes import Change


def build_event(
    change: Change[Any],
    *,
    at: datetime,
    partner_id: str,
    account_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    data: Mapping[str, Any],
) -> Event:
    """The event of a change; of ``before`` and ``after`` it keeps what differs."""
    was, became = domain.changes(before or {}, after or {})
    return Event(
        id=event_id(at=at, revision=change.revision, source=change.new.id),
        partner_id=partner_id,
        type=change.event,
        at=at,
        actor=change.new.actor,
        account_id=account_id,
        before=was,
        after=became,
        data=data,
    )


def as_text(instant: datetime | None) -> str | None:
    """An instant as the API shows it."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if instant else None


def values_of(row: Any, fields: Sequence[str]) -> dict[str, Any]:
    """These fields of a row, for ``before`` and ``after``; empty without a row."""
    return {name: getattr(row, name) for name in fields} if row is not None else {}
