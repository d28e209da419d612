"""What a client does itself about the account it pays for (docs/rules.md §9).

Each function takes the account of the client's session, and looks at its rights first.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.clients import rights
from chalicelib.domain.clients.logins import CLIENT
from chalicelib.domain.clients.rights import Right
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.services.billing import invoice_pdfs, invoices, payment_retries


def list_invoices(
    account: Account,
    *,
    status: InvoiceStatus | None,
    since: date | None,
    until: date | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """The client's own invoices, newest first; those of a time when its partner paid are the partner's.

    ``since`` and ``until`` are local dates of the account, both included.
    """
    rights.refuse_without(account, Right.PAYMENT)
    zone = ZoneInfo(account.time_zone)
    return invoice_rows.of_payer(
        account.id,
        status=status,
        since=datetime.combine(since, time.min, zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time.min, zone) if until else None,
        limit=limit,
        start=start,
    )


def get_invoice(account: Account, *, invoice_id: str) -> Invoice:
    """One of the client's invoices. Raises :class:`NotFound`."""
    rights.refuse_without(account, Right.PAYMENT)
    return invoices.get_invoice(partner_id=account.id, invoice_id=invoice_id)


def invoice_link(account: Account, *, invoice_id: str) -> str:
    """An address that opens an invoice's PDF for five minutes. Raises as :func:`invoice_pdfs.document_link`."""
    rights.refuse_without(account, Right.PAYMENT)
    return invoice_pdfs.document_link(partner_id=account.id, document_id=invoice_id)


def invoice_pdf(account: Account, *, invoice_id: str) -> bytes:
    """An invoice's PDF. Raises as :func:`invoice_pdfs.document_pdf`."""
    rights.refuse_without(account, Right.PAYMENT)
    return invoice_pdfs.document_pdf(partner_id=account.id, document_id=invoice_id)


def retry_payment(account: Account, *, now: datetime) -> Account:
    """Charge the open invoice now. Raises as :func:`payment_retries.retry_payment`."""
    rights.refuse_without(account, Right.PAYMENT)
    return payment_retries.retry_payment(partner_id=account.partner_id, account_id=account.id, now=now, actor=CLIENT)
