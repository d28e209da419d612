"""Logging in, and changing a password with the present one (docs/rules.md §8).

Nobody can find out here whether an account exists: attempts are counted for every name alike, and a password is
compared with a hash even if there is no such account.
"""

from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.actions import ClientPays
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
    """Begin a session with the account's name and password.

    Raises :class:`~chalicelib.domain.clients.rate_limits.TooManyTries` while the name is locked, even if the password
    is right; :class:`WrongCredentials`; :class:`~chalicelib.domain.clients.logins.LoginRefused` if the password is
    right but the account is not open.
    """
    opened, credentials = _authenticated(account, username, password, now=now)
    domain.refuse_log_in(opened)
    return sessions.begin_session(opened, credentials, now=now)


def change_password(*, account: str, username: str, password: str, new_password: str, now: datetime) -> Session:
    """Replace the present password, end all sessions and begin a new one.

    A wrong present password counts like a failed log-in. Raises what :func:`log_in` raises, and
    :class:`~chalicelib.domain.refusals.Invalid` if the new password is weak; that is not counted.
    """
    passwords.refuse_weak(new_password, account_name=account, field="new_password")
    opened, credentials = _authenticated(account, username, password, now=now)
    domain.refuse_log_in(opened)
    return set_password(opened, credentials, new_password, by="change", now=now)


def set_password_as_partner(*, token: str, new_password: str, now: datetime) -> Session:
    """Replace the password in a session that the partner opened by a login link, without the present password.

    All sessions end, the client's too, and a new one begins. A locked log-in stays locked. The event names the API key
    that opened the session. Raises :class:`sessions.SessionOver`, :class:`ClientPays` for the account of a client who
    pays for it, and :class:`Invalid` for a session that the client opened and for a weak password.
    """
    session = sessions.get_session(token, now=now)
    if session.opener is None:
        missing = "is required: only a session that the partner opened by a login link does not need it"
        raise Invalid(errors=[(field, missing) for field in ("account", "username", "password")])
    if session.account.pays_itself:
        raise ClientPays("Its log-in opens the client's card and invoices. The client sets its own password.")
    passwords.refuse_weak(new_password, account_name=session.account.name, field="new_password")
    return set_password(session.account, session.log_in, new_password, by="partner", opener=session.opener, now=now)


def set_password(
    account: Account, credentials: LogIn, new_password: str, *, by: str, now: datetime, opener: Opener | None = None
) -> Session:
    """Store a new password, end all sessions and begin one: the client's or, with an ``opener``, its partner's.

    A locked log-in stays locked (§8). Raises :class:`WrongCredentials` if ``credentials`` were replaced meanwhile, or
    the partner may no longer set them.
    """
    put = name_rows.put_password(credentials, passwords.hash_password(new_password))
    generation = credentials.generation + 1
    actor = opener.actor if opener else domain.CLIENT
    announced = client_access.put_password_changed(account, generation=generation, by=by, now=now, actor=actor)
    may_still = [account_rows.still_paid_by_partner(account)] if opener else []
    try:
        commit([*may_still, put, announced])
    except WriteConflict as conflict:
        raise WrongCredentials("The password was changed meanwhile. Log in with the new one.") from conflict
    return sessions.begin_session(account, name_rows.stored(put), opener=opener, now=now)


def _authenticated(name: str, username: str, password: str, *, now: datetime) -> tuple[Account, LogIn]:
    """The account of this name and its credentials, once the password proves right. That resets the count."""
    name = name.lower()
    rate_limits.count_attempt(_limit_key(name), limit=limits.LOGINS, now=now)
    wrong = WrongCredentials("Check them and try again. After five wrong attempts, log-in is locked for five minutes.")
    credentials = name_rows.log_in(name)
    right = passwords.matches(password, credentials.password_hash if credentials else None)
    if credentials is None or not right or username != USERNAME:
        raise wrong
    account = account_rows.get(credentials.account_id)
    if account is None or account.status is Status.PENDING:
        raise wrong
    rate_limits.reset_attempts(_limit_key(name))
    return account, credentials


def _limit_key(name: str) -> str:
    return rate_limits.limit_key_of("login", name)
