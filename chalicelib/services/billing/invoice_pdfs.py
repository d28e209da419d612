"""Invoices and credit notes as PDF (docs/decisions/invoice-documents.md).

All that a document says was fixed when it was issued, or when its invoice was paid or given up.
"""

from chalicelib.documents.invoices import words
from chalicelib.domain.billing.credit_notes import number_text
from chalicelib.domain.billing.invoice_documents import InvoiceDocument, compose, compose_credit_note
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.parties import Parties
from chalicelib.domain.values import dataclass
from chalicelib.gateways import documents
from chalicelib.models.billing import parties as party_rows
from chalicelib.services.billing import credit_notes, drawings, invoices


@dataclass(frozen=True)
class _Source:
    """Where a document is kept, without the ending, and what its file is called."""

    place: str
    file_name: str

    def key_in(self, code: str) -> str:
        """The key of the document in a language. English ones have had no code since before there were others."""
        return f"{self.place}.pdf" if code == words.ENGLISH else f"{self.place}.{code}.pdf"


def document_link(*, payer: str, document_id: str, language: str) -> str:
    """An address that opens the PDF of an invoice or a credit note for five minutes, in the ``language`` (BCP 47) or in
    English.

    Raises :class:`~chalicelib.domain.refusals.NotFound` for anyone but its payer, and :class:`drawings.NotDrawnYet`.
    """
    return documents.link(_kept(payer, document_id, language), seconds=drawings.LINK_SECONDS)


def document_pdf(*, payer: str, document_id: str, language: str) -> bytes:
    """The PDF itself. Raises as :func:`document_link`."""
    return documents.read(_kept(payer, document_id, language))


def render_document(*, payer: str, document_id: str, language: str) -> str:
    """Draw an invoice or a credit note and keep it; returns its key. Two at once write the same."""
    from chalicelib.documents.invoices.pdf import draw  # imports reportlab, which nothing else needs

    source, document = _written(payer, document_id)
    code = words.code_of(language)
    pdf = draw(words.translate(document, language=code))
    return drawings.keep(source.key_in(code), pdf, file_name=source.file_name)


def _kept(payer: str, document_id: str, language: str) -> str:
    """The key of the document, drawn now if it was not yet."""
    code = words.code_of(language)
    event = {"payer": payer, "document_id": document_id, "language": code}
    return drawings.kept(_source(payer, document_id).key_in(code), event=event)


def _source(payer: str, document_id: str) -> _Source:
    if _is_credit_note(document_id):
        note = credit_notes.get_credit_note(payer=payer, credit_note_id=document_id)
        return _Source(f"credit-notes/{note.payer}/{note.id}", f"credit-note-{number_text(note.number)}.pdf")
    return _source_of(invoices.get_invoice(payer=payer, invoice_id=document_id))


def _source_of(invoice: Invoice) -> _Source:
    """One for each status an invoice has had. Nothing else that it says changes, and the last status stays."""
    return _Source(f"invoices/{invoice.payer}/{invoice.id}/{invoice.status}", f"invoice-{invoice.number:06d}.pdf")


def _written(payer: str, document_id: str) -> tuple[_Source, InvoiceDocument]:
    if _is_credit_note(document_id):
        note = credit_notes.get_credit_note(payer=payer, credit_note_id=document_id)
        invoice = invoices.get_invoice(payer=payer, invoice_id=note.invoice_id)
        document = compose_credit_note(note, invoice=invoice, parties=_parties(invoice))
        return _source(payer, document_id), document
    invoice = invoices.get_invoice(payer=payer, invoice_id=document_id)
    return _source_of(invoice), compose(invoice, parties=_parties(invoice))


def _parties(invoice: Invoice) -> Parties:
    assert invoice.parties is not None
    return party_rows.get(invoice.payer, invoice.parties)


def _is_credit_note(document_id: str) -> bool:
    return document_id.startswith("cn_")
