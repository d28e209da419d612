"""Accounts whose client pays for them, written as such."""

from dataclasses import replace

from chalicelib.domain.accounts import payers
from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.accounts.payers import PartnerPays
from chalicelib.domain.wallet.wallets import empty
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.accounts.transitions import Transition, write_transition
from chalicelib.services.partners.partners import program_of


def let_partner_take_over(account_id: str, *, billing_profile_id: str) -> Account:
    """Make the partner manage an account that its client paid for, and pay for it from now on."""
    before = let_partner_manage(account_id)
    after = payers.paid_by_partner(before, PartnerPays(billing_profile_id), now=before.updated_at)
    change = Transition(before, after, "account.payer_changed")
    rules = program_of(partner_id=before.partner_id)
    return write_transition(change, program=rules, now=before.updated_at, actor="test")


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
    put = account_rows.put(changed, program=program_of(partner_id=account.partner_id), actor="test", event="")
    commit([put])
    return account_rows.stored(put)
