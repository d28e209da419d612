"""Operators' messages over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Legible, Shape, Timestamp
from chalicelib.domain.events.messages import Message, MessageKind

_A_MESSAGE: dict[str, Any] = {
    "kind": "bounces",
    "subject": "Many addresses of your last campaign bounced",
    "text": "More than 5 percent of the addresses bounced.\n\nPlease clean the list before the next campaign.",
}


class SendMessage(Body):
    """A message about an account, in plain text. It is mailed as it stands: markup and links are shown as text."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_MESSAGE]})
    example: ClassVar[Mapping[str, Any]] = _A_MESSAGE
    multiline: ClassVar[frozenset[str]] = frozenset({"text"})

    kind: MessageKind
    subject: Annotated[str, Field(min_length=1, max_length=150, description="One line."), Legible]
    text: Annotated[str, Field(min_length=1, max_length=5000, description="An empty line begins a paragraph."), Legible]


class MessageShape(Shape):
    """A message that is on its way."""

    id: str
    account_id: str
    kind: MessageKind
    subject: str
    text: str
    to: str = Field(description="The account's notification address; of a referred account, its client's.")
    sent_at: Timestamp

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls.model_validate(message)
