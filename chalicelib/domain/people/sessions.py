"""A person's session in the portal (docs/rules.md §8)."""

from datetime import datetime, timedelta

from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.domain.values import dataclass

LIFETIME = timedelta(hours=12)
"""A working day, as for clients. A session doesn't end earlier when nobody uses it: that would take a write a page."""


@dataclass(frozen=True, slots=True)
class Session:
    """A person signed in to one team. It holds all that a page needs to know of the person, so that it reads one row.

    ``id`` is a hash of the token that the browser holds; the id opens nothing. ``csrf`` is in each form of the session.
    """

    id: str
    person_id: str
    team_id: str
    email: str
    name: str
    language: str
    role: Role
    csrf: str
    begun_at: datetime
    ends_at: datetime
    app_needed: bool = False
    """Whether the person has to set up an authenticator app before anything else is open to it."""

    @property
    def partner_id(self) -> str | None:
        """The partner whose team it is; None for the vendor's."""
        return None if self.team_id == VENDOR else self.team_id

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the person may do, as the API calls it."""
        return () if self.app_needed else self.role.scopes

    @property
    def actor(self) -> str:
        """Who did it, for the event log."""
        return f"person:{self.person_id}"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session in the list of its person: in which team, until when, and on what it was begun."""

    id: str
    team_id: str
    begun_at: datetime
    ends_at: datetime
    device: str = ""
    """The browser's own description of itself, shortened."""
