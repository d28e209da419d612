"""A person's password: checked, set and, if it is forgotten, replaced by a link (docs/rules.md §8).

Nobody learns here whose address is known: every attempt is counted and takes as long.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.config import settings
from chalicelib.documents import people_mails
from chalicelib.domain.clients import rate_limits as limits
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.people import persons
from chalicelib.domain.people.persons import Person
from chalicelib.domain.people.sessions import Session
from chalicelib.domain.refusals import NotFound, Refusal, RefusalKind
from chalicelib.gateways import lambdas
from chalicelib.models import transactions
from chalicelib.models.events import suppressions
from chalicelib.models.people import persons as person_rows
from chalicelib.services.accounts import passwords
from chalicelib.services.clients import rate_limits, tokens
from chalicelib.services.people import mailing, sessions, teams

MAIL = "persons_password"
"""The kind of mail that the function for links is started for."""
_PURPOSE = "persons_password"
_LIFETIME = timedelta(hours=1)


class WrongPassword(Refusal):
    """The address or the password is wrong; it isn't said which."""

    kind = RefusalKind.UNAUTHENTICATED
    code = "wrong_credentials"
    title = "Email address or password is wrong"


def check(*, email: str, password: str, now: datetime) -> Person:
    """The person with this address, once the password proves right. That resets the count of attempts.

    Raises :class:`TooManyTries` while the address is locked, whether or not anybody has it, and :class:`WrongPassword`.
    """
    limit_key = rate_limits.limit_key_of("portal_sign_in", email.lower())
    rate_limits.count_attempt(limit_key, limit=limits.LOGINS, now=now)
    person = person_rows.get(persons.id_of(email))
    if not passwords.matches(password, person.password_hash if person else None) or person is None:
        raise WrongPassword(
            "Email address or password is wrong. After five wrong attempts, signing in is locked for five minutes."
        )
    rate_limits.reset_attempts(limit_key)
    return person


def change(*, session: Session, password: str, new_password: str, now: datetime, told_at: datetime) -> None:
    """Replace the present password, and end all other sessions. A wrong one counts like a failed sign-in.

    ``told_at`` is the product's clock, by which the teams' logs have it.

    Raises :class:`~chalicelib.domain.refusals.Invalid` for a weak password, which isn't counted, and what
    :func:`check` raises.
    """
    passwords.refuse_weak(new_password, account_name=session.email, field="new_password")
    generation = check(email=session.email, password=password, now=now).generation
    if not _replace(session.person_id, new_password, generation=generation, kept=session.id, now=now, told_at=told_at):
        raise WrongPassword("It was changed meanwhile.")


def ask_for_link(*, email: str, source: str, base_url: str, now: datetime) -> None:
    """Have a link sent if somebody signs in with this address. The caller learns nothing of it.

    At most five an hour are sent to one address; more requests are ignored. Raises :class:`TooManyTries` if one
    ``source`` (a network address) asks too often.
    """
    rate_limits.count_attempt(rate_limits.address_key("portal_reset", source), limit=limits.RESETS_BY_ADDRESS, now=now)
    try:
        rate_limits.count_attempt(
            rate_limits.limit_key_of("portal_reset", email.lower()), limit=limits.PASSWORD_RESETS, now=now
        )
    except TooManyTries:
        return
    event = {"mail": MAIL, "email": email, "base_url": base_url}
    lambdas.start(settings().send_password_reset_function, event)


def send_link(*, email: str, base_url: str, now: datetime) -> bool:
    """Mail a link to the person with this address. Returns whether there is one whose address takes mail."""
    person = person_rows.get(persons.id_of(email))
    if person is None or suppressions.is_suppressed(person.email):
        return False
    letter = people_mails.write_password_link(
        email=person.email,
        language=person.language,
        link=link_for(person, base_url=base_url, now=now),
        product_name=mailing.product_name(),
    )
    mailing.send(letter, to=person.email, now=now)
    return True


def link_for(person: Person, *, base_url: str, now: datetime) -> str:
    """A link by which the person sets another password: for one hour, and until the password is replaced."""
    claims: Mapping[str, str | int] = {"sub": person.id, "generation": person.generation}
    token = tokens.sign_token(_PURPOSE, claims, now=now, ends_at=now + _LIFETIME)
    return f"{base_url}/portal/password/{token}"


def person_of_link(token: str, *, now: datetime) -> Person:
    """Whose password a link replaces. Raises :class:`NotFound` if it is invalid, used or expired."""
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    person = person_rows.get(str(claims["sub"])) if claims else None
    if claims is None or person is None or person.generation != claims["generation"]:
        raise NotFound("This link is not valid. Ask for another one.")
    return person


def replace_forgotten(*, token: str, password: str, now: datetime, told_at: datetime) -> None:
    """Set another password by a link, and end all sessions. A locked sign-in stays locked, a second factor on.

    Raises what :func:`person_of_link` raises, and :class:`~chalicelib.domain.refusals.Invalid` for a weak password,
    which doesn't use up the link.
    """
    person = person_of_link(token, now=now)
    passwords.refuse_weak(password, account_name=person.email, field="password")
    if not _replace(person.id, password, generation=person.generation, kept=None, now=now, told_at=told_at):
        raise NotFound("This link was just used. Sign in with the new password.")


def _replace(
    person_id: str, password: str, *, generation: int, kept: str | None, now: datetime, told_at: datetime
) -> bool:
    """Store a password in place of that of a ``generation``, and end all sessions but the one that is ``kept``.

    Returns whether that was still the person's.
    """
    password_hash = passwords.hash_password(password)

    def attempt() -> bool:
        person = person_rows.get(person_id)
        if person is None or person.generation != generation:
            return False
        person = replace(person, password_hash=password_hash, generation=generation + 1, updated_at=now)
        sessions.commit_without(person, *teams.put_told(person, "member.password_changed", at=told_at), but=kept)
        return True

    return transactions.retry(attempt, busy=sessions.BUSY)
