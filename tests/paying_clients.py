"""Accounts whose client pays for them, written as such."""

from dataclasses import replace

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.wallet.wallets import empty
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program


def let_client_pay(account_id: str, *, relationship: Relationship = Relationship.REFERRED) -> None:
    """Make the client the payer of an account that has no invoice yet."""
    account = account_rows.get(account_id)
    assert account is not None
    changed = replace(account, payer=account.id, relationship=relationship, billing_profile_id=None)
    commit(
        [
            account_rows.put(changed, program=program("agency"), actor="test", event=""),
            wallet_rows.put(empty(payer=account.id, currency=account.currency)),
        ]
    )
