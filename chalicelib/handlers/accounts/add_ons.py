"""Add-ons of an account, added and removed one by one."""

from chalice.app import Blueprint

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.plan_changes import Preview, PutOnAddOn
from chalicelib.api.bodies.catalog.plans import QuoteShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.services.accounts import add_ons
from chalicelib.services.accounts.add_ons import AddOnRequest

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.put(
    "/v1/accounts/{account_id}/add-ons/{add_on}",
    body=PutOnAddOn,
    query=Preview,
    returns=AccountShape,
    previews=QuoteShape,
    scope="write",
    summary="Put an add-on on an account",
    refusals=(402, 409),
)
def put_on_add_on(
    call: Call, account_id: str, add_on: str, body: PutOnAddOn, query: Preview
) -> AccountShape | QuoteShape:
    """Takes effect at once, and the days left of the period are charged at once. If that is declined, nothing changes.
    With `?preview=true` it answers with the quote."""
    request = AddOnRequest(add_on, on=True, expect_due_today=body.expect_due_today)
    return _answer(call, account_id, request, preview=query.preview)


@routes.delete(
    "/v1/accounts/{account_id}/add-ons/{add_on}",
    query=Preview,
    returns=AccountShape,
    previews=QuoteShape,
    scope="write",
    summary="Take an add-on off an account",
    refusals=(409,),
)
def take_off_add_on(call: Call, account_id: str, add_on: str, query: Preview) -> AccountShape | QuoteShape:
    """Takes effect at the next renewal; until then it is in `pending_change`. With `?preview=true` it answers with the
    quote of that renewal."""
    return _answer(call, account_id, AddOnRequest(add_on, on=False), preview=query.preview)


def _answer(call: Call, account_id: str, request: AddOnRequest, *, preview: bool) -> AccountShape | QuoteShape:
    if preview:
        quote = add_ons.preview(partner_id=call.partner_id, account_id=account_id, request=request, now=call.now)
        return QuoteShape.of(quote)
    account = add_ons.change(
        partner_id=call.partner_id, account_id=account_id, request=request, now=call.now, actor=call.actor
    )
    return shown_account(call, account)
