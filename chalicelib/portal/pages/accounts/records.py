"""What an account used, what was invoiced for it, and what happened to it."""

from chalicelib.api import cursors
from chalicelib.api.bodies.accounts.usage import UsageShape
from chalicelib.api.bodies.billing.invoices import ListAccountInvoices
from chalicelib.api.bodies.events.event_log import ListAccountEvents
from chalicelib.domain.events.events import Event
from chalicelib.portal.declared import Pages, View
from chalicelib.portal.pages.accounts.frame import framed
from chalicelib.portal.pages.billing.invoices import TONES
from chalicelib.portal.pages.events import log_words
from chalicelib.portal.texts import in_words
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import accounts, usage
from chalicelib.services.billing import invoices
from chalicelib.services.events import event_log

pages = Pages()

_EVENTS = 25


@pages.get("accounts/{account_id}/usage", scope="read")
def show_usage(visit: Visit, account_id: str) -> View:
    """What it uses of its limits and, where contacts are pooled, what all accounts use of the contract."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    found = UsageShape.of(usage.usage_of(partner_id=visit.partner_id, account_id=account_id))
    return View("accounts/usage.html", framed(visit, account, usage=found))


@pages.get("accounts/{account_id}/invoices", scope="read")
def show_invoices(visit: Visit, account_id: str) -> View:
    """Its invoices, newest first; each leads to its lines and how they come about."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    query = visit.asked_as(ListAccountInvoices)
    found, last = invoices.list_invoices(
        payer=visit.partner_id,
        account_id=account_id,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=query.limit,
        start=cursors.start_of(visit, query),
    )
    values = framed(visit, account, invoices=found, tones=TONES)
    return View("accounts/invoices.html", values | visit.pager(query, last))


@pages.get("accounts/{account_id}/history", scope="read")
def show_history(visit: Visit, account_id: str) -> View:
    """Who did what to it and when, with the values before and after."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    query = visit.asked_as(ListAccountEvents)
    found, last = event_log.list_events(
        partner_id=visit.partner_id,
        account_id=account_id,
        type=query.type,
        limit=_EVENTS,
        start=cursors.start_of(visit, query),
    )
    people = log_words.people_of(visit)
    values = framed(
        visit,
        account,
        events=[
            (event, _title(visit, event), log_words.actor(event.actor, people, visit.texts), _changes(event, visit))
            for event in found
        ],
    )
    return View("accounts/history.html", values | visit.pager(query, last))


def _title(visit: Visit, event: Event) -> str:
    """What happened, in words; the name of the event where there are none."""
    return visit.texts.named(f"accounts.records.happened.{event.type.replace('.', '_')}", event.type)


def _changes(event: Event, visit: Visit) -> list[tuple[str, str, str]]:
    """The fields that changed, with what they were and became."""
    was, became = (
        {name: log_words.value(name, each[name], visit) for name in each} for each in (event.before, event.after)
    )
    return [(in_words(name), was.get(name, "–"), became.get(name, "–")) for name in {**was, **became}]
