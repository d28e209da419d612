"""Draws documents, in a function of its own: only that one loads the libraries for it."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.api.observability import logger
from chalicelib.services.billing import invoice_pdfs

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="render_invoice")
def render_invoice(event: dict[str, str], context: Any) -> dict[str, str]:
    """Draw one invoice or credit note and store it; returns its key in the bucket."""
    logger.append_keys(run=context.aws_request_id)
    key = invoice_pdfs.render_document(payer=event["payer"], document_id=event["document_id"])
    logger.info("drawn", extra={"key": key})
    return {"key": key}
