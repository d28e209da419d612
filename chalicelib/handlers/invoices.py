"""Invoices."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.invoices import InvoiceShape, ListInvoices
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services import invoices

routes = Routes(Blueprint(__name__), tag="invoices")


@routes.get("/v1/invoices", query=ListInvoices, returns=Page[InvoiceShape], scope="read", summary="List invoices")
def list_invoices(call: Call, query: ListInvoices) -> Page[InvoiceShape]:
    """The partner's invoices, newest first; `from` and `to` are its local dates, both included."""
    found, last = invoices.list_invoices(
        partner_id=call.partner_id,
        account_id=query.account_id,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    return Page(data=[InvoiceShape.of(i) for i in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/invoices/{invoice_id}", returns=InvoiceShape, scope="read", summary="Read an invoice")
def get_invoice(call: Call, invoice_id: str) -> InvoiceShape:
    """One invoice."""
    return InvoiceShape.of(invoices.get_invoice(partner_id=call.partner_id, invoice_id=invoice_id))
