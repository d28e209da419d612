"""What a person may do in a team: its role, and the scopes of the API that the role has (docs/rules.md §8)."""

from collections.abc import Mapping
from enum import StrEnum

VENDOR = "operators"
"""The id of the vendor's team. A partner's team has the partner's id."""
OBSERVE = "observe"
"""To open the pages of operators and change nothing: a scope of people alone, which no API key has."""


class Role(StrEnum):
    OWNER = "owner"
    BILLING = "billing"
    MEMBER = "member"
    READ_ONLY = "read_only"
    OPERATOR = "operator"
    OBSERVER = "observer"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of the API (docs/api.md) that whoever has the role may use."""
        return _SCOPES[self]

    @property
    def manages_team(self) -> bool:
        """Whether the role invites and removes people and changes their roles. A team has somebody who does."""
        return self in (Role.OWNER, Role.OPERATOR)


_SCOPES: Mapping[Role, tuple[str, ...]] = {
    Role.OWNER: ("read", "write", "billing"),
    Role.BILLING: ("read", "billing"),
    Role.MEMBER: ("read", "write"),
    Role.READ_ONLY: ("read",),
    Role.OPERATOR: ("operator",),
    Role.OBSERVER: (OBSERVE,),
}


def roles_of(team_id: str) -> tuple[Role, ...]:
    """The roles that people may have in a team: a partner's, or the vendor's."""
    of_vendor = (Role.OPERATOR, Role.OBSERVER)
    return of_vendor if team_id == VENDOR else tuple(role for role in Role if role not in of_vendor)
