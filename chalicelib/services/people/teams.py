"""Teams: who is in them, inviting, and what becomes of a member (docs/rules.md §8).

Whoever manages a team does so in a session there, so a team is never named by a request.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.people import persons
from chalicelib.domain.people import teams as domain
from chalicelib.domain.people.persons import Person
from chalicelib.domain.people.roles import VENDOR, Role, roles_of
from chalicelib.domain.people.sessions import Session
from chalicelib.domain.people.teams import Invitation, Team
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal, RefusalKind
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.people import persons as person_rows
from chalicelib.models.people import teams as team_rows
from chalicelib.models.transactions import Put, commit
from chalicelib.services.partners import partners
from chalicelib.services.people import mailing, sessions

_BUSY = "Others kept changing the team. Try again in a moment."


@dataclass(frozen=True)
class Member:
    """A member of a team, as the team's page shows it."""

    person: Person
    role: Role
    since: datetime


@dataclass(frozen=True)
class People:
    """A team's members by name, and its invitations that are open."""

    members: tuple[Member, ...]
    invitations: tuple[Invitation, ...]


class NotYourTeam(Refusal):
    """Only who manages a team changes it."""

    kind = RefusalKind.FORBIDDEN
    code = "insufficient_scope"
    title = "Your role may not do this"


def list_people(session: Session, *, now: datetime) -> People:
    """The people of the session's team: any member may see them."""
    return people_of(session.team_id, now=now)


def people_of(team_id: str, *, now: datetime) -> People:
    """The people of a team, for operators."""
    team = team_rows.get(team_id)
    known = person_rows.get_many(each.person_id for each in team.members)
    members = [Member(known[each.person_id], each.role, each.since) for each in team.members]
    return People(
        members=tuple(sorted(members, key=lambda each: (each.person.name.casefold(), each.person.email))),
        invitations=_standing(team, now=now),
    )


def open_invitation(team_id: str, invitation_id: str, *, now: datetime) -> Invitation | None:
    """An invitation that can still be accepted: whoever sent it may still invite people to this team."""
    return _open_in(team_rows.get(team_id), invitation_id, now=now)


def _open_in(team: Team, invitation_id: str, *, now: datetime) -> Invitation | None:
    return next((each for each in _standing(team, now=now) if each.id == invitation_id), None)


def _standing(team: Team, *, now: datetime) -> tuple[Invitation, ...]:
    """The invitations of a team that can still be accepted."""
    unexpired = [each for each in team.invitations if now < each.ends_at]
    if all(domain.still_stands(each, team, team) for each in unexpired):
        return tuple(unexpired)
    vendor = team_rows.get(VENDOR)
    return tuple(each for each in unexpired if domain.still_stands(each, team, vendor))


def name_of(team_id: str) -> str:
    """What a team is called: as its partner, or as the vendor's product. Raises :class:`NotFound`."""
    return mailing.product_name() if team_id == VENDOR else partners.get_partner(partner_id=team_id).name


def change_role(session: Session, *, person_id: str, role: Role, now: datetime) -> None:
    """Give a member another role. Its sessions in the team end, so that the role counts at once.

    Raises :class:`NotYourTeam`, :class:`NotFound`, :class:`Invalid`, :class:`domain.LastOwner`.
    """
    refuse_foreign_role(role, team_id=session.team_id)

    def attempt() -> None:
        team = managed_team(session)
        before, person = team.role_of(person_id), person_rows.get(person_id)
        changed = domain.with_role(team, person_id, role)
        if before is role or before is None or person is None:
            return
        payload = {**_payload(person, role), "before": before}
        put = team_rows.put(changed, event="member.role_changed", payload=payload, actor=session.actor, now=now)
        sessions.commit_without(person, put, team_id=team.id)

    transactions.retry(attempt, busy=_BUSY)


def remove(session: Session, *, person_id: str, now: datetime) -> None:
    """Remove a member, or leave: the person's sessions in the team end at once.

    Raises :class:`NotYourTeam`, :class:`NotFound`, :class:`domain.LastOwner`.
    """

    def attempt() -> None:
        team = team_rows.get(session.team_id) if person_id == session.person_id else managed_team(session)
        role, person = team.role_of(person_id), person_rows.get(person_id)
        changed = domain.without_member(team, person_id)
        if role is None or person is None:
            return
        put = team_rows.put(
            changed, event="member.removed", payload=_payload(person, role), actor=session.actor, now=now
        )
        left = replace(person, teams=tuple(each for each in person.teams if each != team.id))
        sessions.commit_without(left, put, team_id=team.id)

    transactions.retry(attempt, busy=_BUSY)


def join(team_id: str, invitation_id: str, newcomer: Person, *, now: datetime) -> Person:
    """Accept an invitation for ``newcomer``, which is stored if nobody has its address yet; the person as stored.

    Raises :class:`NotFound` if it is no longer open, and :class:`Invalid` for somebody in too many teams.
    """

    def attempt() -> Person:
        team = team_rows.get(team_id)
        invitation = _open_in(team, invitation_id, now=now)
        if invitation is None or persons.id_of(invitation.email) != newcomer.id:
            raise NotFound("This invitation is not open any more. Ask for another one.")
        person = person_rows.get(newcomer.id) or newcomer
        others = tuple(each for each in person.teams if each != team_id)
        if len(others) >= persons.MOST_TEAMS:
            raise Invalid(errors=[("email", f"must not belong to more than {persons.MOST_TEAMS} teams")])
        joined = domain.joined(team, invitation, person.id, now=now)
        payload = _payload(person, invitation.role)
        put = team_rows.put(joined, event="member.joined", payload=payload, actor=person.actor, now=now)
        person_put = person_rows.put(replace(person, teams=(team_id, *others)))
        commit([person_put, put])
        return person

    return transactions.retry(attempt, busy=_BUSY)


def store_invitation(
    team_id: str, invitation: Invitation, *, actor: str, session: Session | None = None, now: datetime
) -> None:
    """Invite somebody, in place of an earlier invitation: in the ``session`` of who manages the team, or from outside.

    Raises :class:`NotYourTeam`, :class:`KeyReused` and what :func:`domain.with_invitation` raises.
    """
    payload = {"email": invitation.email, "role": invitation.role}

    def attempt() -> None:
        team = managed_team(session) if session else team_rows.get(team_id)
        before = domain.open_invitation(team, invitation.id, now=now)
        if before is not None:  # the same request, repeated
            if (before.email, before.role, before.language) != (invitation.email, invitation.role, invitation.language):
                raise KeyReused(f"It invited {before.email}. Use a new Idempotency-Key.")
            return
        standing = replace(team, invitations=_standing(team, now=now))  # the others are shown to nobody
        invited = domain.with_invitation(standing, invitation, person_id=persons.id_of(invitation.email))
        commit([team_rows.put(invited, event="member.invited", payload=payload, actor=actor, now=now)])

    transactions.retry(attempt, busy=_BUSY)


def withdraw_invitation(session: Session, *, invitation_id: str, now: datetime) -> None:
    """Take an invitation back: its link is not valid any more. Raises :class:`NotYourTeam`, :class:`NotFound`."""

    def attempt() -> None:
        team = managed_team(session)
        rest = domain.without_invitation(team, invitation_id)
        payload = next(
            {"email": each.email, "role": each.role} for each in team.invitations if each.id == invitation_id
        )
        event = "member.invitation_withdrawn"
        commit([team_rows.put(rest, event=event, payload=payload, actor=session.actor, now=now)])

    transactions.retry(attempt, busy=_BUSY)


def put_told(
    person: Person, event: str, *, at: datetime, actor: str | None = None, also: Mapping[str, int] | None = None
) -> list[Put]:
    """The writes that tell all teams of a person what has changed about its sign-in; ``at`` is the product's clock.

    Each is on condition that nobody else writes the team meanwhile. Who did it is the person, unless ``actor`` says.
    ``also`` is what the event says besides who it is.
    """
    payload = {**_who(person), **(also or {})}
    return [
        team_rows.put(team_rows.get(team_id), event=event, payload=payload, actor=actor or person.actor, now=at)
        for team_id in person.teams
    ]


def managed_team(session: Session) -> Team:
    """The session's team, for whoever manages it at this moment. Raises :class:`NotYourTeam`."""
    team = team_rows.get(session.team_id)
    role = team.role_of(session.person_id)
    if role is None or not role.manages_team:
        raise NotYourTeam("Ask an owner of your team.")
    return team


def refuse_foreign_role(role: Role, *, team_id: str) -> None:
    """Raise :class:`Invalid` for a role that nobody may have in this team: partners have no operators."""
    allowed = roles_of(team_id)
    if role not in allowed:
        raise Invalid(errors=[("role", f"must be one of {', '.join(allowed)}")])


def _payload(person: Person, role: Role) -> Mapping[str, str]:
    return {**_who(person), "role": role}


def _who(person: Person) -> dict[str, str]:
    """Whom an event is about, and how its notice is written."""
    return {"person_id": person.id, "email": person.email, "name": person.name, "language": person.language}
