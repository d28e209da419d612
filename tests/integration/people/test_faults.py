"""Whatever breaks while people sign in or change a team, what is stored agrees, and the same request goes through."""

from contextlib import suppress
from functools import partial

import pytest

from chalicelib.config import settings
from chalicelib.domain.people.persons import id_of
from chalicelib.domain.people.roles import Role
from chalicelib.domain.refusals import Refusal
from chalicelib.models.people import persons as person_rows
from chalicelib.models.people import teams as team_rows
from chalicelib.services.people import credentials, invitations, sessions, teams
from tests.books import images
from tests.breaker import Breaker, Killed, faults_of
from tests.builders import NOW
from tests.faults import Stored
from tests.people import PARTNER, PASSWORD, make_partner, make_person

BOB = "bob@agency.example"


def prepare():
    """An owner and a member who is signed in here and elsewhere, and somebody who is invited."""
    make_partner()
    ann, bob = make_person(), make_person(BOB, role=Role.MEMBER)
    make_person(BOB, team="prt_2")
    owner = sessions.begin(person_id=ann.id, now=NOW).session
    session = sessions.begin(person_id=bob.id, team_id=PARTNER, now=NOW).session
    sessions.begin(person_id=bob.id, team_id="prt_2", now=NOW)
    invitation = invitations.invite_to(
        PARTNER, email="new@agency.example", role=Role.BILLING, language="en", actor=ann.actor, by="Ann", now=NOW
    )
    token = invitations.link_for(PARTNER, invitation, base_url="", now=NOW).rpartition("/")[2]
    return owner, session, token


RUNS = {
    "sign in": lambda owner, bob, token: sessions.begin(person_id=bob.person_id, now=NOW),
    "sign out": lambda owner, bob, token: sessions.end(person_id=bob.person_id, session_id=bob.id),
    "accept": lambda owner, bob, token: invitations.accept(token=token, name="N", password=PASSWORD, now=NOW),
    "another role": lambda owner, bob, token: teams.change_role(
        owner, person_id=bob.person_id, role=Role.OWNER, now=NOW
    ),
    "remove": lambda owner, bob, token: teams.remove(owner, person_id=bob.person_id, now=NOW),
    "new password": lambda owner, bob, token: credentials.change(
        session=bob, password=PASSWORD, new_password="a green bottle", now=NOW, told_at=NOW
    ),
}


def what_agrees():
    """The roles and sessions of all people, once it is certain that the rows agree about them."""
    people = [
        person_rows.get(each["id"]["S"])
        for each in images(settings().people_table)
        if each["id"]["S"].startswith("prs_")
    ]
    open_sessions = {
        each["id"]["S"]: each for each in images(settings().people_table) if each["id"]["S"].startswith("ses_")
    }
    assert {each.id for person in people for each in person.sessions} == open_sessions.keys()
    members = {(team, each.person_id): each.role for team in (PARTNER, "prt_2") for each in team_rows.get(team).members}
    assert {(team, person.id) for person in people for team in person.teams} == members.keys()
    for each in open_sessions.values():
        assert each["role"]["S"] == members[each["team_id"]["S"], each["person_id"]["S"]]
    assert any(role.manages_team for (team, _), role in members.items() if team == PARTNER)
    return members, sorted((each["person_id"]["S"], each["team_id"]["S"]) for each in open_sessions.values())


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_fault_at_any_call_leaves_rows_that_agree(aws, run):
    request = partial(run, *prepare())
    stored, undisturbed = Stored.now(), Breaker()
    with undisturbed.watching():
        request()
    expected = what_agrees()
    calls = undisturbed.calls

    for place, fault in [(place, fault) for place, call in enumerate(calls) for fault in faults_of(call)]:
        stored.restore()
        breaker = Breaker(place=place, fault=fault, overtake=partial(quietly, request))
        with suppress(Killed, Exception), breaker.watching():
            request()
        assert breaker.injected, (place, fault)
        left = what_agrees()
        if left != expected:
            quietly(request)
            assert run is RUNS["sign in"] or what_agrees() == expected, (calls[place], fault)


def quietly(request):
    with suppress(Refusal):
        request()


def test_nobody_who_was_not_invited_is_in(aws):
    prepare()

    assert team_rows.get(PARTNER).role_of(id_of("new@agency.example")) is None
