"""Who may still act for a partner: what links and sessions that somebody once made depend on (docs/rules.md §8)."""

from chalicelib.domain.people.roles import Role
from chalicelib.services.partners import actors
from chalicelib.services.people import sessions, teams
from tests.builders import NOW
from tests.people import PARTNER, make_person


def test_a_person_acts_for_the_partner_as_long_as_she_is_in_the_team(aws):
    owner, bob = make_person(), make_person("bob@agency.example", role=Role.MEMBER)
    session = sessions.begin(person_id=owner.id, now=NOW).session

    assert actors.may_still_act(partner_id=PARTNER, actor=bob.actor)
    assert not actors.may_still_act(partner_id="prt_2", actor=bob.actor)
    teams.remove(session, person_id=bob.id, now=NOW)
    assert not actors.may_still_act(partner_id=PARTNER, actor=bob.actor)


def test_what_is_neither_key_nor_person_acts_for_nobody(aws):
    for actor in ("public", "client", "person:", "person:prs_none", "api_key:key_none"):
        assert not actors.may_still_act(partner_id=PARTNER, actor=actor)
