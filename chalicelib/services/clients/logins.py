"""Logging in, and changing a password one knows (docs/rules.md §8).

Whether there is such an account shows in nothing: every name is counted and locked alike, and a
password is compared with a hash even where there is none.
"""

from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.clients import logins as domain
from chalicelib.domain.clients import rate_limits as limits
from chalicelib.domain.clients.logins import USERNAME, WrongCredentials
from chalicelib.domain.refusals import Invalid
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.accounts.names import LogIn
from chalicelib.models.clients import client_access
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.services.accounts import passwords
from chalicelib.services.clients import rate_limits, sessions
from chalicelib.services.clients.sessions import Opener, Session


def log_in(*, account: str, username: str, password: str, now: datetime) -> Session:
    """A session for who knows the password of the account of this name.

    Raises :class:`~chalicelib.domain.clients.rate_limits.TooManyTries` while the name is locked, for the right
    password too; :class:`WrongCredentials`; :class:`~chalicelib.domain.clients.logins.LoginRefused` for
    the right password of an account that is not open.
    """
    found, known = _proven(account, username, password, now=now)
    domain.refuse_unless_usable(found)
    return sessions.begin(found, known, now=now)


def change_password(*, account: str, username: str, password: str, new_password: str, now: datetime) -> Session:
    """Another password for who knows the present one, and a session. Sessions from before end.

    A wrong one counts like one of a log-in. Raises what :func:`log_in` raises, and
    :class:`~chalicelib.domain.refusals.Invalid` for a weak new one, before anything is counted.
    """
    passwords.refuse_weak(new_password, account_name=account, field="new_password")
    found, known = _proven(account, username, password, now=now)
    domain.refuse_unless_usable(found)
    return set_password(found, known, new_password, by="change", now=now)


def set_password_as_partner(*, token: str, new_password: str, now: datetime) -> Session:
    """Another password for the partner whose session this is, and a session. The present one is not asked for.

    The event says which API key opened the session. Sessions from before end, the client's too; a locked log-in stays
    locked. Raises :class:`sessions.SessionOver`; :class:`Invalid` for a session that the client
    itself opened, and for a weak password.
    """
    session = sessions.of_token(token, now=now)
    if session.opener is None:
        missing = "is required: only a session that the partner opened by a login link can do without it"
        raise Invalid(errors=[(field, missing) for field in ("account", "username", "password")])
    passwords.refuse_weak(new_password, account_name=session.account.name, field="new_password")
    return set_password(session.account, session.log_in, new_password, by="partner", opener=session.opener, now=now)


def set_password(
    account: Account, known: LogIn, new_password: str, *, by: str, now: datetime, opener: Opener | None = None
) -> Session:
    """Write another password, end all sessions, and begin one for who did it: the client, or its partner.

    A locked log-in stays locked (§8). The password that was read must still be the present one.
    """
    put = name_rows.put_password(known, passwords.hash_password(new_password))
    generation = known.generation + 1
    actor = opener.actor if opener else domain.CLIENT
    told = client_access.password_changed(account, generation=generation, by=by, now=now, actor=actor)
    try:
        commit([put, told])
    except WriteConflict as conflict:
        raise WrongCredentials("The password was changed meanwhile. Log in with the new one.") from conflict
    return sessions.begin(account, name_rows.stored(put), opener=opener, now=now)


def _proven(name: str, username: str, password: str, *, now: datetime) -> tuple[Account, LogIn]:
    """The account of this name, whose password it is. What was counted before is forgotten."""
    name = name.lower()
    rate_limits.count(_limit_key(name), limit=limits.LOGINS, now=now)
    known = name_rows.log_in(name)
    right = passwords.matches(password, known.password_hash if known else None)
    if known is None or not right or username != USERNAME:
        raise WrongCredentials("Check them and try again; after five wrong ones log-in is locked for five minutes.")
    found = account_rows.get(known.account_id)
    if found is None or found.status is Status.PENDING:
        raise WrongCredentials("Check them and try again; after five wrong ones log-in is locked for five minutes.")
    rate_limits.reset(_limit_key(name))
    return found, known


def _limit_key(name: str) -> str:
    return rate_limits.limit_key_of("login", name)
