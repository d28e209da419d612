"""A person is mailed once what changes about its sign-in, and what becomes of it in a team (docs/rules.md §8, §11)."""

from datetime import timedelta

import pytest

from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.gateways import sandbox_mail
from chalicelib.services.events import notices
from chalicelib.services.events.notices import Outcome
from chalicelib.services.people import credentials, second_factors, sessions, teams
from tests.builders import NOW
from tests.people import PARTNER, PASSWORD, last_event, make_partner, make_person

OTHER = "twelve-brown-bottles"

pytestmark = pytest.mark.usefixtures("aws")


def session_of(person, **given):
    return sessions.begin(person_id=person.id, now=NOW, **given).session


def change_password(person):
    credentials.change(session=session_of(person), password=PASSWORD, new_password=OTHER, now=NOW, told_at=NOW)


def send(event, message_id="m1"):
    return notices.send(event, message_id=message_id, now=NOW)


def subjects():
    return {(mail.to, mail.subject) for mail in sandbox_mail.kept()}


def test_who_belongs_to_two_teams_gets_one_mail_of_a_new_password():
    make_partner()
    make_partner("prt_other")
    ann = make_person()
    make_person(team="prt_other")
    change_password(ann)

    outcomes = [send(last_event(team), team) for team in (PARTNER, "prt_other", PARTNER)]

    assert outcomes == [Outcome.SENT, Outcome.REPEATED, Outcome.REPEATED]
    (mail,) = sandbox_mail.kept()
    assert (mail.to, mail.subject) == (ann.email, "Your password for Sublet was changed")
    assert "(America/Chicago)" in mail.text
    assert mail.tags["partner"] == PARTNER
    assert PASSWORD not in mail.text
    assert OTHER not in mail.text


def test_the_vendors_people_are_told_too():
    change_password(make_person(team=VENDOR, role=Role.OPERATOR))

    assert send(last_event(VENDOR)) is Outcome.SENT

    (mail,) = sandbox_mail.kept()
    assert (mail.tags["partner"], "(UTC)" in mail.text) == (VENDOR, True)


def test_who_gets_another_role_or_is_removed_hears_of_both():
    make_partner()
    owner, bob = make_person(), make_person("bob@agency.example")

    teams.change_role(session_of(owner), person_id=bob.id, role=Role.READ_ONLY, now=NOW)
    send(last_event())
    assert "Role: Read only" in sandbox_mail.kept()[0].text
    teams.remove(session_of(owner), person_id=bob.id, now=NOW)
    send(last_event())

    assert subjects() == {
        (bob.email, "Your role in the team of Bright Agency has changed"),
        (bob.email, "You no longer belong to the team of Bright Agency"),
    }


def test_a_recovery_code_is_told_when_it_is_used_a_code_of_the_app_is_not(monkeypatch):
    make_partner()
    ann = make_person()
    monkeypatch.setattr(second_factors, "_step_of", lambda code, **_: 1 if code == "123456" else None)
    setup = second_factors.begin_setup(session_of(ann), now=NOW)
    codes = second_factors.finish_setup(
        session_of(ann), token=setup.token, code="123456", password=PASSWORD, now=NOW, told_at=NOW
    )
    given = {"generation": 1, "now": NOW, "told_at": NOW + timedelta(days=1)}

    assert second_factors.use_code(ann.id, "123456", **given)
    assert last_event().type == "member.app_set_up"
    assert second_factors.use_code(ann.id, codes[0], **given)
    assert not second_factors.use_code(ann.id, codes[0], **given)

    event = last_event()
    assert (event.type, event.at, event.data["codes_left"]) == ("member.recovery_code_used", given["told_at"], 9)
    assert codes[0] not in str(event)
