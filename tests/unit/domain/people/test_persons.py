"""A person's sessions (docs/rules.md §8)."""

from datetime import timedelta

from chalicelib.domain.people.persons import MOST_SESSIONS, Person, id_of, with_session, without_sessions
from chalicelib.domain.people.sessions import LIFETIME, OpenSession
from tests.builders import NOW

ANN = Person(
    "prs_ann", "ann@agency.example", "Ann", "en", "hash", created_at=NOW, updated_at=NOW, teams=("prt_1", "prt_2")
)


def opened(id, team="prt_1", at=NOW):
    return OpenSession(id, team, begun_at=at, ends_at=at + LIFETIME)


def with_sessions(*sessions):
    person = ANN
    for each in sessions:
        person, _ = with_session(person, each, now=each.begun_at)
    return person


def test_an_address_in_capitals_is_the_same_persons():
    assert id_of("Ann@Agency.example") == id_of("ann@agency.example") != id_of("anne@agency.example")


def test_one_session_too_many_ends_the_oldest():
    person = with_sessions(*(opened(str(n)) for n in range(MOST_SESSIONS)))

    person, gone = with_session(person, opened("new"), now=NOW)

    assert [each.id for each in gone] == ["0"]
    assert len(person.sessions) == MOST_SESSIONS


def test_sessions_that_are_over_leave_the_list():
    person, gone = with_session(with_sessions(opened("old")), opened("new", at=NOW + LIFETIME), now=NOW + LIFETIME)
    kept, none = with_session(
        with_sessions(opened("old")), opened("new"), now=NOW + LIFETIME - timedelta(milliseconds=1)
    )

    assert ([each.id for each in person.sessions], [each.id for each in gone]) == (["new"], ["old"])
    assert ([each.id for each in kept.sessions], none) == (["old", "new"], ())


def test_the_team_of_the_latest_session_comes_first():
    assert with_sessions(opened("a", team="prt_2")).teams == ("prt_2", "prt_1")


def test_sessions_end_by_team_by_id_or_all_but_one():
    person = with_sessions(opened("a"), opened("b", team="prt_2"), opened("c"))

    def ended(**which):
        rest, gone = without_sessions(person, **which)
        assert {*rest.sessions, *gone} == {*person.sessions}
        return {each.id for each in gone}

    assert ended(team_id="prt_1") == {"a", "c"}
    assert ended(ids=["b", "of somebody else"]) == {"b"}
    assert ended(but="c") == {"a", "b"}
    assert ended() == {"a", "b", "c"}
