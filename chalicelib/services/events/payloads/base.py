"""What the descriptions of changes have in common."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain.events import events as domain
from chalicelib.domain.events.events import Event
from chalicelib.domain.ids import event_id

Image = Mapping[str, Any]


def event(
    row: Any,
    *,
    at: datetime,
    partner_id: str,
    account_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    data: Mapping[str, Any],
) -> Event:
    """The event that a changed row names; of before and after it keeps what differs."""
    was, became = domain.changes(before or {}, after or {})
    return Event(
        id=event_id(at=at, revision=int(row.revision), source=row.id),
        partner_id=partner_id,
        type=row.event,
        at=at,
        actor=row.actor,
        account_id=account_id,
        before=was,
        after=became,
        data=data,
    )


def state(row: Any, image: Image | None, fields: Sequence[str]) -> dict[str, Any]:
    """These fields of an image of a row, for before and after; nothing of none."""
    if image is None:
        return {}
    found = row.from_raw_data(dict(image))
    return {name: getattr(found, name) for name in fields}
