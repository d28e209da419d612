"""A person's session in the portal."""

from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in; ``partner_id`` is None for the vendor's people."""

    id: str
    person_id: str
    email: str
    name: str
    language: str
    partner_id: str | None
    role: str
    scopes: tuple[str, ...]
    csrf: str
