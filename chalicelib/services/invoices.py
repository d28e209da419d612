"""Invoices as their payer sees them (docs/rules.md §6)."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.invoices import Invoice, InvoiceStatus
from chalicelib.domain.refusals import NotFound
from chalicelib.models import ledger
from chalicelib.services import accounts, partners


def get_invoice(*, partner_id: str, invoice_id: str) -> Invoice:
    """The one way to an invoice: for its payer. Raises :class:`NotFound` for all others."""
    invoice = ledger.get_invoice(partner_id, invoice_id) if invoice_id.startswith("inv_") else None
    if invoice is None:
        raise NotFound.of("invoice", invoice_id)
    return invoice


def list_invoices(
    *,
    partner_id: str,
    account_id: str | None,
    status: InvoiceStatus | None,
    since: date | None,
    until: date | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """A partner's invoices, newest first; ``since`` and ``until`` are its local dates, both included.

    Raises :class:`NotFound` for an account that is not the partner's.
    """
    zone = ZoneInfo(partners.get_partner(partner_id=partner_id).time_zone) if since or until else None
    first = datetime.combine(since, time.min, zone) if since else None
    behind = datetime.combine(until + timedelta(days=1), time.min, zone) if until else None
    if account_id is None:
        return ledger.invoices_of_payer(partner_id, status=status, since=first, until=behind, limit=limit, start=start)
    accounts.get_account(partner_id=partner_id, account_id=account_id)
    return ledger.invoices_of_account(
        account_id, payer=partner_id, status=status, since=first, until=behind, limit=limit, start=start
    )
