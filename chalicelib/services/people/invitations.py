"""Invitations to a team: mailed with a link that is valid for seven days, accepted with it (docs/rules.md §8)."""

from datetime import datetime

from chalicelib.config import settings
from chalicelib.documents import people_mails
from chalicelib.domain import emails
from chalicelib.domain.clients import passwords as password_rules
from chalicelib.domain.clients import rate_limits as limits
from chalicelib.domain.ids import new_id
from chalicelib.domain.people import persons
from chalicelib.domain.people.persons import Person
from chalicelib.domain.people.roles import Role
from chalicelib.domain.people.sessions import Session
from chalicelib.domain.people.teams import INVITATIONS_LAST, Invitation
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.domain.values import dataclass
from chalicelib.gateways import lambdas
from chalicelib.models.events import suppressions
from chalicelib.models.people import persons as person_rows
from chalicelib.services.accounts import passwords
from chalicelib.services.clients import rate_limits, tokens
from chalicelib.services.partners import partners
from chalicelib.services.people import mailing, teams

MAIL = "invitation"
"""The kind of mail that the function for links is started for."""
_PURPOSE = "invitation"


@dataclass(frozen=True)
class Invited:
    """What a link invites to. Who ``has_password`` signs in with that, and belongs to one more team."""

    invitation: Invitation
    team_id: str
    team_name: str
    has_password: bool


def invite(
    session: Session,
    *,
    invitation_id: str,
    email: str,
    role: Role,
    language: str,
    base_url: str,
    now: datetime,
) -> Invitation:
    """Invite somebody to the session's team, and have the link mailed. Inviting again mails another one, which replaces
    it; the same ``invitation_id`` again is the same request repeated.

    Raises :class:`teams.NotYourTeam`, :class:`Invalid`, :class:`~chalicelib.domain.people.teams.AlreadyMember`,
    :class:`~chalicelib.domain.people.teams.TeamFull` and
    :class:`~chalicelib.domain.clients.rate_limits.TooManyTries`.
    """
    teams.managed_team(session)  # before anything is counted
    invitation = invite_to(
        session.team_id,
        session=session,
        invitation_id=invitation_id,
        email=email,
        role=role,
        language=language,
        actor=session.actor,
        by=session.name,
        inviter=session.person_id,
        now=now,
    )
    have_mailed(session.team_id, invitation, base_url=base_url)
    return invitation


def invite_owner(
    session: Session, *, partner_id: str, email: str, language: str, base_url: str, now: datetime
) -> Invitation:
    """As an operator, invite an owner to a partner's team. Raises what :func:`invite` raises, and
    :class:`~chalicelib.domain.refusals.NotFound` and ``HouseHasNoKeys`` for what is no partner with people."""
    if session.role is not Role.OPERATOR:
        raise teams.NotYourTeam("Only operators invite the owners of partners.")
    team_id = partners.get_keyed(partner_id=partner_id).id
    by = mailing.product_name()
    invitation = invite_to(
        team_id,
        email=email,
        role=Role.OWNER,
        language=language,
        actor=session.actor,
        by=by,
        inviter=session.person_id,
        now=now,
    )
    have_mailed(team_id, invitation, base_url=base_url)
    return invitation


def invite_to(
    team_id: str,
    *,
    invitation_id: str | None = None,
    email: str,
    role: Role,
    language: str,
    actor: str,
    by: str,
    inviter: str = "",
    session: Session | None = None,
    now: datetime,
) -> Invitation:
    """Invite somebody to a team, in a ``session`` there or from outside; nothing is mailed.

    It can be accepted as long as the ``inviter``, a person, may invite to the team. Raises what :func:`invite` raises.
    """
    email = email.strip().lower()
    if not emails.is_email(email):
        raise Invalid(errors=[("email", "must be an email address, such as ann@agency.example")])
    teams.refuse_foreign_role(role, team_id=team_id)
    rate_limits.count_attempt(rate_limits.limit_key_of("invitations", team_id), limit=limits.INVITATIONS, now=now)
    invitation = Invitation(
        id=invitation_id or new_id("invt", at=now),
        email=email,
        role=role,
        language=language,
        invited_by=by,
        invited_at=now,
        ends_at=(now + INVITATIONS_LAST).replace(microsecond=0),
        inviter=inviter,
    )
    teams.store_invitation(team_id, invitation, actor=actor, session=session, now=now)
    return invitation


def have_mailed(team_id: str, invitation: Invitation, *, base_url: str) -> None:
    """Have the link mailed, a moment later."""
    event = {"mail": MAIL, "team_id": team_id, "invitation_id": invitation.id, "base_url": base_url}
    lambdas.start(settings().send_password_reset_function, event)


def send_link(*, team_id: str, invitation_id: str, base_url: str, now: datetime) -> bool:
    """Mail the link of an invitation that is still open. Returns whether it was, and its address takes mail."""
    invitation = teams.open_invitation(team_id, invitation_id, now=now)
    if invitation is None or suppressions.is_suppressed(invitation.email):
        return False
    letter = people_mails.write_invitation(
        email=invitation.email,
        team=teams.name_of(team_id),
        language=invitation.language,
        link=link_for(team_id, invitation, base_url=base_url, now=now),
        product_name=mailing.product_name(),
    )
    mailing.send(letter, to=invitation.email, now=now)
    return True


def link_for(team_id: str, invitation: Invitation, *, base_url: str, now: datetime) -> str:
    """The link by which an invitation is accepted."""
    claims = {"sub": team_id, "jti": invitation.id}
    token = tokens.sign_token(_PURPOSE, claims, now=now, ends_at=invitation.ends_at)
    return f"{base_url}/portal/invitations/{token}"


def invited_by(token: str, *, now: datetime) -> Invited:
    """What a link invites to. Raises :class:`NotFound` if it was accepted or withdrawn, replaced, or has expired, and
    once whoever sent it may not invite people any more."""
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    team_id = str(claims["sub"]) if claims else ""
    invitation = teams.open_invitation(team_id, str(claims["jti"]), now=now) if claims else None
    if invitation is None:
        raise NotFound("This invitation is not open any more. Ask for another one.")
    known = person_rows.get(persons.id_of(invitation.email))
    return Invited(invitation, team_id, teams.name_of(team_id), has_password=known is not None)


def accept(*, token: str, name: str = "", password: str = "", now: datetime) -> Person:
    """Join the team of a link, and then sign in. Who has a password needs no ``name`` and ``password`` here.

    Raises :class:`Invalid` for both at once, which doesn't use up the link, and what :func:`invited_by` raises.
    """
    invited = invited_by(token, now=now)
    invitation = invited.invitation
    newcomer = Person(
        id=persons.id_of(invitation.email),
        email=invitation.email,
        name=name if invited.has_password else _refuse_unusable(name, password, email=invitation.email),
        language=invitation.language,
        password_hash="" if invited.has_password else passwords.hash_password(password),
        created_at=now,
        updated_at=now,
    )
    return teams.join(invited.team_id, invitation.id, newcomer, now=now)


def _refuse_unusable(name: str, password: str, *, email: str) -> str:
    """The name as it is stored. Raises :class:`Invalid` with what is wrong with either."""
    errors = []
    try:
        shown = persons.named(name)
    except ValueError as error:
        errors.append(("name", str(error)))
    if found := password_rules.fault(password, account_name=email):
        errors.append(("password", found))
    if errors:
        raise Invalid(errors=errors)
    return shown
