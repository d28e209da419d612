"""The log of events: what happened to a partner and its accounts, who did it, and what changed."""

from functools import partial

from chalicelib.api import cursors
from chalicelib.api.bodies.events.event_log import EventShape, ListEvents
from chalicelib.domain.events.event_types import TYPES
from chalicelib.portal.declared import Pages, View
from chalicelib.portal.pages.events import log_words
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import accounts
from chalicelib.services.events import event_log
from chalicelib.services.partners import api_keys

pages = Pages()

_A_PAGE = 25
"""An event may hold some kilobytes, and a page has less than 100."""
_MOST_KEYS = 100


@pages.get("events", scope="read")
def show_events(visit: Visit) -> View:
    """The log, newest first, of a type or an account if the address says so."""
    query = visit.asked_as(ListEvents)
    if query.account_id is not None:
        accounts.get_known(partner_id=visit.partner_id, account_id=query.account_id, managed=False)
    found, last = event_log.list_events(
        partner_id=visit.partner_id,
        account_id=query.account_id,
        type=query.type,
        limit=min(query.limit, _A_PAGE),
        start=cursors.start_of(visit, query),
    )
    asked = {"type": query.type, "account_id": query.account_id}
    values = {
        "events": [EventShape.of(each) for each in found],
        "asked": asked,
        "types": [("", visit.texts.plain("events.event_log.all")), *((each, each) for each in TYPES)],
        "who": partial(log_words.actor, names=_names(visit), texts=visit.texts),
        "written": partial(log_words.value, visit=visit),
        **visit.pager(query, last),
    }
    return View("events/event_log.html", values)


def _names(visit: Visit) -> dict[str, str]:
    """The names of the team's people and of the partner's keys, the first hundred of them, by what events call them."""
    keys, _ = api_keys.list_keys(partner_id=visit.partner_id, limit=_MOST_KEYS, start=None)
    return log_words.people_of(visit) | {f"api_key:{each.key.id}": each.key.name for each in keys}
