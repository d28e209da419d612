"""Who may log in to an account (docs/rules.md §3, §8)."""

from chalicelib.domain.accounts.accounts import Account, Relationship, Status
from chalicelib.domain.refusals import Refusal, RefusalKind

USERNAME = "admin"
"""The one user of each account."""
CLIENT = "client"
"""The actor in the event log for what a client does itself."""

_USABLE = (Status.ACTIVE, Status.CANCELED)
"""A canceled account stays usable until its paid period ends and it expires."""


class WrongCredentials(Refusal):
    """The account, user name or password is wrong; it is not said which."""

    kind = RefusalKind.UNAUTHENTICATED
    code = "wrong_credentials"
    title = "Account, user name or password is wrong"


class LoginRefused(Refusal):
    """The password is right, but the account is not open (§3), and its client does not pay for it (§9)."""

    code = "transition_refused"
    title = "The account does not allow this now"


def may_use(account: Account) -> bool:
    """Whether the client of this account may use the product."""
    return account.status in _USABLE


def may_log_in(account: Account) -> bool:
    """Whether the client of this account may log in: to use the product or, if it pays, to see to the account (§9)."""
    return may_use(account) or (account.pays_itself and account.status is not Status.PENDING)


def partner_may_log_in(account: Account, partner_id: str) -> bool:
    """Whether this partner may log in: it manages the account, which is active, or disabled for the client only."""
    manages = account.partner_id == partner_id and account.relationship is Relationship.MANAGED
    return manages and account.status in (Status.ACTIVE, Status.DISABLED)


def refuse_log_in(account: Account) -> None:
    """Raise :class:`LoginRefused`, worded for the client, unless it may log in. For a disabled account it carries the
    message that the partner wrote (§3)."""
    if not may_log_in(account):
        reason = _reason(account)
        extra = {"account_status": account.status, "action": "login", "reason": reason, "allowed_actions": []}
        raise LoginRefused(reason, extra=extra)


def _reason(account: Account) -> str:
    if account.status is Status.DISABLED:
        return account.disabled_message or "This account is disabled. Ask whoever set it up for you."
    return f"This account is {account.status}. Ask whoever set it up for you to renew it."
