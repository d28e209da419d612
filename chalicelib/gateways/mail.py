"""Mail: what is sent, and who sends it: Amazon SES, or the sandbox's mailer, which keeps what it is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.domain import texts


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address, as text and as HTML. ``from_name`` stands before the installation's own address.

    ``tags`` come back with bounces and complaints. What becomes a header is one line: anything else
    raises ValueError, so that no name can add headers of its own.
    """

    to: str
    subject: str
    text: str
    html: str
    reply_to: str | None = None
    from_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("to", "subject", "reply_to", "from_name"):
            value = getattr(self, name)
            if value is not None and not texts.is_one_line(value):
                raise ValueError(f"{name} must be one line without control characters")


class Mailer(Protocol):
    """Sends mail. Taken is not delivered: bounces come back by another way."""

    def send(self, mail: Mail, *, now: datetime) -> str:
        """Send, and return the mailer's own id of the mail. Sent twice, it arrives twice."""
        ...
