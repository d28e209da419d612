"""Sessions of the portal (docs/rules.md §8)."""

from datetime import timedelta

import pytest

from chalicelib.config import settings
from chalicelib.domain.people.persons import MOST_SESSIONS
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.domain.people.sessions import LIFETIME
from chalicelib.services.people import sessions
from chalicelib.services.people.sessions import NotInTeam
from tests.books import images
from tests.builders import NOW
from tests.people import PARTNER, make_person

SECOND = timedelta(seconds=1)


def begin(person, **given):
    return sessions.begin(person_id=person.id, **{"now": NOW} | given)


def test_a_session_holds_what_a_page_needs_to_know(aws):
    ann = make_person("ann@agency.example", role=Role.BILLING, name="Ann")

    token = begin(ann, device="Firefox").token
    session = sessions.find(token, now=NOW)

    assert session is not None
    assert (session.person_id, session.email, session.name) == (ann.id, "ann@agency.example", "Ann")
    assert (session.partner_id, session.role, session.scopes) == (PARTNER, Role.BILLING, ("read", "billing"))
    assert session.actor == f"person:{ann.id}"
    assert [each.device for each in sessions.list_open(person_id=ann.id, now=NOW)] == ["Firefox"]


def test_an_operator_has_no_partner(aws):
    begun = begin(make_person("op@vendor.example", team=VENDOR, role=Role.OPERATOR))

    assert (begun.session.partner_id, begun.session.scopes) == (None, ("operator",))


@pytest.fixture
def production(monkeypatch):
    monkeypatch.setenv("STAGE", "prod")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(
    ("team", "role", "scopes"),
    [(VENDOR, Role.OPERATOR, ()), (VENDOR, Role.OBSERVER, ()), (PARTNER, Role.READ_ONLY, ("read",))],
)
def test_in_production_the_vendors_people_may_do_nothing_without_an_app(aws, production, team, role, scopes):
    begun = begin(make_person("op@vendor.example", team=team, role=role))

    assert (begun.session.app_needed, begun.session.scopes) == (not scopes, scopes)
    assert sessions.find(begun.token, now=NOW) == begun.session


def test_the_table_holds_no_token(aws):
    token = begin(make_person()).token

    assert token not in str(images(settings().people_table))


@pytest.mark.parametrize(("after", "is_found"), [(LIFETIME - SECOND, True), (LIFETIME, False)])
def test_a_session_lasts_twelve_hours(aws, after, is_found):
    begun = begin(make_person())

    assert (sessions.find(begun.token, now=NOW + after) is not None) is is_found


@pytest.mark.parametrize("token", ["", "x", "ses_1", "prs_1", "a" * 5_000, "\x00", "ü"])
def test_what_is_no_token_finds_nothing(aws, token):
    begun = begin(make_person())

    assert sessions.find(token, now=NOW) is None
    assert sessions.find(begun.session.id, now=NOW) is None


def test_an_ended_session_is_over_at_once_and_the_others_go_on(aws):
    ann = make_person()
    first, second = begin(ann), begin(ann)

    for _ in range(2):
        sessions.end(person_id=ann.id, session_id=first.session.id)

    assert sessions.find(first.token, now=NOW) is None
    assert sessions.find(second.token, now=NOW) == second.session


def test_nobody_ends_another_persons_session(aws):
    ann, bob = make_person("ann@agency.example"), make_person("bob@agency.example")
    begun = begin(ann)

    sessions.end(person_id=bob.id, session_id=begun.session.id)

    assert sessions.find(begun.token, now=NOW) is not None


def test_all_others_end_together(aws):
    ann = make_person()
    first, kept, third = (begin(ann) for _ in range(3))

    sessions.end_others(kept.session)

    assert [sessions.find(each.token, now=NOW) is not None for each in (first, kept, third)] == [False, True, False]


def test_one_session_too_many_ends_the_oldest(aws):
    ann = make_person()
    begun = [begin(ann) for _ in range(MOST_SESSIONS + 1)]

    assert [sessions.find(each.token, now=NOW) is None for each in begun] == [True] + [False] * MOST_SESSIONS


def test_a_session_begins_in_the_team_that_the_person_was_in_last(aws):
    ann = make_person()
    make_person(team="prt_other", role=Role.READ_ONLY)
    begin(ann, team_id="prt_other")

    assert begin(ann).session.team_id == "prt_other"
    with pytest.raises(NotInTeam):
        begin(ann, team_id="prt_strangers")
