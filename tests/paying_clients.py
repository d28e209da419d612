"""Accounts whose client pays for them, written as such."""

from dataclasses import replace

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.wallet.wallets import empty
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.partners.partners import program_of


def let_partner_take_over(account_id: str, *, billing_profile_id: str) -> None:
    """Make the partner manage an account that its client paid for, and pay for it from now on."""
    account = account_rows.get(account_id)
    assert account is not None
    partner_id, counted = account.partner_id, int(account.counts_as_active_paid)
    taken_over = replace(
        account,
        relationship=Relationship.MANAGED,
        payer=partner_id,
        earlier_payers=(account.id,),
        billing_profile_id=billing_profile_id,
    )
    client, partner = wallet_rows.get(account.id), wallet_rows.get(partner_id)
    commit(
        [
            account_rows.put(taken_over, program=program_of(partner_id=partner_id), actor="test", event=""),
            wallet_rows.put(replace(client, active_paid_accounts=client.active_paid_accounts - counted)),
            wallet_rows.put(replace(partner, active_paid_accounts=partner.active_paid_accounts + counted)),
        ]
    )


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
