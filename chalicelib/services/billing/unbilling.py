"""Taking an invoice off the open Single Bill, as if it had never gone on (docs/rules.md §6)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.billing import invoices
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.ids import derived_id
from chalicelib.domain.wallet import open_bill, wallets
from chalicelib.domain.wallet.journal import Entry, EntryKind
from chalicelib.models import transactions
from chalicelib.models.billing import ledger
from chalicelib.models.transactions import Write, commit
from chalicelib.models.wallet import wallets as wallet_rows


def take_off_open_bill(invoice: Invoice, *, now: datetime, actor: str) -> bool:
    """Void an invoice that waits on the open bill; what prepaid money covered of it goes back to the wallet.

    False if its bill is closed already: then it is refunded like any other, once the bill is paid.
    """

    def attempt() -> bool:
        current = ledger.get_invoice(invoice.payer, invoice.id)
        wallet = wallet_rows.get(invoice.payer)
        if current is None or current.bill_id is None or current.billed is None:
            return True  # it was taken off by another run
        if wallet.single_bill is None or wallet.single_bill.id != current.bill_id:
            return False
        after = replace(wallet, single_bill=open_bill.removed(wallet.single_bill, current.billed))
        writes: list[Write] = []
        if current.prepaid_applied:
            after = wallets.with_journal_entry(wallets.add(after, current.prepaid_applied))
            entry = Entry(
                id=derived_id("txn", "taken_off_bill", current.id),
                payer=current.payer,
                kind=EntryKind.REFUND,
                at=now,
                amount=current.prepaid_applied,
                balance_after=after.balance,
                sequence=after.sequence,
                account_id=current.account_id,
                invoice_id=current.id,
            )
            writes.append(ledger.put_entry(entry, actor=actor, event="invoice.refunded"))
        writes.append(
            ledger.put_invoice(invoices.taken_off_bill(current), now=now, actor=actor, event="invoice.voided")
        )
        commit([*writes, wallet_rows.put(after)])
        return True

    return transactions.retry(attempt, busy=f"Others kept changing the Single Bill of {invoice.payer}.")
