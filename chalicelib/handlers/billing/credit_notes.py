"""Credit notes, also as CSV and PDF."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import JSON, Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.billing.credit_notes import COLUMNS, CreditNoteShape, ListCreditNotes
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.routes import Routes
from chalicelib.api.spreadsheets import CSV
from chalicelib.handlers.billing.invoices import MOST_ROWS, as_csv, as_pdf
from chalicelib.services.billing import credit_notes
from chalicelib.services.billing.drawings import PDF

routes = Routes(Blueprint(__name__), tag="invoices")


@routes.get(
    "/v1/credit-notes",
    query=ListCreditNotes,
    returns=Page[CreditNoteShape],
    media=(CSV,),
    scope="read",
    summary="List credit notes",
)
def list_credit_notes(call: Call, query: ListCreditNotes) -> Page[CreditNoteShape] | Answer:
    """Refunds of the partner's invoices, newest first; `from` and `to` are its local dates, both included.

    With `Accept: text/csv` all of them at once, up to 10,000; a `Link` header (`rel="next"`) leads to the next ones.
    """
    wants_csv = preferred(call.headers.get("Accept"), (JSON, CSV)) == CSV
    found, last = credit_notes.list_credit_notes(
        payer=call.partner_id,
        since=query.from_,
        until=query.to,
        limit=MOST_ROWS if wants_csv and "limit" not in query.model_fields_set else query.limit,
        start=cursors.start_of(call, query),
    )
    following = cursors.next_of(call, query, last)
    if wants_csv:
        rows = ({name: cell(note) for name, cell in COLUMNS.items()} for note in found)
        return as_csv("credit-notes", COLUMNS, rows, query=query, following=following)
    return Page(data=[CreditNoteShape.of(note) for note in found], next_cursor=following)


@routes.get("/v1/credit-notes/{credit_note_id}", returns=CreditNoteShape, scope="read", summary="Read a credit note")
def get_credit_note(call: Call, credit_note_id: str) -> CreditNoteShape:
    """One credit note."""
    return CreditNoteShape.of(credit_notes.get_credit_note(payer=call.partner_id, credit_note_id=credit_note_id))


@routes.get(
    "/v1/credit-notes/{credit_note_id}/pdf",
    returns=None,
    media=(PDF,),
    redirects="To the PDF, at an address that needs no key and is good for five minutes",
    scope="read",
    summary="A credit note as PDF",
    refusals=(404, 503),
)
def get_credit_note_pdf(call: Call, credit_note_id: str) -> Answer:
    """A link to the credit note as PDF or, with `Accept: application/pdf`, the PDF itself."""
    return as_pdf(call, credit_note_id)
