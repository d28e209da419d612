"""The event log."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.events.event_log import EventShape, ListEvents
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.accounts import accounts
from chalicelib.services.events import event_log

routes = Routes(Blueprint(__name__), tag="events")


@routes.get("/v1/events", query=ListEvents, returns=Page[EventShape], scope="read", summary="What happened?")
def list_events(call: Call, query: ListEvents) -> Page[EventShape]:
    """Everything that happened to the partner and its accounts, newest first."""
    if query.account_id is not None:
        accounts.get_known(partner_id=call.partner_id, account_id=query.account_id, managed=False)
    found, last = event_log.list_events(
        partner_id=call.partner_id,
        account_id=query.account_id,
        type=query.type,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    return Page(data=[EventShape.of(e) for e in found], next_cursor=cursors.next_of(call, query, last))
