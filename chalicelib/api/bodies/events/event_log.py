"""The event log over HTTP."""

from typing import Annotated, Any, Self

from pydantic import Field

from chalicelib.api.base import Id, ListQuery, Shape, Timestamp, matching
from chalicelib.domain.events.events import Event


class EventShape(Shape):
    """Something that happened: who did it, what changed, and data about it."""

    id: str
    type: str
    at: Timestamp
    actor: str
    account_id: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls(
            id=event.id,
            type=event.type,
            at=event.at,
            actor=event.actor,
            account_id=event.account_id,
            before=dict(event.before),
            after=dict(event.after),
            data=dict(event.data),
        )


_TYPE = r"[a-z_]+\.[a-z_]+"
EventType = Annotated[
    str,
    Field(max_length=64, json_schema_extra={"pattern": f"^{_TYPE}$"}),
    matching(_TYPE, "must be a type of event, such as account.renewed"),
]


class ListAccountEvents(ListQuery):
    """What happened to one account, newest first."""

    type: EventType | None = None


class ListEvents(ListAccountEvents):
    """What happened, newest first."""

    account_id: Id | None = None
