"""Changing an account's plan."""

from chalice.app import Blueprint

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.plan_changes import ChangePlan, Preview
from chalicelib.api.bodies.catalog.plans import QuoteShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.services.accounts import plan_changes

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.put(
    "/v1/accounts/{account_id}/plan",
    body=ChangePlan,
    query=Preview,
    returns=AccountShape,
    previews=QuoteShape,
    scope="write",
    summary="Change an account's plan",
    refusals=(402, 409),
)
def change_plan(call: Call, account_id: str, body: ChangePlan, query: Preview) -> AccountShape | QuoteShape:
    """Takes effect and is charged at once if it costs more, or at the next renewal if it costs less. If the charge is
    declined, nothing changes. With `?preview=true` it answers with the quote."""
    request = body.wanted()
    if query.preview:
        quote = plan_changes.preview(partner_id=call.partner_id, account_id=account_id, request=request, now=call.now)
        return QuoteShape.of(quote)
    account = plan_changes.change_plan(
        partner_id=call.partner_id, account_id=account_id, request=request, now=call.now, actor=call.actor
    )
    return shown_account(call, account)


@routes.delete(
    "/v1/accounts/{account_id}/pending-change",
    returns=AccountShape,
    scope="write",
    summary="Withdraw a change that waits for the renewal",
    refusals=(409,),
)
def withdraw_change(call: Call, account_id: str) -> AccountShape:
    """The account keeps its plan."""
    account = plan_changes.withdraw(partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor)
    return shown_account(call, account)
