"""A partner: an agency, a headquarters or a solution provider (docs/rules.md §1)."""

from datetime import datetime
from functools import cache

from chalicelib.domain.ids import derived_id
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner. ``program`` is the name of its program file; ``time_zone`` decides what "today" is for its bills.

    ``house`` is set for the vendor itself, to which the accounts without a partner belong; it has no log-in.
    ``fingerprint`` is that of the request that created the partner. One that is suspended earns nothing new and is paid
    nothing (§10); its keys and accounts go on.
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
    house: bool = False
    fingerprint: str | None = None
    suspended_at: datetime | None = None
    revision: int = 0
    version: int = 0

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None


@cache
def house_id(program: str) -> str:
    """The id of a program's house partner (§9)."""
    return derived_id("prt", "house", program)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a partner, or of an operator if ``partner_id`` is None. Of the key itself only the ``hash`` is stored.

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
    created_by: str = ""
    """Who created it, as the event log says it; empty for a key of before this was kept."""
    revision: int = 0
    version: int = 0

    def usable(self, now: datetime) -> bool:
        """Whether the key is valid at ``now``, its ancestors left aside (see ``api_keys.Family``)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
