"""Which invoices paid for the period that an account is in: a change of plan credits what is left of them (§5)."""

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.schedule import renewals
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import single_bills as bill_rows

_READ_AT_ONCE = 8


def of_account(account: Account) -> list[Invoice]:
    """The invoices that paid for an account's current period, newest first.

    They are the newest one and those whose days it credited or left untouched, down to one that began a period and
    carried nothing over. That may be an earlier period, which was cut short. Found by their ids, which follow from the
    number of the charge: no index is asked, which may be a moment behind. What the period was paid for counts, whoever
    paid it (§9). What a bank took back of their Single Bill is not paid.
    """
    carried = []
    for invoice in _paid_invoices(account):
        bill = bill_rows.get_bill(invoice.payer, invoice.bill_id) if invoice.bill_id else None
        carried.append(refunds.as_its_bill_left_it(invoice, bill))
        if invoice.charge_kind in (ChargeKind.FIRST_PERIOD, ChargeKind.RENEWAL):
            break
    return carried


def _paid_invoices(account: Account) -> Iterator[Invoice]:
    """The invoices of a paying account that are paid or on a Single Bill, newest first, some at a time."""
    number = account.charges if account.counts_as_active_paid and account.price is not None else 0
    for newest in range(number, 0, -_READ_AT_ONCE):
        numbers = range(newest, max(newest - _READ_AT_ONCE, 0), -1)
        ids = [renewals.charge_id(replace(account, charges=n - 1)) for n in numbers]
        stored = {
            invoice_id: invoice
            for payer in (account.payer, *account.earlier_payers)
            for invoice_id, invoice in invoice_rows.get_many(payer, ids).items()
        }
        for invoice in (stored[id] for id in ids if id in stored):
            if invoice.status is InvoiceStatus.PAID or invoice.bill_id is not None:
                yield invoice
