"""How the pages for an account's client look: in which branding and language (docs/rules.md §8)."""

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.services.clients import tokens

_NOBODY = "acct_nobody"


@dataclass(frozen=True, slots=True)
class Look:
    """The branding, and the language of the account; None: that of the reader's browser."""

    branding: Branding = PLAIN
    language: str | None = None


def look_of_name(name: str) -> Look:
    """The look of the pages under a name, before anybody has logged in.

    A name that nobody has looks like an account without branding, and takes the same three reads. So the pages show
    that an account exists only if it has branding, which its partner shows to everybody.
    """
    log_in = name_rows.log_in(name)
    account_id = log_in.account_id if log_in else _NOBODY
    account = account_rows.get(account_id)
    branding = branding_rows.get(account_id)
    if account is None or account.status is Status.PENDING or branding == PLAIN:
        return Look()
    return Look(branding, account.language)


def look_of_link(purpose: str, token: str) -> Look:
    """The look of the page that a link leads to: that of its account, even if the link is used or expired.

    A token without a valid signature looks like nobody's, so nobody can find out which accounts exist.
    """
    claims = tokens.signed_claims(purpose, token)
    account = account_rows.get(str(claims["sub"])) if claims and "sub" in claims else None
    return look_of_account(account) if account else Look()


def look_of_account(account: Account) -> Look:
    """The look of pages that only the account's own people see."""
    return Look(branding_rows.get(account.id), account.language)
