"""A partner: an agency, a headquarters or a solution provider (docs/rules.md §1)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Partner:
    """Who calls the API with its keys. ``program`` names the program file it belongs to.

    ``fingerprint`` is that of the request that created it.
    """

    id: str
    name: str
    program: str
    email: str
    country: str
    time_zone: str
    currency: str
    created_at: datetime
    updated_at: datetime
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a partner, or of an operator when ``partner_id`` is None. Of the key itself only ``hash`` is kept.

    ``ancestors`` are the hashes of the keys it descends from, the first of the family first.
    """

    hash: str
    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    partner_id: str | None = None
    last4: str = ""
    parent_id: str | None = None
    ancestors: tuple[str, ...] = ()
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0

    def usable(self, now: datetime) -> bool:
        """Whether the key opens anything at ``now``, as far as it alone is concerned (see ``api_keys.Family``)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
