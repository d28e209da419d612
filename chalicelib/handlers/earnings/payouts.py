"""A partner's payouts."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.earnings.payouts import ListPayouts, PayoutShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.earnings import payouts

routes = Routes(Blueprint(__name__), tag="earnings")


@routes.get("/v1/payouts", query=ListPayouts, returns=Page[PayoutShape], scope="read", summary="List your payouts")
def list_payouts(call: Call, query: ListPayouts) -> Page[PayoutShape]:
    """What you were paid, newest first, and what was held or given back, with the reason and what you can do."""
    found, last = payouts.list_payouts(
        partner_id=call.partner_id, status=query.status, limit=query.limit, start=cursors.start_of(call, query)
    )
    return Page(data=[PayoutShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/payouts/{payout_id}", returns=PayoutShape, scope="read", summary="Read a payout")
def get_payout(call: Call, payout_id: str) -> PayoutShape:
    """One payout. The lines that it settles name it as their `payout_id`."""
    return PayoutShape.of(payouts.get_payout(partner_id=call.partner_id, payout_id=payout_id))
