"""Signing in to the portal: with a password and, where one is set up, a second factor (docs/rules.md §8)."""

from datetime import datetime, timedelta

from chalicelib.domain.clients import rate_limits as limits
from chalicelib.domain.people.sessions import Session
from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.values import dataclass
from chalicelib.services.clients import rate_limits, tokens
from chalicelib.services.people import credentials, second_factors, sessions
from chalicelib.services.people.sessions import BegunSession

_PURPOSE = "sign_in"
_CODE_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class CodeNeeded:
    """The password is right, and a code is needed besides. ``token`` says so to :func:`enter_code`."""

    token: str


class WrongCode(Refusal):
    """The code is wrong, or was used before."""

    kind = RefusalKind.UNAUTHENTICATED
    code = "wrong_code"
    title = "The code is wrong"


class SignInOver(Refusal):
    """Too much time has passed since the password was entered, or it was replaced."""

    kind = RefusalKind.UNAUTHENTICATED
    code = "sign_in_over"
    title = "Sign in again"


def enter_password(*, email: str, password: str, source: str, device: str, now: datetime) -> BegunSession | CodeNeeded:
    """Begin a session, or ask for a code. ``source`` is the network address, ``device`` the browser's name.

    Raises what :func:`credentials.check` raises, also for too many sign-ins from one address, and
    :class:`sessions.NotInTeam`.
    """
    by_address = rate_limits.address_key("portal_sign_in", source)
    rate_limits.count_attempt(by_address, limit=limits.PORTAL_SIGN_INS_BY_ADDRESS, now=now)
    person = credentials.check(email=email, password=password, now=now)
    if person.second_factor is None:
        return sessions.begin(person_id=person.id, device=device, now=now)
    claims: dict[str, str | int] = {"sub": person.id, "generation": person.generation}
    return CodeNeeded(tokens.sign_token(_PURPOSE, claims, now=now, ends_at=now + _CODE_WITHIN))


def enter_code(*, token: str, code: str, device: str, now: datetime, told_at: datetime) -> BegunSession:
    """Begin a session with a code of the app or a recovery code. ``told_at`` is the product's clock.

    Raises :class:`SignInOver`, :class:`WrongCode`, :class:`sessions.NotInTeam` and
    :class:`~chalicelib.domain.clients.rate_limits.TooManyTries`.
    """
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    if claims is None:
        raise SignInOver("Enter your password again.")
    person_id = str(claims["sub"])
    if not second_factors.use_code(person_id, code, generation=int(claims["generation"]), now=now, told_at=told_at):
        raise WrongCode(
            "The code is wrong or was used before. Enter the one that your app shows now, or another recovery code."
        )
    return sessions.begin(person_id=person_id, device=device, now=now)


def switch_team(session: Session, *, team_id: str, device: str, now: datetime) -> BegunSession:
    """Go on in another of the person's teams: a new session takes the place of this one.

    Raises :class:`sessions.NotInTeam`.
    """
    begun = sessions.begin(person_id=session.person_id, team_id=team_id, device=device, now=now)
    sessions.end(person_id=session.person_id, session_id=session.id)
    return begun
