"""Who is in a team, and who is invited (docs/rules.md §8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.people import teams
from chalicelib.domain.people.roles import Role
from chalicelib.domain.people.teams import (
    INVITATIONS_LAST,
    MOST_PEOPLE,
    AlreadyMember,
    Invitation,
    LastOwner,
    Membership,
    Team,
    TeamFull,
)
from chalicelib.domain.refusals import NotFound
from tests.builders import NOW

OWNER, MEMBER = Membership("prs_owner", Role.OWNER, NOW), Membership("prs_member", Role.MEMBER, NOW)
TEAM = Team("prt_1", members=(OWNER, MEMBER))
SECOND = timedelta(seconds=1)


def invitation(email="new@agency.example", id="1", **fields):
    given = {"role": Role.MEMBER, "language": "en", "invited_by": "prs_owner", "invited_at": NOW}
    return Invitation(**{"id": id, "email": email, "ends_at": NOW + INVITATIONS_LAST} | given | fields)


def invited(team, each, person_id="prs_new"):
    return teams.with_invitation(team, each, person_id=person_id)


def test_inviting_again_replaces_the_invitation_and_its_link():
    team = invited(invited(TEAM, invitation(id="1")), invitation(id="2", role=Role.BILLING))

    assert [(each.id, each.role) for each in team.invitations] == [("2", Role.BILLING)]
    assert teams.open_invitation(team, "1", now=NOW) is None


@pytest.mark.parametrize(("after", "is_open"), [(INVITATIONS_LAST - SECOND, True), (INVITATIONS_LAST, False)])
def test_an_invitation_lasts_a_week(after, is_open):
    team = invited(TEAM, invitation())

    assert (teams.open_invitation(team, "1", now=NOW + after) is not None) is is_open


def test_members_are_not_invited():
    with pytest.raises(AlreadyMember):
        invited(TEAM, invitation(), person_id="prs_member")


def test_a_team_has_its_most_people_invitations_counted():
    full = replace(TEAM, members=tuple(replace(MEMBER, person_id=f"prs_{n}") for n in range(MOST_PEOPLE - 1)))

    team = invited(full, invitation())

    assert [each.email for each in team.invitations] == ["new@agency.example"]
    with pytest.raises(TeamFull):
        invited(team, invitation("one.more@agency.example"))


def test_who_joins_has_the_role_of_the_invitation_and_who_is_in_already_keeps_the_role():
    asked = invitation(role=Role.BILLING)
    team = invited(TEAM, asked)

    assert teams.joined(team, asked, "prs_new", now=NOW).role_of("prs_new") is Role.BILLING
    assert teams.joined(team, asked, "prs_owner", now=NOW) == TEAM


def test_the_last_owner_stays():
    two = teams.with_role(TEAM, "prs_member", Role.OWNER)

    assert teams.without_member(two, "prs_owner").members == (replace(MEMBER, role=Role.OWNER),)
    with pytest.raises(LastOwner):
        teams.without_member(TEAM, "prs_owner")
    with pytest.raises(LastOwner):
        teams.with_role(TEAM, "prs_owner", Role.MEMBER)


def test_strangers_have_no_place_to_change():
    for change in (
        lambda: teams.without_member(TEAM, "prs_other"),
        lambda: teams.with_role(TEAM, "prs_other", Role.OWNER),
        lambda: teams.without_invitation(TEAM, "other"),
    ):
        with pytest.raises(NotFound):
            change()
