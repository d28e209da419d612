"""Teams: the people of a partner, or of the vendor, and who is invited (docs/rules.md §8)."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.people.roles import Role
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.domain.values import dataclass

INVITATIONS_LAST = timedelta(days=7)
MOST_PEOPLE = 200
"""Members and open invitations of a team, which is one row."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in a team."""

    person_id: str
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who is asked to join. ``id`` names the mail: inviting again makes another, and ends the earlier link."""

    id: str
    email: str
    role: Role
    language: str
    invited_by: str
    invited_at: datetime
    ends_at: datetime
    inviter: str = ""
    """The id of the person who invited; empty for a command of the vendor's."""


@dataclass(frozen=True, slots=True)
class Team:
    """The people of a partner, by the partner's id, or of the vendor. One row, so that its last owner can't be lost."""

    id: str
    updated_at: datetime | None = None
    members: tuple[Membership, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    revision: int = 0
    version: int = 0

    def role_of(self, person_id: str) -> Role | None:
        """A member's role; None for anybody else."""
        return next((each.role for each in self.members if each.person_id == person_id), None)


class LastOwner(Refusal):
    """A team keeps somebody who can invite others."""

    code = "last_owner"
    title = "The team would have no owner"


class AlreadyMember(Refusal):
    """Whoever is invited is in the team."""

    code = "already_member"
    title = "This person is in the team"


class TeamFull(Refusal):
    """The team has as many people as it can have."""

    code = "too_many"
    title = "There are too many already"


def joined(team: Team, invitation: Invitation, person_id: str, *, now: datetime) -> Team:
    """The team once an invitation is accepted. Who is a member already keeps the role it has."""
    rest = tuple(each for each in team.invitations if each.id != invitation.id)
    if team.role_of(person_id) is not None:
        return replace(team, invitations=rest)
    member = Membership(person_id, invitation.role, since=now)
    return replace(team, invitations=rest, members=(*team.members, member))


def with_invitation(team: Team, invited: Invitation, *, person_id: str) -> Team:
    """The team with somebody invited, in place of an earlier invitation of the same address.

    The team has only invitations that can still be accepted; ``person_id`` is that of the address. Raises
    :class:`AlreadyMember`, :class:`TeamFull`.
    """
    if team.role_of(person_id) is not None:
        raise AlreadyMember(f"{invited.email} is in the team already. Change the role there.")
    others = tuple(each for each in team.invitations if each.email != invited.email)
    if len(team.members) + len(others) >= MOST_PEOPLE:
        raise TeamFull(f"A team has {MOST_PEOPLE} people at most, invitations counted. Remove a person first.")
    return replace(team, invitations=(*others, invited))


def without_invitation(team: Team, invitation_id: str) -> Team:
    """The team with an invitation withdrawn. Raises :class:`NotFound`."""
    rest = tuple(each for each in team.invitations if each.id != invitation_id)
    if len(rest) == len(team.invitations):
        raise NotFound.of("invitation", invitation_id)
    return replace(team, invitations=rest)


def open_invitation(team: Team, invitation_id: str, *, now: datetime) -> Invitation | None:
    """The invitation with this id that can still be accepted."""
    return next((each for each in team.invitations if each.id == invitation_id and now < each.ends_at), None)


def still_stands(invitation: Invitation, team: Team, vendor: Team) -> bool:
    """Whether whoever sent an invitation to a ``team`` could still send it: as an owner, or one of the ``vendor``."""
    roles = (each.role_of(invitation.inviter) for each in (team, vendor))
    return not invitation.inviter or any(role is not None and role.manages_team for role in roles)


def with_role(team: Team, person_id: str, role: Role) -> Team:
    """The team with another role for a member. Raises :class:`NotFound`, :class:`LastOwner`."""
    _refuse_strangers(team, person_id)
    members = tuple(replace(each, role=role) if each.person_id == person_id else each for each in team.members)
    return _with_an_owner(replace(team, members=members))


def without_member(team: Team, person_id: str) -> Team:
    """The team without a member. Raises :class:`NotFound`, :class:`LastOwner`."""
    _refuse_strangers(team, person_id)
    return _with_an_owner(replace(team, members=tuple(each for each in team.members if each.person_id != person_id)))


def _refuse_strangers(team: Team, person_id: str) -> None:
    if team.role_of(person_id) is None:
        raise NotFound.of("member", person_id)


def _with_an_owner(team: Team) -> Team:
    if not any(each.role.manages_team for each in team.members):
        raise LastOwner("Make another person an owner first: without one, no one could invite people.")
    return team
