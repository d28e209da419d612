"""Accounts whose client pays for them, written as such."""

from dataclasses import replace

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.wallet.wallets import empty
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.partners import partners


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


def let_partner_manage(account_id: str) -> Account:
    """Make the partner of a referred account its manager; its client goes on paying."""
    account = account_rows.get(account_id)
    assert account is not None
    changed = replace(account, relationship=Relationship.MANAGED, notification_email="ops@bright.example")
    put = account_rows.put(changed, program=partners.program_of(partner_id=account.partner_id), actor="test", event="")
    commit([put])
    return account_rows.stored(put)
