"""Forgotten passwords: a link is mailed to the client, valid for one hour and one use (docs/rules.md §8).

Every request gets the same answer after the same time, whether or not the account exists: it is counted and starts a
function, which looks for the account and sends the mail. The link is signed and names the generation of the password
it replaces. It becomes invalid as soon as that password is replaced, by this link or otherwise, and when the client's
email changes.
"""

from datetime import datetime, timedelta

from chalicelib.config import settings
from chalicelib.documents import reset_mail
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.clients import logins as domain
from chalicelib.domain.clients import rate_limits as limits
from chalicelib.domain.clients.logins import WrongCredentials
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.texts import one_line
from chalicelib.domain.values import dataclass
from chalicelib.gateways import lambdas
from chalicelib.gateways.choice import mailer
from chalicelib.gateways.mail import Mail
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.accounts.names import LogIn
from chalicelib.models.events import suppressions
from chalicelib.models.setup import branding as branding_rows
from chalicelib.services.accounts import passwords
from chalicelib.services.clients import logins, looks, rate_limits, tokens
from chalicelib.services.clients.looks import Look
from chalicelib.services.clients.sessions import Session

_PURPOSE = "reset"
_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class Reset:
    """What a valid link is for: whose password it replaces."""

    account: Account
    log_in: LogIn
    branding: Branding


def request_password_reset(*, account: str, email: str, source: str, base_url: str, now: datetime) -> None:
    """Have a link sent if ``email`` is that of the client of the account of this name. The caller learns nothing of it.

    At most five an hour are sent for one name and email. More requests are ignored without an error, whether or not
    there is such an account. Raises :class:`TooManyTries` if one ``source`` (a network address) asks too often, for
    whatever accounts.
    """
    rate_limits.count_attempt(rate_limits.address_key("source", source), limit=limits.RESETS_BY_ADDRESS, now=now)
    pair = f"{account.lower()}\n{email.casefold()}"
    try:
        rate_limits.count_attempt(
            rate_limits.limit_key_of("password_reset", pair), limit=limits.PASSWORD_RESETS, now=now
        )
    except TooManyTries:
        return
    event = {"account": account.lower(), "email": email, "base_url": base_url}
    lambdas.start(settings().send_password_reset_function, event)


def send_link(*, account: str, email: str, base_url: str, now: datetime) -> bool:
    """Send a link to the client if ``email`` is the client's. Returns whether one was sent.

    None is sent to a suppressed address (docs/rules.md §11).
    """
    log_in = name_rows.log_in(account)
    addressed = account_rows.get(log_in.account_id) if log_in else None
    if log_in is None or addressed is None or not domain.may_log_in(addressed):
        return False
    address = addressed.client.email
    if address.casefold() != email.casefold() or suppressions.is_suppressed(address):
        return False
    mailer().send(_mail(addressed, log_in, base_url=base_url, now=now), now=now)
    return True


def get_reset(token: str, *, now: datetime) -> Reset:
    """What a link is for. Raises :class:`NotFound` if it is invalid, used or expired."""
    invalid = NotFound("This link is not valid. Ask for another one.")
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    account = account_rows.get(str(claims["sub"])) if claims else None
    log_in = name_rows.log_in(account.name) if account else None
    if claims is None or account is None or log_in is None or log_in.account_id != account.id:
        raise invalid
    if (log_in.generation, tokens.email_mark(account.client.email)) != (claims["generation"], claims.get("to")):
        raise invalid
    return Reset(account=account, log_in=log_in, branding=branding_rows.get(account.id))


def look_of(token: str) -> Look:
    """How the page of a link looks, even if it is used or expired."""
    return looks.look_of_link(_PURPOSE, token)


def reset_password(*, token: str, password: str, now: datetime) -> Session:
    """Replace the password, end all sessions and begin a new one. A locked log-in stays locked (§8).

    Raises :class:`~chalicelib.domain.refusals.Invalid` for a weak password, which does not use up the link;
    :class:`NotFound` for a link that is invalid, used or expired;
    :class:`~chalicelib.domain.clients.logins.LoginRefused` for an account that is not open.
    """
    reset = get_reset(token, now=now)
    domain.refuse_log_in(reset.account)
    passwords.refuse_weak(password, account_name=reset.account.name, field="password")
    try:
        return logins.set_password(reset.account, reset.log_in, password, by="reset", now=now)
    except WrongCredentials as conflict:
        raise NotFound("This link was just used. Log in with the new password.") from conflict


def link_for(account: Account, *, base_url: str, now: datetime) -> str | None:
    """A link for a mail that explains it in words of its own; None if the client may not log in."""
    log_in = name_rows.log_in(account.name)
    if log_in is None or log_in.account_id != account.id or not domain.may_log_in(account):
        return None
    return _link(account, log_in, base_url=base_url, now=now)


def _link(account: Account, log_in: LogIn, *, base_url: str, now: datetime) -> str:
    claims: dict[str, str | int] = {
        "sub": account.id,
        "generation": log_in.generation,
        "to": tokens.email_mark(account.client.email),
    }
    token = tokens.sign_token(_PURPOSE, claims, now=now, ends_at=now + _LIFETIME)
    return f"{base_url}/public/password-resets/{token}"


def _mail(account: Account, log_in: LogIn, *, base_url: str, now: datetime) -> Mail:
    branding = branding_rows.get(account.id)
    name = one_line(branding.product_name or settings().product_name)
    letter = reset_mail.write(
        account_name=account.name,
        product_name=name,
        link=_link(account, log_in, base_url=base_url, now=now),
        language=account.language,
        branding=branding,
    )
    return Mail(
        to=account.client.email,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        reply_to=branding.reply_to,
        from_name=name,
        tags={"account": account.id},
    )
