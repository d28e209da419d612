"""Accounts as answers show them: with what their partner has earned with them."""

from collections.abc import Sequence

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.call import Call
from chalicelib.domain.accounts.accounts import Account
from chalicelib.services.earnings import ledger


def shown_account(call: Call, account: Account) -> AccountShape:
    """One account as its partner sees it."""
    shape = AccountShape.of(account, now=call.now)
    return shape if account.first_paid_on is None else with_earned([shape], partner_id=account.partner_id)[0]


def with_earned(shapes: Sequence[AccountShape], *, partner_id: str) -> list[AccountShape]:
    """Accounts of one partner with what it has earned with each, all read together."""
    earned = ledger.earned_with(partner_id=partner_id, account_ids=[shape.id for shape in shapes])
    return [shape.with_earned(earned.get(shape.id)) for shape in shapes]
