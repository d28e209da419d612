"""The codes of an authenticator app (RFC 6238), and recovery codes for when it is lost (docs/rules.md §8).

An app's secret is stored nowhere: it is derived from the master key, whose it is, and a random salt.
"""

import base64
import hashlib
import hmac
import secrets as randomness
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.clients import rate_limits as limits
from chalicelib.domain.people import persons
from chalicelib.domain.people.persons import Person, SecondFactor
from chalicelib.domain.people.sessions import Session
from chalicelib.domain.refusals import Invalid, NotFound, Refusal, RefusalKind
from chalicelib.domain.values import dataclass
from chalicelib.gateways import secrets
from chalicelib.models import transactions
from chalicelib.models.people import persons as person_rows
from chalicelib.models.people import sessions as session_rows
from chalicelib.models.transactions import Put
from chalicelib.services.clients import rate_limits, tokens
from chalicelib.services.people import credentials, mailing, sessions, teams

RECOVERY_CODES = 10
_PURPOSE = "second_factor"
_SETUP_LASTS = timedelta(minutes=30)
_STEP_SECONDS = 30
_SECRET_BYTES = 20
"""160 bits, as RFC 4226 recommends."""
_RECOVERY_BYTES = 10
"""80 bits: too many to guess from their hash."""


@dataclass(frozen=True)
class Setup:
    """A secret that an app may take up. Nothing is stored until a code of it proves that it has; ``token`` names it."""

    token: str
    secret: str
    uri: str


class AppRequired(Refusal):
    """The people of this team sign in with an app (:func:`sessions.requires_app`)."""

    kind = RefusalKind.FORBIDDEN
    code = "app_required"
    title = "Your team requires an app"


def begin_setup(session: Session, *, now: datetime) -> Setup:
    """A new secret for the person's app, to be shown as a QR code of its ``uri`` and to be typed in."""
    claims = {"sub": session.person_id, "salt": randomness.token_urlsafe(16)}
    return _setup_of(session, tokens.sign_token(_PURPOSE, claims, now=now, ends_at=now + _SETUP_LASTS), claims["salt"])


def setup_of(session: Session, token: str, *, now: datetime) -> Setup:
    """A set-up that was begun, to show it again. Raises :class:`NotFound` after half an hour, and for another's."""
    return _setup_of(session, token, _salt_of(session, token, now=now))


def finish_setup(
    session: Session, *, token: str, code: str, password: str, now: datetime, told_at: datetime
) -> tuple[str, ...]:
    """Ask for codes of this app from now on, instead of an earlier one's, and end all other sessions. This one, if the
    app was what it needed, is open to everything.

    Returns the recovery codes, which are shown once. Raises :class:`Invalid` for a wrong code, and what
    :func:`setup_of` and :func:`credentials.check` raise.
    """
    salt = _salt_of(session, token, now=now)
    _check_password(session, password, now=now)
    step = _step_of(code, secret=_secret(session.person_id, salt), after=-1, now=now)
    if step is None:
        raise Invalid(errors=[("code", "must be the code that the app shows now; check the clock of your phone")])
    codes = _new_codes()
    factor = SecondFactor(salt, last_step=step, recovery=tuple(map(_hash, codes)))
    _store(session, factor, event="member.app_set_up", now=now, told_at=told_at)
    return codes


def turn_off(session: Session, *, password: str, now: datetime, told_at: datetime) -> None:
    """Sign in with the password alone from now on. Raises :class:`AppRequired`, and what :func:`credentials.check`
    raises."""
    if sessions.requires_app(session.team_id):
        raise AppRequired("You can set up another app, which takes the place of this one.")
    _check_password(session, password, now=now)
    _store(session, None, event="member.app_turned_off", now=now, told_at=told_at)


def turn_off_for(email: str, *, actor: str, now: datetime, told_at: datetime) -> None:
    """For somebody who has lost the app and the recovery codes: sign in with the password alone, and anew everywhere.

    Raises :class:`NotFound`.
    """

    def attempt() -> None:
        person = person_rows.get(persons.id_of(email))
        if person is None:
            raise NotFound.of("person", email)
        told = teams.put_told(person, "member.app_turned_off", at=told_at, actor=actor)
        sessions.commit_without(replace(person, second_factor=None, updated_at=now), *told)

    transactions.retry(attempt, busy=sessions.BUSY)


def renew_recovery_codes(session: Session, *, password: str, now: datetime, told_at: datetime) -> tuple[str, ...]:
    """Other recovery codes in place of all earlier ones. Raises :class:`NotFound` without an app, and what
    :func:`credentials.check` raises."""
    _check_password(session, password, now=now)
    codes = _new_codes()

    def attempt() -> None:
        person = person_rows.get(session.person_id)
        if person is None or person.second_factor is None:
            raise NotFound("You have set up no app.")
        factor = replace(person.second_factor, recovery=tuple(map(_hash, codes)))
        told = teams.put_told(person, "member.recovery_codes_renewed", at=told_at)
        transactions.commit([person_rows.put(replace(person, second_factor=factor, updated_at=now)), *told])

    transactions.retry(attempt, busy=sessions.BUSY)
    return codes


def use_code(person_id: str, code: str, *, generation: int, now: datetime, told_at: datetime) -> bool:
    """Use up a code of the person's app, or a recovery code; each works once. Whether it was right.

    A recovery code is told to the person's teams, since it may be in other hands than the app.

    ``generation`` is that of the password it is entered with. Every attempt is counted: raises
    :class:`~chalicelib.domain.clients.rate_limits.TooManyTries` after five wrong ones.
    """
    limit_key = rate_limits.limit_key_of("portal_code", person_id)
    rate_limits.count_attempt(limit_key, limit=limits.LOGINS, now=now)

    def attempt() -> bool:
        person = person_rows.get(person_id)
        if person is None or person.generation != generation or person.second_factor is None:
            return False
        used = _used(person, person.second_factor, code, now=now)
        if used is None:
            return False
        told: list[Put] = []
        if (left := len(used.recovery)) < len(person.second_factor.recovery):
            told = teams.put_told(person, "member.recovery_code_used", at=told_at, also={"codes_left": left})
        transactions.commit([person_rows.put(replace(person, second_factor=used)), *told])
        return True

    right = transactions.retry(attempt, busy=sessions.BUSY)
    if right:
        rate_limits.reset_attempts(limit_key)
    return right


def _used(person: Person, factor: SecondFactor, code: str, *, now: datetime) -> SecondFactor | None:
    """The second factor once the code is used; None if it is wrong or was used before."""
    step = _step_of(code, secret=_secret(person.id, factor.salt), after=factor.last_step, now=now)
    if step is not None:
        return replace(factor, last_step=step)
    hashed = _hash(code)
    if hashed not in factor.recovery:
        return None
    return replace(factor, recovery=tuple(each for each in factor.recovery if each != hashed))


def _step_of(code: str, *, secret: str, after: int, now: datetime) -> int | None:
    """The step, of those around ``now`` and later than ``after``, whose code this is."""
    import pyotp  # 20 ms

    app = pyotp.TOTP(secret)
    entered = "".join(code.split()).encode()
    present = int(now.timestamp()) // _STEP_SECONDS
    for step in (present - 1, present, present + 1):
        if step > after and hmac.compare_digest(app.generate_otp(step).encode(), entered):
            return step
    return None


def _store(session: Session, factor: SecondFactor | None, *, event: str, now: datetime, told_at: datetime) -> None:
    def attempt() -> None:
        person = person_rows.get(session.person_id)
        if person is not None:
            writes: list[Put] = [*teams.put_told(person, event, at=told_at)]
            if session.app_needed:
                writes.append(session_rows.put_changed(replace(session, app_needed=False)))
            sessions.commit_without(replace(person, second_factor=factor, updated_at=now), *writes, but=session.id)

    transactions.retry(attempt, busy=sessions.BUSY)


def _check_password(session: Session, password: str, *, now: datetime) -> None:
    credentials.check(email=session.email, password=password, now=now)


def _setup_of(session: Session, token: str, salt: str) -> Setup:
    import pyotp

    secret = _secret(session.person_id, salt)
    uri = pyotp.TOTP(secret).provisioning_uri(name=session.email, issuer_name=mailing.product_name())
    return Setup(token, secret, uri)


def _salt_of(session: Session, token: str, *, now: datetime) -> str:
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    if claims is None or claims["sub"] != session.person_id:
        raise NotFound("This secret is half an hour old. Begin again, with a new one.")
    return str(claims["salt"])


def _secret(person_id: str, salt: str) -> str:
    """The app's secret, in base 32."""
    derived = hmac.digest(secrets.key_for(_PURPOSE + "#app"), f"{person_id}\n{salt}".encode(), "sha256")
    return base64.b32encode(derived[:_SECRET_BYTES]).decode()


def _new_codes() -> tuple[str, ...]:
    """Recovery codes, in groups of four characters that cannot be mistaken for each other."""
    return tuple(_new_code() for _ in range(RECOVERY_CODES))


def _new_code() -> str:
    text = base64.b32encode(randomness.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _hash(code: str) -> str:
    return hashlib.sha256("".join(filter(str.isalnum, code.lower())).encode()).hexdigest()
