"""Mails and the mailers: Amazon SES, or the sandbox's, which keeps the mails instead of sending them."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Protocol

from chalicelib.domain import texts
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address, as text and as HTML. ``from_name`` is the sender's display name.

    ``tags`` come back with bounces and complaints. Fields that become headers must be one line, otherwise
    ValueError: so no name can add headers.
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
    """Sends mail. That a mail was accepted does not mean it was delivered: bounces are reported later."""

    def send(self, mail: Mail, *, now: datetime) -> str:
        """Send a mail and return the mailer's id of it. A mail sent twice arrives twice."""
        ...
