"""Disputes of card payments, of all payers."""

from chalicelib.api import cursors
from chalicelib.api.bodies.billing.disputes import ListDisputes
from chalicelib.portal.declared import Pages, View
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import named
from chalicelib.services.billing import disputes

pages = Pages()


@pages.get("vendor/disputes", scope="operator")
def show_disputes(visit: Visit) -> View:
    """All of them, newest first. Evidence is given at the card processor."""
    query = visit.asked_as(ListDisputes)
    found, last = disputes.list_disputes(limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "disputes": found,
        "names": named.names_of_any(id for each in found for id in (each.payer, each.account_id)),
        **visit.pager(query, last),
    }
    return View("vendor/disputes.html", values)
