"""Which log an event goes to, and what of an account it shows there (docs/rules.md §9, §11).

Whoever pays has a log: a partner one, and an account that pays for itself one of its own, which its partner does not
read. The vendor receives the events of all logs.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.accounts.accounts import Account, Relationship

Fields = frozenset[str] | None
"""The fields of an account that an event shows; None for all of them."""

_OF_A_REFERRED_ACCOUNT = frozenset(
    {"relationship", "name", "client", "status", "expiry_reason", "plan", "payment_state"}
)
"""What the partner of a referred account sees of it, in events as in its overview."""

_SHOWN_TO_THE_PARTNER = frozenset(
    {
        "account.archived",
        "account.canceled",
        "account.created",
        "account.disabled",
        "account.enabled",
        "account.expired",
        "account.moved",
        "account.permission_ended",
        "account.plan_changed",
        "account.revived",
        "account.updated",
    }
)
"""Events of a referred account that change what its partner sees of it. All others concern only its client."""


def of_account_event(type: str, account: Account, *, of_house: bool = False) -> tuple[str, Fields]:
    """The log of an event about an account, by the id of whose it is, and the fields that it shows there.

    The partner of a referred account reads neither of its payments nor of its renewals. The house reads no log, so the
    events of its accounts are in the accounts' own: one log for all of them would be one partition of the table.
    """
    if account.relationship is not Relationship.REFERRED:
        return account.partner_id, None
    if of_house or type not in _SHOWN_TO_THE_PARTNER:
        return account.id, None
    return account.partner_id, _OF_A_REFERRED_ACCOUNT


def of_client_event(account: Account) -> str:
    """The log of an event that concerns the client, by the id of whose it is: its log-in, an operator's message, an
    address that refuses our mail. That of a referred account is its own.
    """
    return account.id if account.relationship is Relationship.REFERRED else account.partner_id


def shown(state: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """The part of an account's state that an event shows."""
    return {name: value for name, value in state.items() if fields is None or name in fields}
