"""Inviting people, and what becomes of them in a team (docs/rules.md §8)."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from chalicelib.domain.clients.rate_limits import INVITATIONS, TooManyTries
from chalicelib.domain.events.suppressions import Reason, Suppression
from chalicelib.domain.ids import new_id
from chalicelib.domain.people import teams as domain
from chalicelib.domain.people.persons import id_of
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.domain.people.teams import INVITATIONS_LAST, AlreadyMember, LastOwner, TeamFull
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.gateways import lambdas, sandbox_mail
from chalicelib.models.events import suppressions
from chalicelib.models.people import teams as team_rows
from chalicelib.services.partners.partners import HouseHasNoKeys
from chalicelib.services.people import invitations, sessions, teams
from chalicelib.services.people.teams import NotYourTeam
from tests.builders import NOW
from tests.people import PARTNER, PASSWORD, last_event, make_partner, make_person

SECOND = timedelta(seconds=1)
BASE = "https://api.example"
NEW = "new@agency.example"


@pytest.fixture
def started(aws):
    """What the function that mails links was started with."""
    make_partner()
    with patch.object(lambdas, "start") as start:
        yield lambda: [call.args[1] for call in start.call_args_list]


def session_of(person, **given):
    return sessions.begin(person_id=person.id, **{"now": NOW} | given).session


def invite(session, email=NEW, role=Role.MEMBER, **given):
    asked = {"invitation_id": new_id("invt", at=NOW), "language": "de", "base_url": BASE, "now": NOW}
    return invitations.invite(session, email=email, role=role, **asked | given)


def token_of(invitation, team=PARTNER):
    return invitations.link_for(team, invitation, base_url=BASE, now=NOW).rpartition("/")[2]


def test_the_link_is_mailed_in_the_language_chosen_and_leads_into_the_team(started):
    invitation = invite(session_of(make_person(name="Ann")), email=" New@Agency.Example ")

    (asked,) = started()
    assert invitations.send_link(**{name: asked[name] for name in asked if name != "mail"}, now=NOW)

    (mail,) = sandbox_mail.kept()
    assert (mail.to, mail.subject) == (NEW, "Bright Agency lädt Sie zu Sublet ein")
    token = mail.text.partition("/portal/invitations/")[2].split()[0]
    invited = invitations.invited_by(token, now=NOW)
    assert (invited.invitation, invited.team_name, invited.has_password) == (invitation, "Bright Agency", False)


def test_who_accepts_is_in_the_team_and_in_its_event_log(started):
    token = token_of(invite(session_of(make_person()), role=Role.BILLING))

    new = invitations.accept(token=token, name=" Nadia ", password="a green bottle", now=NOW)

    assert (new.name, new.language, new.email) == ("Nadia", "de", NEW)
    assert session_of(new).role is Role.BILLING
    event = last_event()
    assert (event.type, event.actor, event.partner_id) == ("member.joined", f"person:{new.id}", PARTNER)
    assert event.data == {"person_id": new.id, "email": NEW, "name": "Nadia", "language": "de", "role": "billing"}
    with pytest.raises(NotFound):
        invitations.accept(token=token, name="Eve", password="another bottle", now=NOW)


def test_what_is_wrong_with_name_and_password_is_said_at_once_and_the_link_goes_on(started):
    token = token_of(invite(session_of(make_person())))

    with pytest.raises(Invalid) as refused:
        invitations.accept(token=token, name=" ", password=NEW, now=NOW)

    assert [field for field, _ in refused.value.errors] == ["name", "password"]
    assert invitations.accept(token=token, name="Nadia", password=PASSWORD, now=NOW)


def test_who_has_a_password_keeps_it_and_belongs_to_both_teams(started):
    known = make_person(NEW, team="prt_other", name="Known")
    token = token_of(invite(session_of(make_person())))

    assert invitations.invited_by(token, now=NOW).has_password
    joined = invitations.accept(token=token, name="Eve", password="a green bottle", now=NOW)

    assert (joined.name, joined.password_hash) == ("Known", known.password_hash)
    assert session_of(joined, team_id="prt_other").role is Role.OWNER
    assert session_of(joined, team_id=PARTNER).role is Role.MEMBER


def test_a_link_ends_after_a_week_by_another_one_and_when_it_is_withdrawn(started):
    session = session_of(make_person())
    first, second = invite(session), invite(session)

    assert invitations.invited_by(token_of(second), now=NOW + INVITATIONS_LAST - SECOND)
    for token, at in ((token_of(first), NOW), (token_of(second), NOW + INVITATIONS_LAST), ("x", NOW)):
        with pytest.raises(NotFound):
            invitations.invited_by(token, now=at)
    teams.withdraw_invitation(session, invitation_id=second.id, now=NOW)
    assert last_event().type == "member.invitation_withdrawn"
    assert not invitations.send_link(team_id=PARTNER, invitation_id=second.id, base_url=BASE, now=NOW)
    with pytest.raises(NotFound):
        invitations.invited_by(token_of(second), now=NOW)


def test_a_form_that_is_sent_twice_invites_once(started):
    session = session_of(make_person())

    first, again = (invite(session, invitation_id="invt_1") for _ in range(2))

    assert teams.list_people(session, now=NOW).invitations == (first,) == (again,)


def test_an_address_that_refuses_mail_gets_none(started):
    invitation = invite(session_of(make_person()))
    suppressions.add(Suppression(NEW, Reason.BOUNCE, detail="", at=NOW), actor="test")

    assert not invitations.send_link(team_id=PARTNER, invitation_id=invitation.id, base_url=BASE, now=NOW)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"email": "no address"}, "email"), ({"role": Role.OPERATOR}, "role")],
    ids=["no email address", "a role of the vendor's"],
)
def test_an_invitation_that_cannot_be_is_refused(started, wrong, field):
    with pytest.raises(Invalid) as refused:
        invite(session_of(make_person()), **wrong)

    assert [name for name, _ in refused.value.errors] == [field]
    assert not started()


def test_a_member_is_not_invited_again(started):
    with pytest.raises(AlreadyMember):
        invite(session_of(make_person()), email="Ann@agency.example")


def test_a_team_cannot_mail_the_world(started):
    session = session_of(make_person())
    for _ in range(INVITATIONS.tries):
        invitations.rate_limits.count_attempt(
            invitations.rate_limits.limit_key_of("invitations", PARTNER), limit=INVITATIONS, now=NOW
        )

    with pytest.raises(TooManyTries):
        invite(session)


@pytest.mark.parametrize("role", [Role.BILLING, Role.MEMBER, Role.READ_ONLY])
def test_only_owners_change_the_team_but_everybody_may_leave(started, role):
    owner, other = make_person(), make_person("bob@agency.example", role=role)
    session = session_of(other)

    for change in (
        lambda: invite(session),
        lambda: teams.withdraw_invitation(session, invitation_id="invt_1", now=NOW),
        lambda: teams.change_role(session, person_id=other.id, role=Role.OWNER, now=NOW),
        lambda: teams.remove(session, person_id=owner.id, now=NOW),
    ):
        with pytest.raises(NotYourTeam):
            change()
    teams.remove(session, person_id=other.id, now=NOW)
    assert [each.person.id for each in teams.people_of(PARTNER, now=NOW).members] == [owner.id]


def test_who_is_removed_is_out_at_once_and_stays_in_other_teams(started):
    owner, bob = make_person(), make_person("bob@agency.example")
    make_person("bob@agency.example", team="prt_other")
    here = sessions.begin(person_id=bob.id, team_id=PARTNER, now=NOW)
    there = sessions.begin(person_id=bob.id, team_id="prt_other", now=NOW)

    teams.remove(session_of(owner), person_id=bob.id, now=NOW)

    assert sessions.find(here.token, now=NOW) is None
    assert sessions.find(there.token, now=NOW) is not None
    assert (last_event().type, last_event().actor) == ("member.removed", f"person:{owner.id}")
    with pytest.raises(sessions.NotInTeam):
        sessions.begin(person_id=bob.id, team_id=PARTNER, now=NOW)


def test_another_role_counts_at_once(started):
    owner, bob = make_person(), make_person("bob@agency.example")
    before = sessions.begin(person_id=bob.id, now=NOW)

    teams.change_role(session_of(owner), person_id=bob.id, role=Role.READ_ONLY, now=NOW)

    assert sessions.find(before.token, now=NOW) is None
    assert session_of(bob).scopes == ("read",)
    assert last_event().data["before"] == "owner"


def test_the_last_owner_neither_leaves_nor_becomes_less(started):
    owner = make_person()
    make_person("bob@agency.example", role=Role.BILLING)
    session = session_of(owner)

    for change in (
        lambda: teams.remove(session, person_id=owner.id, now=NOW),
        lambda: teams.change_role(session, person_id=owner.id, role=Role.BILLING, now=NOW),
    ):
        with pytest.raises(LastOwner):
            change()


def test_two_owners_who_remove_each_other_at_once_leave_one(started):
    ann, bob = make_person(), make_person("bob@agency.example")
    session, read = session_of(ann), team_rows.get

    def meanwhile(team_id):
        found = read(team_id)
        if patched.call_count == 1:
            with patch.object(team_rows, "get", read):
                teams.remove(session_of(bob), person_id=ann.id, now=NOW)
        return found

    with patch.object(team_rows, "get", side_effect=meanwhile) as patched, pytest.raises(NotYourTeam):
        teams.remove(session, person_id=bob.id, now=NOW)

    assert [each.person.id for each in teams.people_of(PARTNER, now=NOW).members] == [bob.id]


def test_a_request_that_was_begun_before_its_owner_became_less_is_refused(started):
    owner, bob = make_person(), make_person("bob@agency.example")
    begun = session_of(bob)
    teams.change_role(session_of(owner), person_id=bob.id, role=Role.MEMBER, now=NOW)

    for change in (
        lambda: invite(begun),
        lambda: teams.change_role(begun, person_id=bob.id, role=Role.OWNER, now=NOW),
        lambda: teams.remove(begun, person_id=owner.id, now=NOW),
    ):
        with pytest.raises(NotYourTeam):
            change()
    assert not started()


def test_a_member_of_another_team_is_nobody_here(started):
    session, stranger = session_of(make_person()), make_person("eve@other.example", team="prt_other")

    for change in (
        lambda: teams.remove(session, person_id=stranger.id, now=NOW),
        lambda: teams.change_role(session, person_id=stranger.id, role=Role.MEMBER, now=NOW),
    ):
        with pytest.raises(NotFound):
            change()


def test_the_page_shows_members_by_name_and_open_invitations(started):
    session = session_of(make_person(name="Zoe"))
    make_person("bob@agency.example", name="bob")
    invite(session)

    shown = teams.list_people(session, now=NOW)
    later = teams.list_people(session, now=NOW + INVITATIONS_LAST)

    assert [each.person.name for each in shown.members] == ["bob", "Zoe"]
    assert ([each.email for each in shown.invitations], later.invitations) == ([NEW], ())


def test_operators_invite_owners_of_partners_and_nobody_else_does(started):
    operator = session_of(make_person("op@vendor.example", team=VENDOR, role=Role.OPERATOR))
    asked = {"email": NEW, "language": "en", "base_url": BASE, "now": NOW}

    invitation = invitations.invite_owner(operator, partner_id=PARTNER, **asked)

    assert invitation.role is Role.OWNER
    assert invitations.accept(token=token_of(invitation), name="N", password=PASSWORD, now=NOW).id == id_of(NEW)
    with pytest.raises(NotYourTeam):
        invitations.invite_owner(session_of(make_person()), partner_id=PARTNER, **asked)
    with pytest.raises(NotFound):
        invitations.invite_owner(operator, partner_id="prt_none", **asked)
    make_partner("prt_house", house=True)
    with pytest.raises(HouseHasNoKeys):
        invitations.invite_owner(operator, partner_id="prt_house", **asked)


def test_the_vendors_team_has_a_log_of_its_own(aws):
    make_person("op@vendor.example", team=VENDOR, role=Role.OPERATOR)

    assert last_event(VENDOR).partner_id == VENDOR


@pytest.mark.parametrize("end", ["removed", "another role"])
def test_an_invitation_ends_when_its_sender_may_not_invite_any_more(started, end):
    owner, bob = make_person(), make_person("bob@agency.example")
    invitation, others = invite(session_of(bob)), invite(session_of(owner), email="other@agency.example")
    token = token_of(invitation)
    assert invitations.invited_by(token, now=NOW)

    if end == "removed":
        teams.remove(session_of(owner), person_id=bob.id, now=NOW)
    else:
        teams.change_role(session_of(owner), person_id=bob.id, role=Role.BILLING, now=NOW)

    assert not invitations.send_link(team_id=PARTNER, invitation_id=invitation.id, base_url=BASE, now=NOW)
    for refused in (
        lambda: invitations.invited_by(token, now=NOW),
        lambda: invitations.accept(token=token, name="Nadia", password=PASSWORD, now=NOW),
    ):
        with pytest.raises(NotFound):
            refused()
    assert teams.people_of(PARTNER, now=NOW).invitations == (others,)


def test_invitations_that_nobody_can_accept_take_no_place_in_a_full_team(started, monkeypatch):
    monkeypatch.setattr(domain, "MOST_PEOPLE", 3)
    owner, bob = make_person(), make_person("bob@agency.example")
    invite(session_of(bob), email="one@agency.example", now=NOW - timedelta(days=8))  # it has expired
    invite(session_of(bob), email="two@agency.example")
    with pytest.raises(TeamFull):
        invite(session_of(owner))

    teams.remove(session_of(owner), person_id=bob.id, now=NOW)
    invited = [invite(session_of(owner), email=email) for email in (NEW, "three@agency.example")]

    assert team_rows.get(PARTNER).invitations == tuple(invited)


def test_an_owner_whom_an_operator_invited_may_come_as_long_as_that_is_an_operator(started):
    operator = make_person("op@vendor.example", team=VENDOR, role=Role.OPERATOR)
    boss = make_person("boss@vendor.example", team=VENDOR, role=Role.OPERATOR)
    invitation = invitations.invite_owner(
        session_of(operator), partner_id=PARTNER, email=NEW, language="en", base_url=BASE, now=NOW
    )
    assert teams.people_of(PARTNER, now=NOW).invitations == (invitation,)

    teams.change_role(session_of(boss), person_id=operator.id, role=Role.OBSERVER, now=NOW)

    with pytest.raises(NotFound):
        invitations.invited_by(token_of(invitation), now=NOW)
