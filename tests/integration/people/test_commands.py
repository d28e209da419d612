"""`python -m infra.people`, and the people of the demo."""

import json

import pytest

from chalicelib.api import clock
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.services.people import invitations, sign_ins
from chalicelib.services.people.sign_ins import BegunSession, CodeNeeded
from infra import people
from infra.commands import DONE, REFUSED
from infra.local import demo_people
from tests.people import PARTNER, make_partner, make_person


@pytest.fixture
def command(aws, monkeypatch, capsys):
    """Run the command on the tables of the test; what it prints."""
    monkeypatch.setattr("infra.commands.take_on", lambda *, stack: None)
    monkeypatch.setattr(people, "_base_url", lambda arguments: "https://api.example")
    make_partner()

    def run(*arguments):
        code = people.main(list(arguments))
        printed = capsys.readouterr()
        return code, (printed.out or printed.err).strip()

    return run


def test_the_first_operator_is_invited_by_command(command):
    code, link = command("invite", "olga@vendor.example")

    assert code == DONE
    assert link.startswith("https://api.example/portal/invitations/")
    invited = invitations.invited_by(link.rpartition("/")[2], now=clock.machine_now())
    assert (invited.team_id, invited.team_name, invited.invitation.role) == (VENDOR, "Sublet", Role.OPERATOR)


def test_an_owner_of_a_partner_too_and_both_are_listed(command):
    make_person()
    command("invite", "bob@agency.example", "--partner", PARTNER, "--role", "billing")

    listed = json.loads(command("list", "--partner", PARTNER, "--json")[1])

    assert [(each["email"], each["role"], each["invited"]) for each in listed] == [
        ("ann@agency.example", "owner", False),
        ("bob@agency.example", "billing", True),
    ]
    assert "bob@agency.example" in command("list", "--partner", PARTNER)[1]


@pytest.mark.parametrize(
    "arguments",
    [("invite", "nobody"), ("invite", "a@b.example", "--partner", "prt_x"), ("turn-off-app", "a@b.example")],
)
def test_what_cannot_be_is_refused_in_words(command, arguments):
    code, message = command(*arguments)

    assert code == REFUSED
    assert message


def test_who_lost_the_app_signs_in_without_it(command):
    from tests.integration.people.test_sign_ins import set_up, sign_in

    set_up(make_person())
    assert isinstance(sign_in(), CodeNeeded)

    assert command("turn-off-app", "Ann@agency.example")[0] == DONE

    assert isinstance(sign_in(), BegunSession)


def test_somebody_signs_in_for_each_demo_partner(aws):
    make_partner()

    for team, email in ((PARTNER, "owner@agency.example"), (VENDOR, "olga@vendor.example")):
        demo_people.join(team, email)

        begun = sign_ins.enter_password(
            email=email, password=demo_people.PASSWORD, source="", device="", now=clock.machine_now()
        )
        assert isinstance(begun, BegunSession)
        assert begun.session.role.manages_team
