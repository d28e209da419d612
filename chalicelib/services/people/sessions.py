"""Sessions of the portal: begun, found by the token that the browser holds, and ended at once (docs/rules.md §8)."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from chalicelib.config import settings
from chalicelib.domain.ids import derived_id
from chalicelib.domain.people import persons
from chalicelib.domain.people.persons import Person
from chalicelib.domain.people.roles import VENDOR
from chalicelib.domain.people.sessions import LIFETIME, OpenSession, Session
from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.texts import one_line
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.people import persons as person_rows
from chalicelib.models.people import sessions as session_rows
from chalicelib.models.people import teams as team_rows
from chalicelib.models.transactions import Write, commit

_LONGEST_TOKEN = 100
_DEVICE_LENGTH = 200
BUSY = "Too much happened to your sign-in at once. Try again in a moment."


@dataclass(frozen=True)
class BegunSession:
    """A new session; ``token`` is the only copy there will ever be."""

    token: str
    session: Session


class NotInTeam(Refusal):
    """The person doesn't belong to the team, or not any more."""

    kind = RefusalKind.FORBIDDEN
    code = "not_in_team"
    title = "You don't belong to this team"


def requires_app(team_id: str) -> bool:
    """Whether the people of a team sign in with an authenticator app: in production the vendor's, who have the money of
    all partners in hand (§8)."""
    return team_id == VENDOR and settings().production


def find(token: str, *, now: datetime) -> Session | None:
    """The session of a token; None if it is unknown or has ended. One read. ``now`` is the machine's clock."""
    if not 0 < len(token) <= _LONGEST_TOKEN:
        return None
    session = session_rows.get(_id_of(token))
    return session if session is not None and now < session.ends_at else None


def begin(*, person_id: str, team_id: str | None = None, device: str = "", now: datetime) -> BegunSession:
    """Begin a session in a team, or without one in that where the person was last. Who signs in was found out before.

    Where the team requires an app and the person has none, the session opens nothing but its set-up.

    Raises :class:`NotInTeam`.
    """

    def attempt() -> BegunSession:
        person = person_rows.get(person_id)
        team = team_id or (person.teams[0] if person and person.teams else None)
        role = team_rows.get(team).role_of(person_id) if team else None
        if person is None or team is None or role is None:
            raise NotInTeam("Ask an owner of the team to invite you.")
        token = secrets.token_urlsafe(32)
        session = Session(
            id=_id_of(token),
            person_id=person.id,
            team_id=team,
            email=person.email,
            name=person.name,
            language=person.language,
            role=role,
            csrf=secrets.token_urlsafe(24),
            begun_at=now,
            ends_at=now + LIFETIME,
            app_needed=person.second_factor is None and requires_app(team),
        )
        listed = OpenSession(session.id, team, now, session.ends_at, one_line(device)[:_DEVICE_LENGTH])
        changed, gone = persons.with_session(person, listed, now=now)
        removed = [session_rows.remove(each.id) for each in gone]
        commit([*removed, person_rows.put(changed), session_rows.put(session)])
        return BegunSession(token, session)

    return transactions.retry(attempt, busy=BUSY)


def list_open(*, person_id: str, now: datetime) -> tuple[OpenSession, ...]:
    """A person's sessions, the latest first."""
    person = person_rows.get(person_id)
    return tuple(each for each in reversed(person.sessions) if now < each.ends_at) if person else ()


def end(*, person_id: str, session_id: str) -> None:
    """End one of a person's sessions, at once. Ending it again changes nothing, nor does another person's id."""

    def attempt() -> None:
        person = person_rows.get(person_id)
        if person is not None and any(each.id == session_id for each in person.sessions):
            commit_without(person, ids=[session_id])

    transactions.retry(attempt, busy=BUSY)


def end_others(session: Session) -> None:
    """End all sessions of a person but this one, in whatever team."""

    def attempt() -> None:
        person = person_rows.get(session.person_id)
        if person is not None:
            commit_without(person, but=session.id)

    transactions.retry(attempt, busy=BUSY)


def commit_without(
    person: Person,
    *also: Write,
    team_id: str | None = None,
    ids: Iterable[str] | None = None,
    but: str | None = None,
) -> None:
    """Store a person, whatever has changed, without some of its sessions (see :func:`persons.without_sessions`), and
    what ``also`` is to be written. Raises :class:`~chalicelib.models.transactions.WriteConflict`."""
    changed, ended = persons.without_sessions(person, team_id=team_id, ids=ids, but=but)
    commit([*(session_rows.remove(each.id) for each in ended), person_rows.put(changed), *also])


def _id_of(token: str) -> str:
    return derived_id("ses", token)
