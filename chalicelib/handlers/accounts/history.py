"""What an account was charged and what happened to it: apart, so that creating one loads neither."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.billing.invoices import InvoiceShape, ListAccountInvoices
from chalicelib.api.bodies.events.event_log import EventShape, ListAccountEvents
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.api.spreadsheets import CSV
from chalicelib.handlers.billing.invoices import listed
from chalicelib.services.accounts import accounts
from chalicelib.services.billing import payment_retries
from chalicelib.services.events import event_log

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.post(
    "/v1/accounts/{account_id}/retry-payment",
    returns=AccountShape,
    scope="billing",
    summary="Try a declined payment again",
    refusals=(402, 409, 429),
)
def retry_payment(call: Call, account_id: str) -> AccountShape:
    """Charge the open invoice now, prepaid money first; the retry schedule stays as it is. At most once a minute."""
    account = payment_retries.retry_payment(
        partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor
    )
    return shown_account(call, account)


@routes.get(
    "/v1/accounts/{account_id}/invoices",
    query=ListAccountInvoices,
    returns=Page[InvoiceShape],
    media=(CSV,),
    scope="read",
    summary="An account's billing history",
    refusals=(409,),
)
def list_account_invoices(call: Call, account_id: str, query: ListAccountInvoices) -> Page[InvoiceShape] | Answer:
    """The invoices of one account, newest first; with `Accept: text/csv` all of them, as at `/v1/invoices`."""
    return listed(call, query, account_id=account_id)


@routes.get(
    "/v1/accounts/{account_id}/events",
    query=ListAccountEvents,
    returns=Page[EventShape],
    scope="read",
    summary="An account's history",
    refusals=(409,),
)
def list_account_events(call: Call, account_id: str, query: ListAccountEvents) -> Page[EventShape]:
    """What happened to one account, newest first."""
    accounts.get_known(partner_id=call.partner_id, account_id=account_id)
    found, last = event_log.list_events(
        partner_id=call.partner_id,
        account_id=account_id,
        type=query.type,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    return Page(data=[EventShape.of(e) for e in found], next_cursor=cursors.next_of(call, query, last))
