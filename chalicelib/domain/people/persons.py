"""People: whom an email address belongs to, their teams and their sessions (docs/rules.md §8)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.ids import derived_id
from chalicelib.domain.people.sessions import OpenSession
from chalicelib.domain.texts import is_one_line, legible
from chalicelib.domain.values import dataclass

MOST_SESSIONS = 10
"""Open at a time; another one ends the oldest."""
MOST_TEAMS = 50
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """An authenticator app. Its secret isn't stored: it is derived from the master key and the ``salt``.

    ``last_step`` is the step of the last code that was used: it and those before it aren't taken again.
    ``recovery`` are hashes of the recovery codes that are left.
    """

    salt: str
    last_step: int
    recovery: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in with an email address and a password.

    ``teams`` are the ids of those it belongs to, the one it was in last first; its role is kept by the team.
    ``generation`` counts its passwords. ``sessions`` are all that may still be open: ending one is a write of this row.
    """

    id: str
    email: str
    name: str
    language: str
    password_hash: str
    created_at: datetime
    updated_at: datetime
    generation: int = 1
    teams: tuple[str, ...] = ()
    sessions: tuple[OpenSession, ...] = ()
    second_factor: SecondFactor | None = None
    version: int = 0

    @property
    def actor(self) -> str:
        """Who did it, for the event log."""
        return f"person:{self.id}"


def id_of(email: str) -> str:
    """The id of the person with this address. Nobody else can have the address, and a person can't change it."""
    return derived_id("prs", email.lower())


def named(name: str) -> str:
    """A name as it is stored. Raises :class:`ValueError`, which says what it must be."""
    shown = legible(name)
    if not 0 < len(shown) <= LONGEST_NAME or not is_one_line(shown):
        raise ValueError(f"must have 1 to {LONGEST_NAME} characters, on one line")
    return shown


def with_session(person: Person, begun: OpenSession, *, now: datetime) -> tuple[Person, tuple[OpenSession, ...]]:
    """The person with one more session, in the team it was in last from now on; and the sessions that this ends."""
    still_open = [each for each in person.sessions if now < each.ends_at]
    kept = (*still_open, begun)[-MOST_SESSIONS:]
    teams = (begun.team_id, *(each for each in person.teams if each != begun.team_id))
    gone = tuple(each for each in person.sessions if each not in kept)
    return replace(person, sessions=kept, teams=teams), gone


def without_sessions(
    person: Person, *, team_id: str | None = None, ids: Iterable[str] | None = None, but: str | None = None
) -> tuple[Person, tuple[OpenSession, ...]]:
    """The person without its sessions, or only those of a team or with these ids, all ``but`` one; and what ended."""
    named = None if ids is None else frozenset(ids)
    ended = tuple(
        each
        for each in person.sessions
        if each.id != but and team_id in (None, each.team_id) and (named is None or each.id in named)
    )
    return replace(person, sessions=tuple(each for each in person.sessions if each not in ended)), ended
