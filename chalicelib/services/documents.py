"""Invoices as PDF: drawn when first asked for, kept in a bucket, drawn again only when the invoice changed.

Who is asked for one has it drawn by a function of its own, so that no other has to load what drawing needs
(docs/decisions/invoice-documents.md).
"""

from chalicelib.config import settings
from chalicelib.domain.invoice_documents import compose
from chalicelib.domain.invoices import Invoice
from chalicelib.domain.refusals import Refusal
from chalicelib.gateways import documents, lambdas
from chalicelib.models import accounts as account_rows
from chalicelib.models import profiles as profile_rows
from chalicelib.services import invoices, partners

LINK_SECONDS = 300
PDF = "application/pdf"


class NotDrawnYet(Refusal):
    """Too many documents are being drawn at once, or drawing takes too long."""

    status = 503
    code = "not_drawn_yet"
    title = "The document is not drawn yet"


def invoice_link(*, partner_id: str, invoice_id: str) -> str:
    """An address that opens the invoice's PDF for five minutes. Raises :class:`NotFound` for who doesn't pay it."""
    return documents.link(_kept(partner_id, invoice_id), seconds=LINK_SECONDS)


def invoice_pdf(*, partner_id: str, invoice_id: str) -> bytes:
    """The invoice's PDF itself. Raises :class:`NotFound` for who doesn't pay it."""
    return documents.read(_kept(partner_id, invoice_id))


def render_invoice(*, partner_id: str, invoice_id: str) -> str:
    """Draw the invoice as it is now and keep it; returns its key. Twice at once, both write the same."""
    from chalicelib.documents.invoices import draw  # brings reportlab along, which nobody else needs

    invoice = invoices.get_invoice(partner_id=partner_id, invoice_id=invoice_id)
    partner = partners.get_partner(partner_id=partner_id)
    profile_id = invoice.billing_profile_id
    document = compose(
        invoice,
        seller=partners.program_of(partner_id=partner_id).seller,
        partner=partner,
        account=account_rows.get(invoice.account_id) if invoice.account_id else None,
        profile=profile_rows.get(partner_id, profile_id) if profile_id else None,
    )
    key = _key(invoice)
    documents.put(key, draw(document), content_type=PDF, file_name=f"invoice-{document.number}.pdf")
    return key


def _kept(partner_id: str, invoice_id: str) -> str:
    """The key of the invoice's PDF, drawn now if there is none of the invoice as it is."""
    key = _key(invoices.get_invoice(partner_id=partner_id, invoice_id=invoice_id))
    if documents.exists(key):
        return key
    wanted = {"partner_id": partner_id, "invoice_id": invoice_id}
    try:
        drawn: str = lambdas.call(settings().render_invoice_function, wanted)["key"]
    except lambdas.FunctionLate as late:
        raise NotDrawnYet("The PDF could not be drawn in time. Ask again in a few seconds.", retry_after=5) from late
    return drawn


def _key(invoice: Invoice) -> str:
    """Another one with each change; the status too, since one on a Single Bill is paid without being written."""
    return f"invoices/{invoice.payer}/{invoice.id}/{invoice.version}-{invoice.status}.pdf"
