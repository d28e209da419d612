"""Invoices as their payer sees them (docs/rules.md §6)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.calendar import instants_between
from chalicelib.domain.refusals import NotFound
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import invoice_lists
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners


def get_invoice(*, payer: str, invoice_id: str) -> Invoice:
    """An invoice, for its payer. Raises :class:`NotFound` for all others."""
    invoice = invoice_rows.get(payer, invoice_id) if invoice_id.startswith("inv_") else None
    if invoice is None:
        raise NotFound.of("invoice", invoice_id)
    (shown,) = with_their_bills([invoice], payer=payer)
    return shown


def payer_of(*, account_id: str, invoice_id: str) -> str:
    """Who pays or paid an invoice of an account: its partner, itself, or an earlier payer (§9). For operators.

    Raises :class:`NotFound`.
    """
    account = account_rows.get(account_id)
    if account is not None and invoice_id.startswith("inv_"):
        for payer in dict.fromkeys((account.payer, account.id, account.partner_id, *account.earlier_payers)):
            invoice = invoice_rows.get(payer, invoice_id)
            if invoice is not None and invoice.account_id == account_id:
                return payer
    raise NotFound.of("invoice", invoice_id)


def with_their_bills(found: Sequence[Invoice], *, payer: str) -> list[Invoice]:
    """Invoices as they stand: one on a Single Bill is paid when and how its bill is (§6)."""
    closed = bill_rows.get_bills(payer, {invoice.bill_id for invoice in found if invoice.bill_id})
    return [_with_its_bill(invoice, closed.get(invoice.bill_id or "")) for invoice in found]


def _with_its_bill(invoice: Invoice, bill: Bill | None) -> Invoice:
    if bill is None or bill.status is not InvoiceStatus.PAID:
        return invoice
    return replace(
        refunds.as_its_bill_left_it(invoice, bill),
        status=InvoiceStatus.PAID,
        processor=bill.processor,
        reference=bill.reference,
        card=bill.card,
        paid_at=bill.paid_at,
    )


def days_of(payer: str, since: date | None, until: date | None) -> tuple[datetime | None, datetime | None]:
    """The first instant of the day ``since`` in the payer's zone, and the first one after the day ``until``."""
    if since is None and until is None:
        return None, None
    return instants_between(since, until, _time_zone_of(payer))


def _time_zone_of(payer: str) -> str:
    """The time zone of a partner, or of an account that pays for itself."""
    account = account_rows.get(payer)
    return account.time_zone if account else partners.get_partner(partner_id=payer).time_zone


def list_invoices(
    *,
    payer: str,
    account_id: str | None = None,
    status: InvoiceStatus | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """A payer's invoices, newest first; ``since`` and ``until`` are its local dates, both included.

    Raises :class:`NotFound` for an ``account_id`` that the partner never had, and
    :class:`~chalicelib.domain.accounts.actions.NotManaged` for one that it only refers.
    """
    first, behind = days_of(payer, since, until)
    if account_id is None:
        found, last = invoice_lists.of_payer(payer, status=status, since=first, until=behind, limit=limit, start=start)
    else:
        account = accounts.get_known(partner_id=payer, account_id=account_id)
        found, last = invoice_lists.of_account(
            account_id,
            charges=account.charges,
            payer=payer,
            status=status,
            since=first,
            until=behind,
            limit=limit,
            start=start,
        )
    shown = with_their_bills(found, payer=payer)
    return [invoice for invoice in shown if status is None or invoice.status is status], last
