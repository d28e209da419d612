"""Forgotten passwords: a link goes to the client's email, good for one hour and one use (docs/rules.md §8).

Who asks gets the same answer, at the same pace, whatever is true: the request is counted and starts a function,
which looks whether there is such an account and sends the mail. The link is signed, and names the
generation of the password it replaces: once that is replaced, by this link or otherwise, it is over, as it is
once the client has another email.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
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
from chalicelib.gateways import lambdas, secrets
from chalicelib.gateways.choice import mailer
from chalicelib.gateways.mail import Mail
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.accounts.names import LogIn
from chalicelib.models.events import suppressions
from chalicelib.models.setup import branding as branding_rows
from chalicelib.services.accounts import passwords
from chalicelib.services.clients import link_branding, logins, rate_limits, tokens
from chalicelib.services.clients.sessions import Session

_PURPOSE = "reset"
_LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class Reset:
    """A link that is good: whose password it replaces."""

    account: Account
    log_in: LogIn
    branding: Branding


def ask(*, account: str, email: str, source: str, base_url: str, now: datetime) -> None:
    """Have a link sent, if this is the client's email of the account of this name. Nobody learns whether it is.

    At most five an hour for one name and email; further ones are dropped in silence, whether or not there is such an
    account. Raises :class:`TooManyTries` when one ``source`` (a network address) asks too
    often, for whatever accounts.
    """
    rate_limits.count(_source_key(source), limit=limits.RESETS_OF_SOURCE, now=now)
    pair = f"{account.lower()}\n{email.casefold()}"
    try:
        rate_limits.count(rate_limits.limit_key_of("password_reset", pair), limit=limits.PASSWORD_RESETS, now=now)
    except TooManyTries:
        return
    event = {"account": account.lower(), "email": email, "base_url": base_url}
    lambdas.start(settings().send_password_reset_function, event)


def send(*, account: str, email: str, base_url: str, now: datetime) -> bool:
    """Send a link to the client's email if it is this one; whether one was sent.

    None goes to an address that mail does not reach, or that wants none.
    """
    known = name_rows.log_in(account)
    found = account_rows.get(known.account_id) if known else None
    if known is None or found is None or not domain.may_log_in(found):
        return False
    address = found.client.email
    if address.casefold() != email.casefold() or suppressions.is_suppressed(address):
        return False
    mailer().send(_mail(found, known, base_url=base_url, now=now), now=now)
    return True


def of_link(token: str, *, now: datetime) -> Reset:
    """What a link is for, if it is still good. Raises :class:`NotFound`."""
    over = NotFound("This link is not good, or not any more. Ask for another one.")
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    account = account_rows.get(str(claims["sub"])) if claims else None
    log_in = name_rows.log_in(account.name) if account else None
    if claims is None or account is None or log_in is None or log_in.account_id != account.id:
        raise over
    if (log_in.generation, _mark_of(account.client.email)) != (claims["generation"], claims.get("to")):
        raise over
    return Reset(account=account, log_in=log_in, branding=branding_rows.get(account.id))


def branding_of(token: str) -> Branding:
    """How the page of a link looks that is over: like the account it was mailed for."""
    return link_branding.branding_of(_PURPOSE, token)


def set_password(*, token: str, password: str, now: datetime) -> Session:
    """Set the password anew: all sessions end, and a new one begins. A locked log-in stays locked (§8).

    Raises :class:`~chalicelib.domain.refusals.Invalid` for a weak password, which does not use up the link,
    :class:`NotFound` for a link that was used, replaced or is too old, and
    :class:`~chalicelib.domain.clients.logins.LoginRefused` for an account that is not open.
    """
    reset = of_link(token, now=now)
    domain.refuse_unless_usable(reset.account)
    passwords.refuse_weak(password, account_name=reset.account.name, field="password")
    try:
        return logins.set_password(reset.account, reset.log_in, password, by="reset", now=now)
    except WrongCredentials as conflict:
        raise NotFound("This link was just used. Log in with the new password.") from conflict


def _source_key(source: str) -> str:
    """The guard of a network address, or of the IPv6 network it is in: whoever has one address there has them all.

    Hashed with a key, since all addresses there are could be tried.
    """
    try:
        address = ipaddress.ip_address(source)
        network = str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else source
    except ValueError:
        network = source
    return rate_limits.limit_key_of("source", hmac.digest(secrets.key_for("source"), network.encode(), "sha256").hex())


def _mark_of(address: str) -> str:
    """What tells an address from another: a link that was mailed to the one before is over."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()[:8]


def _mail(account: Account, log_in: LogIn, *, base_url: str, now: datetime) -> Mail:
    claims: dict[str, str | int] = {
        "sub": account.id,
        "generation": log_in.generation,
        "to": _mark_of(account.client.email),
    }
    token = tokens.signed(_PURPOSE, claims, now=now, ends_at=now + _LASTS)
    dress = branding_rows.get(account.id)
    name = one_line(dress.product_name or settings().product_name)
    letter = reset_mail.write(
        account_name=account.name,
        product_name=name,
        link=f"{base_url}/public/password-resets/{token}",
        branding=dress,
    )
    return Mail(
        to=account.client.email,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        reply_to=dress.reply_to,
        from_name=name,
        tags={"account": account.id},
    )
