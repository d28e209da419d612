"""Invoices and credit notes: lists, as CSV and PDF, and one invoice with each line explained."""

from typing import Any

from chalicelib.api import cursors
from chalicelib.api.bodies.billing import credit_notes as note_bodies
from chalicelib.api.bodies.billing import invoices as invoice_bodies
from chalicelib.api.bodies.billing.credit_notes import ListCreditNotes
from chalicelib.api.bodies.billing.invoices import ListInvoices
from chalicelib.api.spreadsheets import CSV, csv_text
from chalicelib.domain import disputes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing.credit_notes import number_text
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.portal.declared import Download, Pages, Redirect, View
from chalicelib.portal.explanations import steps_of
from chalicelib.portal.formats import Formats
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts, named
from chalicelib.services.billing import credit_notes, invoice_pdfs, invoices

pages = Pages()

TONES = {
    InvoiceStatus.OPEN: "warn",
    InvoiceStatus.PAID: "good",
    InvoiceStatus.UNCOLLECTIBLE: "bad",
    InvoiceStatus.VOID: "gray",
}
_FOUND = 20
_MOST_ROWS = 10_000
"""So many fit into one file: an answer may have 6 MB."""


@pages.get("billing/invoices", scope="read")
def show_invoices(visit: Visit) -> View:
    """The partner's invoices, newest first; found by account, also one that moved away since."""
    query, found_accounts = _query(visit)
    asked = {name: visit.asked(name) for name in ("q", "status", "from", "to") if visit.asked(name)}
    if query.account_id:
        asked["account_id"] = query.account_id
    values = {
        "here": "invoices",
        "program": load_program(visit.partner_seen.program),
        "asked": asked,
        "filtered": bool(asked),
        "found_accounts": found_accounts,
        "status_options": visit.texts.options("billing.invoices.status.", InvoiceStatus, every="billing.invoices.all"),
        "tones": TONES,
        "invoices": [],
        **visit.pager(query, None),
    }
    if found_accounts is None:
        shown, last = _invoices(visit, query, limit=query.limit)
        values |= {"invoices": shown, **visit.pager(query, last)}
    return View("billing/invoices.html", values, headers={"HX-Push-Url": visit.address("billing/invoices", **asked)})


@pages.get("billing/invoices.csv", scope="read")
def download_invoices(visit: Visit) -> Download:
    """The invoices that the list shows, all of them, as CSV."""
    query, found_accounts = _query(visit)
    shown, last = _invoices(visit, query, limit=_MOST_ROWS) if found_accounts is None else ([], None)
    _refuse_more(last)
    columns = invoice_bodies.COLUMNS
    rows = ({name: cell(invoice) for name, cell in columns.items()} for invoice in shown)
    return Download(csv_text(columns, rows), CSV, "invoices.csv")


@pages.get("billing/invoices/{invoice_id}", scope="read")
def show_invoice(visit: Visit, invoice_id: str) -> View:
    """One invoice: how each line comes about, how it was paid, its refunds, and its retry while it is open."""
    invoice = invoices.get_invoice(payer=visit.partner_id, invoice_id=invoice_id)
    formats = Formats(visit.texts, visit)
    values = {
        "here": "invoices",
        "invoice": invoice,
        "tones": TONES,
        "lines": [(line, steps_of(line, texts=visit.texts, formats=formats)) for line in invoice.lines],
        "number_text": number_text,
        "dispute": disputes.shown(invoice.disputes),
        "can_retry": _can_retry(visit, invoice.account_id, invoice_id),
    }
    return View("billing/invoice.html", values)


@pages.get("billing/invoices/{invoice_id}/pdf", scope="read")
def open_pdf(visit: Visit, invoice_id: str) -> Redirect:
    """To the PDF, at an address that is good for five minutes."""
    return Redirect(invoice_pdfs.document_link(payer=visit.partner_id, document_id=invoice_id))


@pages.get("billing/credit-notes", scope="read")
def show_credit_notes(visit: Visit) -> View:
    """Refunds of the partner's invoices, newest first."""
    query = visit.asked_as(ListCreditNotes)
    asked = {name: visit.asked(name) for name in ("from", "to") if visit.asked(name)}
    notes, last = _notes(visit, query, limit=query.limit)
    values = {
        "here": "credit_notes",
        "program": load_program(visit.partner_seen.program),
        "asked": asked,
        "notes": notes,
        "number_text": number_text,
        **visit.pager(query, last),
    }
    return View("billing/credit_notes.html", values)


@pages.get("billing/credit-notes.csv", scope="read")
def download_credit_notes(visit: Visit) -> Download:
    """The credit notes that the list shows, all of them, as CSV."""
    notes, last = _notes(visit, visit.asked_as(ListCreditNotes), limit=_MOST_ROWS)
    _refuse_more(last)
    columns = note_bodies.COLUMNS
    rows = ({name: cell(note) for name, cell in columns.items()} for note in notes)
    return Download(csv_text(columns, rows), CSV, "credit-notes.csv")


@pages.get("billing/credit-notes/{credit_note_id}/pdf", scope="read")
def open_credit_note_pdf(visit: Visit, credit_note_id: str) -> Redirect:
    """To the PDF of a credit note, at an address that is good for five minutes."""
    return Redirect(invoice_pdfs.document_link(payer=visit.partner_id, document_id=credit_note_id))


def _query(visit: Visit) -> tuple[ListInvoices, list[Account] | None]:
    """What is asked for: of one account, if the text that was searched for fits one only; else those that it fits."""
    query = visit.asked_as(ListInvoices)
    text = visit.asked("q").strip()[:200]
    if query.account_id or not text:
        return query, None
    found = named.find_known(partner_id=visit.partner_id, text=text, limit=_FOUND, now=visit.now)
    if len(found) != 1:
        return query, found
    return query.model_copy(update={"account_id": found[0].id}), None


def _invoices(visit: Visit, query: ListInvoices, *, limit: int) -> tuple[list[Any], dict[str, Any] | None]:
    return invoices.list_invoices(
        payer=visit.partner_id,
        account_id=query.account_id,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=limit,
        start=cursors.start_of(visit, query),
    )


def _notes(visit: Visit, query: ListCreditNotes, *, limit: int) -> tuple[list[Any], dict[str, Any] | None]:
    return credit_notes.list_credit_notes(
        payer=visit.partner_id,
        since=query.from_,
        until=query.to,
        limit=limit,
        start=cursors.start_of(visit, query),
    )


def _refuse_more(last: dict[str, Any] | None) -> None:
    if last is not None:
        raise Invalid(f"These are more than {_MOST_ROWS:,}. Choose dates, or use the API.")


def _can_retry(visit: Visit, account_id: str | None, invoice_id: str) -> bool:
    """Whether this is the open invoice of an account whose payment the partner may have tried again."""
    if account_id is None:
        return False
    try:
        account = accounts.get_account(partner_id=visit.partner_id, account_id=account_id)
    except NotFound:
        return False  # it moved away
    return account.overdue is not None and account.overdue.invoice_id == invoice_id and not account.pays_itself
