"""Documents as PDF: drawn when first requested, then kept in a bucket.

A Lambda function of its own draws them, so that no other has to load what drawing needs
(docs/decisions/invoice-documents.md).
"""

from chalicelib.config import settings
from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.gateways import documents, lambdas

PDF = "application/pdf"
LINK_SECONDS = 300
"""How long a link opens a document."""


class NotDrawnYet(Refusal):
    """Too many documents are being drawn at once, or drawing takes too long."""

    kind = RefusalKind.UNAVAILABLE
    code = "not_drawn_yet"
    title = "The document is not drawn yet"


def kept(key: str, *, event: dict[str, str]) -> str:
    """The key of the document, drawn now if it was not yet: ``event`` tells the function that draws which one.

    Raises :class:`NotDrawnYet`.
    """
    if documents.exists(key):
        return key
    try:
        drawn: str | None = lambdas.call(settings().render_invoice_function, event)["key"]
    except lambdas.FunctionLate as late:
        raise _not_yet() from late
    if drawn is None:
        raise _not_yet()
    return drawn


def keep(key: str, pdf: bytes, *, file_name: str) -> str:
    """Keep a document that was drawn; returns its key."""
    documents.put(key, pdf, content_type=PDF, file_name=file_name)
    return key


def _not_yet() -> NotDrawnYet:
    return NotDrawnYet("The PDF could not be drawn in time. Ask again in a few seconds.", retry_after=5)
