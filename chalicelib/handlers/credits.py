"""Credits: prepaid money, its balance and its journal."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.credits import Balances, BuyPrepaid, EntryShape, ListEntries
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.handlers.quotes import with_quote
from chalicelib.services import credits
from chalicelib.services.quotes import QuoteChanged

routes = Routes(Blueprint(__name__), tag="credits")


@routes.get("/v1/credits", returns=Balances, scope="read", summary="Balances")
def get_credits(call: Call) -> Balances:
    """The partner's credits; the prepaid balance is all prepaid money, what is set aside included."""
    wallet, set_asides = credits.balances(partner_id=call.partner_id)
    return Balances.of(wallet, set_asides)


@routes.post(
    "/v1/credits/prepaid/purchases",
    body=BuyPrepaid,
    returns=EntryShape,
    status=201,
    scope="billing",
    summary="Buy prepaid money",
    refusals=(402, 409),
)
def buy_prepaid(call: Call, body: BuyPrepaid) -> EntryShape:
    """Buy prepaid money; it always charges the card. With an account it is set aside for it at once."""
    try:
        entry = credits.buy_prepaid(
            purchase_id=call.derived_id("txn"),
            partner_id=call.partner_id,
            billing_profile_id=body.billing_profile_id,
            amount=body.amount,
            account_id=body.account_id,
            expect_due_today=body.expect_due_today,
            now=call.now,
            actor=call.actor,
        )
    except QuoteChanged as refusal:
        raise with_quote(refusal) from refusal
    return EntryShape.of(entry)


@routes.get(
    "/v1/credits/prepaid/transactions",
    query=ListEntries,
    returns=Page[EntryShape],
    scope="read",
    summary="The journal of prepaid money",
)
def list_prepaid_transactions(call: Call, query: ListEntries) -> Page[EntryShape]:
    """Every movement of prepaid money, newest first, with the balance after it."""
    start = cursors.start_of(call, query)
    entries, last = credits.journal(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[EntryShape.of(entry) for entry in entries], next_cursor=cursors.next_of(call, query, last))
