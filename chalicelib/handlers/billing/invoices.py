"""Invoices, also as CSV and PDF."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import JSON, Answer
from chalicelib.api.base import ListQuery, Page
from chalicelib.api.bodies.billing.invoices import COLUMNS, InvoiceShape, ListAccountInvoices, ListInvoices
from chalicelib.api.call import Call
from chalicelib.api.negotiation import asks_first_for, preferred
from chalicelib.api.pages.texts import wished_language
from chalicelib.api.routes import Routes
from chalicelib.api.spreadsheets import CSV, Cell, csv_text
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.services.billing import invoice_pdfs, invoices
from chalicelib.services.billing.drawings import PDF

routes = Routes(Blueprint(__name__), tag="invoices")

MOST_ROWS = 10_000
"""Of one CSV, about 3 MB: a function's answer may have 6."""


@routes.get(
    "/v1/invoices",
    query=ListInvoices,
    returns=Page[InvoiceShape],
    media=(CSV,),
    scope="read",
    summary="List invoices",
    refusals=(409,),
)
def list_invoices(call: Call, query: ListInvoices) -> Page[InvoiceShape] | Answer:
    """The partner's invoices, newest first; `from` and `to` are its local dates, both included.

    With `Accept: text/csv` all of them at once, up to 10,000; a `Link` header (`rel="next"`) leads to the next ones.
    """
    return listed(call, query, account_id=query.account_id)


@routes.get("/v1/invoices/{invoice_id}", returns=InvoiceShape, scope="read", summary="Read an invoice")
def get_invoice(call: Call, invoice_id: str) -> InvoiceShape:
    """One invoice."""
    return InvoiceShape.of(invoices.get_invoice(payer=call.partner_id, invoice_id=invoice_id))


@routes.get(
    "/v1/invoices/{invoice_id}/pdf",
    returns=None,
    media=(PDF,),
    redirects="To the PDF, at an address that needs no key and is good for five minutes",
    scope="read",
    summary="An invoice as PDF",
    refusals=(404, 503),
)
def get_invoice_pdf(call: Call, invoice_id: str) -> Answer:
    """A link to the invoice as PDF or, with `Accept: application/pdf`, the PDF itself. It is in the language of
    `Accept-Language` as far as there is one.

    Seller, customer and account appear as they were when the invoice was issued; refunds are on credit notes.
    """
    return as_pdf(call, invoice_id)


def as_pdf(call: Call, document_id: str) -> Answer:
    """An invoice's or a credit note's PDF, or a link to it, as the client prefers."""
    language = wished_language(call.headers.get("Accept-Language"))
    if asks_first_for(call.headers.get("Accept"), PDF):
        content = invoice_pdfs.document_pdf(payer=call.partner_id, document_id=document_id, language=language)
        return Answer(file=content, headers={"Content-Type": PDF})
    link = invoice_pdfs.document_link(payer=call.partner_id, document_id=document_id, language=language)
    return Answer(status=303, headers={"Location": link})


def listed(call: Call, query: ListAccountInvoices, *, account_id: str | None) -> Page[InvoiceShape] | Answer:
    """A page of the partner's invoices, or as many as go into one CSV, as the client prefers."""
    as_csv = preferred(call.headers.get("Accept"), (JSON, CSV)) == CSV
    whole = as_csv and "limit" not in query.model_fields_set
    found, last = invoices.list_invoices(
        payer=call.partner_id,
        account_id=account_id,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=MOST_ROWS if whole else query.limit,
        start=cursors.start_of(call, query),
    )
    following = cursors.next_of(call, query, last)
    if as_csv:
        return _as_csv(found, following, query)
    return Page(data=[InvoiceShape.of(i) for i in found], next_cursor=following)


def _as_csv(found: list[Invoice], following: str | None, query: ListAccountInvoices) -> Answer:
    rows = ({name: cell(invoice) for name, cell in COLUMNS.items()} for invoice in found)
    return as_csv("invoices", COLUMNS, rows, query=query, following=following)


def as_csv(
    name: str, columns: Iterable[str], rows: Iterable[Mapping[str, Cell]], *, query: ListQuery, following: str | None
) -> Answer:
    """The rows as a file; if there are more, a `Link` header leads to them."""
    headers = {
        "Content-Type": f"{CSV}; charset=utf-8; header=present",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
    }
    if following is not None:
        asked = query.model_dump(mode="json", by_alias=True, exclude_unset=True) | {"cursor": following}
        headers["Link"] = f'<?{urlencode(asked)}>; rel="next"'
    return Answer(body=csv_text(columns, rows), headers=headers)
