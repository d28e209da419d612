"""The team: who is in it, with which role, and who is invited."""

from chalicelib.domain.people.roles import Role, roles_of
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import LANGUAGES, Visit
from chalicelib.services.people import invitations, teams
from chalicelib.services.people.teams import Member

pages = Pages()


@pages.get("team", scope="signed in")
def show_team(visit: Visit) -> View:
    """Members and open invitations, and a form for whoever may invite."""
    values = {
        "people": teams.list_people(visit.me, now=visit.now),
        "roles": _roles(visit),
        "languages": visit.texts.options("people.team.languages.", LANGUAGES),
    }
    return View("people/team.html", values)


@pages.post("team/invitations", scope="signed in", again=show_team)
def invite(visit: Visit) -> Redirect:
    """Has an invitation mailed; the same address again gets another."""
    invitations.invite(
        visit.me,
        invitation_id=visit.derived_id("invt"),
        email=visit.email("email"),
        role=_role_in(visit),
        language=visit.entered("language", visit.language),
        base_url=visit.base_url,
        now=visit.now,
    )
    return Redirect("team", done="invited")


@pages.post("team/invitations/{invitation_id}/withdraw", scope="signed in")
def withdraw(visit: Visit, invitation_id: str) -> Redirect:
    """Makes the link of an invitation invalid."""
    teams.withdraw_invitation(visit.me, invitation_id=invitation_id, now=visit.now)
    return Redirect("team", done="withdrawn")


@pages.get("team/{person_id}", scope="signed in")
def show_member(visit: Visit, person_id: str) -> View:
    """A member: another role, and what removing does."""
    return View("people/team_member.html", {"member": _member(visit, person_id), "roles": _roles(visit)})


@pages.post("team/{person_id}/role", scope="signed in", again=show_member)
def change_role(visit: Visit, person_id: str) -> Redirect:
    """Gives a member another role, which signs it out of the team."""
    teams.change_role(visit.me, person_id=person_id, role=_role_in(visit), now=visit.now)
    return Redirect("team", done="role_changed")


@pages.post("team/{person_id}/remove", scope="signed in", again=show_member)
def remove(visit: Visit, person_id: str) -> Redirect:
    """Removes a member, or leaves: then this session is over, too."""
    teams.remove(visit.me, person_id=person_id, now=visit.now)
    return Redirect("team", done="removed")


def _member(visit: Visit, person_id: str) -> Member:
    people = teams.list_people(visit.me, now=visit.now)
    found = next((each for each in people.members if each.person.id == person_id), None)
    if found is None:
        raise NotFound.of("member", person_id)
    return found


def _roles(visit: Visit) -> list[tuple[str, str]]:
    return visit.texts.options("people.team.roles.", roles_of(visit.me.team_id))


def _role_in(visit: Visit) -> Role:
    try:
        return Role(visit.entered("role"))
    except ValueError as error:
        raise Invalid(errors=[("role", f"must be one of {', '.join(roles_of(visit.me.team_id))}")]) from error
