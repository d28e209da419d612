"""Disputes, for the operators."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.billing.disputes import DisputeShape, ListDisputes
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.billing import disputes

routes = Routes(Blueprint(__name__), tag="operator")


@routes.get(
    "/v1/operator/disputes", query=ListDisputes, returns=Page[DisputeShape], scope="operator", summary="List disputes"
)
def list_disputes(call: Call, query: ListDisputes) -> Page[DisputeShape]:
    """Disputes of card payments, of all payers, newest first. Evidence is given at the card processor."""
    found, last = disputes.list_disputes(limit=query.limit, start=cursors.start_of(call, query))
    return Page(data=[DisputeShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))
