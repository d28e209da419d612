"""Draws documents, in a function of its own: only that one loads the libraries for it."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.api.observability import logger
from chalicelib.services.billing import invoice_pdfs

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="render_invoice")
def render_invoice(event: dict[str, str], context: Any) -> dict[str, str | None]:
    """Draw an invoice, a credit note or a payout's statement, and store it; returns its key in the bucket.

    The key is null for a statement whose lines cannot all be found yet.
    """
    logger.append_keys(run=context.aws_request_id)
    payer, document_id = event["payer"], event["document_id"]
    key: str | None
    if document_id.startswith("pay_"):
        from chalicelib.services.earnings import statements  # loads what invoices do not need

        key = statements.render_statement(partner_id=payer, payout_id=document_id, language=event["language"])
    else:
        key = invoice_pdfs.render_document(payer=payer, document_id=document_id, language=event.get("language", "en"))
    logger.info("drawn", extra={"key": key})
    return {"key": key}
