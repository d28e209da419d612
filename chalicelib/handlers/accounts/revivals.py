"""Renewing an account on request."""

from chalice.app import Blueprint

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.plan_changes import Preview
from chalicelib.api.bodies.accounts.requests import RenewAccount
from chalicelib.api.bodies.catalog.plans import QuoteShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.domain.ids import fingerprint
from chalicelib.services.accounts import revivals
from chalicelib.services.accounts.revivals import RevivalRequest

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.post(
    "/v1/accounts/{account_id}/renew",
    body=RenewAccount,
    query=Preview,
    returns=AccountShape,
    previews=QuoteShape,
    scope="write",
    summary="Renew an account",
    refusals=(402, 409),
)
def renew_account(call: Call, account_id: str, body: RenewAccount, query: Preview) -> AccountShape | QuoteShape:
    """Take a cancellation back while the paid period runs, for free; or revive an account that expired for non-payment,
    or was archived less than a year ago: a new period starts and is charged now. If the charge is declined, nothing
    changes. With `?preview=true` it answers with the quote."""
    request = RevivalRequest(
        billing_profile_id=body.billing_profile_id,
        expect_due_today=body.expect_due_today,
        request_id=fingerprint(call.derived_id("req"), body.model_dump()) if call.idempotency_key else None,
    )
    if query.preview:
        quote = revivals.preview(partner_id=call.partner_id, account_id=account_id, request=request, now=call.now)
        return QuoteShape.of(quote)
    account = revivals.renew(
        partner_id=call.partner_id, account_id=account_id, request=request, now=call.now, actor=call.actor
    )
    return shown_account(call, account)
