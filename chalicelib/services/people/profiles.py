"""What a person says of herself: her name, and the language of her pages (docs/rules.md §8)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.people import persons
from chalicelib.domain.people.persons import Person
from chalicelib.domain.people.sessions import Session
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.people import persons as person_rows
from chalicelib.models.people import sessions as session_rows
from chalicelib.models.transactions import commit
from chalicelib.services.people import sessions, teams


@dataclass(frozen=True)
class Place:
    """A team that a person belongs to."""

    team_id: str
    name: str


@dataclass(frozen=True)
class Profile:
    """A person, and the teams it belongs to."""

    person: Person
    places: tuple[Place, ...]


def profile_of(session: Session) -> Profile:
    """Who is signed in. Raises :class:`NotFound` for somebody whose row is gone."""
    person = _person(session)
    return Profile(person, tuple(Place(team_id, teams.name_of(team_id)) for team_id in person.teams))


def change(session: Session, *, name: str, language: str, now: datetime) -> None:
    """Change name and language, for this session and all later ones. Raises :class:`Invalid`."""
    try:
        shown = persons.named(name)
    except ValueError as error:
        raise Invalid(errors=[("name", str(error))]) from error

    def attempt() -> None:
        person = replace(_person(session), name=shown, language=language, updated_at=now)
        here = replace(session, name=shown, language=language)
        commit([person_rows.put(person), session_rows.put_changed(here)])

    transactions.retry(attempt, busy=sessions.BUSY)


def _person(session: Session) -> Person:
    person = person_rows.get(session.person_id)
    if person is None:
        raise NotFound.of("person", session.person_id)
    return person
