"""A partner's accounts as operators see them."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.overview import ListAnyAccounts
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import with_earned
from chalicelib.services.accounts import overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.partners import partners

routes = Routes(Blueprint(__name__), tag="operator")


@routes.get(
    "/v1/operator/accounts",
    query=ListAnyAccounts,
    returns=Page[AccountShape],
    scope="operator",
    summary="List a partner's accounts",
    refusals=(404,),
)
def list_any_accounts(call: Call, query: ListAnyAccounts) -> Page[AccountShape]:
    """All accounts of a partner or of a house, by creation, each with all there is of it."""
    partners.get_partner(partner_id=query.partner_id)
    found, last = overview.list_accounts(
        partner_id=query.partner_id,
        question=Question(),
        limit=query.limit,
        start=cursors.start_of(call, query),
        by_operator=True,
        now=call.now,
    )
    shapes = [AccountShape.whole(each, now=call.now) for each in found]
    data = with_earned(shapes, partner_id=query.partner_id)
    return Page(data=data, next_cursor=cursors.next_of(call, query, last))
