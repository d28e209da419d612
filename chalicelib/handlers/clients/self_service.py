"""What a client sees and does about its own account, by the session of its log-in."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.billing.invoices import InvoiceShape
from chalicelib.api.bodies.clients.self_service import ClientAccountShape, ListOwnInvoices
from chalicelib.api.call import Call
from chalicelib.api.negotiation import asks_first_for
from chalicelib.api.routes import Routes
from chalicelib.services.billing.invoice_pdfs import PDF
from chalicelib.services.clients import self_service

routes = Routes(Blueprint(__name__), tag="clients")


@routes.get("/client/account", returns=ClientAccountShape, scope="client", summary="Read one's own account")
def get_own_account(call: Call) -> ClientAccountShape:
    """The account of the session, as its client sees it."""
    return ClientAccountShape.of(call.client, now=call.now)


@routes.get(
    "/client/invoices",
    query=ListOwnInvoices,
    returns=Page[InvoiceShape],
    scope="client",
    summary="List one's own invoices",
)
def list_own_invoices(call: Call, query: ListOwnInvoices) -> Page[InvoiceShape]:
    """The invoices that the client pays, newest first; `from` and `to` are local dates of the account, both included.
    Refused with a 403 if the partner pays."""
    found, last = self_service.list_invoices(
        call.client,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    return Page(data=[InvoiceShape.of(i) for i in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/client/invoices/{invoice_id}", returns=InvoiceShape, scope="client", summary="Read one's own invoice")
def get_own_invoice(call: Call, invoice_id: str) -> InvoiceShape:
    """One invoice that the client pays."""
    return InvoiceShape.of(self_service.get_invoice(call.client, invoice_id=invoice_id))


@routes.get(
    "/client/invoices/{invoice_id}/pdf",
    returns=None,
    media=(PDF,),
    redirects="To the PDF, at an address that needs no session and is good for five minutes",
    scope="client",
    summary="One's own invoice as PDF",
    refusals=(404, 503),
)
def get_own_invoice_pdf(call: Call, invoice_id: str) -> Answer:
    """A link to the invoice as PDF or, with `Accept: application/pdf`, the PDF itself."""
    if asks_first_for(call.headers.get("Accept"), PDF):
        content = self_service.invoice_pdf(call.client, invoice_id=invoice_id)
        return Answer(file=content, headers={"Content-Type": PDF})
    link = self_service.invoice_link(call.client, invoice_id=invoice_id)
    return Answer(status=303, headers={"Location": link})


@routes.post(
    "/client/retry-payment",
    returns=ClientAccountShape,
    scope="client",
    summary="Try one's own declined payment again",
    refusals=(402, 409, 429),
)
def retry_own_payment(call: Call) -> ClientAccountShape:
    """Charge the open invoice now; the retry schedule stays as it is. At most once a minute."""
    return ClientAccountShape.of(self_service.retry_payment(call.client, now=call.now), now=call.now)
