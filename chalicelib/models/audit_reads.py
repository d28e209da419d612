"""Reads of all rows of one payer, in order: for the audit only.

Nothing here scans a table. What an index orders is read from the index, page by page as it is asked for, and may lag
behind by a moment; accounts, names, alarms and the wallet are read from their tables.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.lifecycle import CHARGE_CHECKED_AFTER, Sweep, sweep_of
from chalicelib.domain.audit import AccountInBooks, Alarm, EarningReads, InvoiceInBooks, Waiting, earnings
from chalicelib.domain.audit.earnings import InvoiceWithBill
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.disputes import Dispute
from chalicelib.domain.earnings.balances import EarningBalance
from chalicelib.domain.earnings.lines import EarningLine
from chalicelib.domain.earnings.payouts import Payout
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.accounts.names import NameRow
from chalicelib.models.accounts.overview import index_items, overview_key, unpacked
from chalicelib.models.base import Row
from chalicelib.models.billing import invoice_lists
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.contracts import ContractRow
from chalicelib.models.billing.disputes import DisputeAlarmRow, DisputeRow
from chalicelib.models.billing.journal import EntryRow
from chalicelib.models.billing.single_bills import BillAlarmRow, BillRow
from chalicelib.models.charging.pending_charges import PendingChargeRow
from chalicelib.models.earnings import balances as earning_balances
from chalicelib.models.earnings import lines as earning_lines
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.models.earnings import posting_alarms, withheld_invoices
from chalicelib.models.earnings.payout_runs import PARTNER_PREFIX, PartnerAlarmRow
from chalicelib.models.earnings.payouts import PayoutAlarmRow
from chalicelib.models.wallet.balance_checks import BalanceCheckRow
from chalicelib.models.wallet.wallets import WalletRow

T = TypeVar("T")

_AT_ONCE = 100
"""DynamoDB reads no more items in one batch."""
_NOT_PENDING_CHARGES = ("acct_", "prt_", "bill_", "disp_", "contract_", "earnings:", "payouts:", "pay_", "prun_")


def wallet(payer: str) -> Wallet | None:
    try:
        return WalletRow.get(payer, consistent_read=True).value()
    except WalletRow.DoesNotExist:
        return None


def accounts(partner_id: str) -> Iterator[AccountInBooks]:
    """All accounts of a partner, pending ones too, each with its alarm and whoever has its name."""
    yield from with_alarms(item["id"]["S"] for item in index_items(partner_id))


def clients_paying(partner_id: str, *, start: dict[str, Any] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The accounts of a partner that pay or paid for themselves, each with the place from which the rest follows."""
    for item in index_items(partner_id, start=start):
        account = unpacked(item).account
        if account.id in (account.payer, *account.earlier_payers):
            yield account.id, overview_key(account)


def with_alarms(account_ids: Iterable[str]) -> Iterator[AccountInBooks]:
    """These accounts, each with its alarm and whoever has its name."""
    for some in _hundreds(iter(account_ids)):
        rows = list(AccountRow.batch_get(some, consistent_read=True))
        names = [row.name for row in rows]
        owners = {named.name: named.account_id for named in NameRow.batch_get(names, consistent_read=True)}
        for row in rows:
            account = row.value()
            yield AccountInBooks(account, _alarm(row, sweep_of(account)), owners.get(row.name))


newest_entry = journal_rows.newest
newest_invoice = invoice_lists.newest
journal = journal_rows.in_order


def invoices(payer: str, *, until: int) -> Iterator[InvoiceInBooks]:
    """A payer's invoices by their numbers, up to ``until``."""
    for row in invoice_lists.in_order(payer, until=until):
        yield InvoiceInBooks(row.value(), row.amount, row.balance_after)


def history(account: Account) -> list[Invoice]:
    """All invoices of an account in the order they were issued, whoever paid them."""
    payers = dict.fromkeys((account.payer, *account.earlier_payers))
    return invoice_lists.history(account.id, charges=account.charges, payers=payers)


def bills(payer: str) -> list[Bill]:
    """A payer's closed Single Bills, oldest first: one a month."""
    return [row.value() for row in BillRow.query(payer, BillRow.id.startswith("bill_"), consistent_read=True)]


def disputes(payer: str) -> list[Dispute]:
    """A payer's disputes: few."""
    return [row.value() for row in DisputeRow.query(payer, DisputeRow.id.startswith("disp_"), consistent_read=True)]


def dispute_alarms(disputes: Iterable[Dispute]) -> Iterator[Waiting]:
    """The alarms of disputes; one that is decided needs none."""
    for dispute in disputes:
        row = _get(DisputeAlarmRow, dispute.id)
        alarm = _alarm(row, Sweep.RENEWALS) if row is not None else None
        yield Waiting(dispute.id, alarm, needs_alarm=dispute.is_open)


def paid_by_card(payer: str, identities: Iterable[str]) -> set[str]:
    """Which of these charges the ledger has a row of that names the processor's."""
    keys = [(payer, identity) for identity in identities]
    attributes = ["payer", "id", "reference"]
    rows = EntryRow.batch_get(keys, consistent_read=True, attributes_to_get=attributes) if keys else ()
    return {row.id for row in rows if row.reference}


def bill_alarms(wallet: Wallet, closed: Iterable[Bill], *, program: Program) -> Iterator[Waiting]:
    """The alarms of the open bill and of those that are not paid yet."""
    if wallet.single_bill is not None:
        yield _bill_alarm(wallet.single_bill.id, program)
    for bill in closed:
        if bill.status is InvoiceStatus.OPEN:
            yield _bill_alarm(bill.id, program)


def contract(partner_id: str) -> tuple[Contract, list[Waiting]]:
    """A partner's contract, and its alarm. It needs one as long as a year is to be invoiced or tried again."""
    row = _get(ContractRow, Contract(partner_id).id)
    if row is None:
        return Contract(partner_id), []
    found: Contract = row.value()
    given_up = found.unpaid is not None and found.unpaid.retry_on is None
    needs_alarm = found.charge is not None or (found.price is not None and not given_up)
    return found, [Waiting(row.id, _alarm(row, Sweep.RENEWALS), needs_alarm=needs_alarm, charge=found.charge)]


def pending_charges(payer: str, *, now: datetime) -> Iterator[Waiting]:
    """A payer's pending charges. Their alarms ring within minutes, so they are among what is due soonest."""
    soon = now + 5 * CHARGE_CHECKED_AFTER
    for place in _places(Sweep.RENEWALS):
        for found in AccountRow.due_index.query(place, AccountRow.due_at <= soon, AccountRow.payer == payer):
            row = None if found.id.startswith(_NOT_PENDING_CHARGES) else _get(PendingChargeRow, found.id)
            if row is not None:
                yield Waiting(
                    row.id,
                    _alarm(row, Sweep.RENEWALS),
                    charge=row.charge,
                    invoice_id=row.invoice_id,
                    entry_id=row.entry_id,
                )


def balance_check(partner_id: str) -> Waiting:
    """The alarm of a partner's daily balance check."""
    row = _get(BalanceCheckRow, partner_id)
    return Waiting(partner_id, _alarm(row, Sweep.PREPAID) if row is not None else None)


def earning_reads(partner_id: str | None, *, now: datetime) -> EarningReads:
    """What the checks of earnings look up at ``now``; ``partner_id`` is whose ledger it is, if it is one's."""
    return EarningReads(
        lines=earning_lines.existing,
        invoices=_with_bills,
        excused=lambda invoices: _excused(invoices, now=now),
        accounts=lambda ids: _earned(partner_id, ids) if partner_id else {},
    )


def earning_ledger(partner_id: str) -> tuple[EarningBalance, Iterator[EarningLine]] | None:
    """A partner's balance of earnings and its lines in order; None if it never had any."""
    balance = earning_balances.get(partner_id)
    return None if balance is None else (balance, earning_lines.in_order(partner_id, until=balance.sequence))


def payouts(partner_id: str) -> Iterator[Payout]:
    """A partner's payouts, oldest first."""
    return payout_rows.of_partner(partner_id)


def payout_alarms(partner_id: str, *, pays_out: bool) -> Iterator[Waiting]:
    """The alarms of a partner's payouts, of those that have a next step, and of the next one, which every partner with
    a balance has if its program ``pays_out``.
    """
    for payout in payout_rows.of_partner(partner_id):
        row = _get(PayoutAlarmRow, payout.id) if payout.look_at is not None else None
        alarm = _alarm(row, Sweep.RENEWALS) if row is not None else None
        yield Waiting(payout.id, alarm, needs_alarm=payout.look_at is not None)
    if pays_out and earning_balances.get(partner_id) is not None:
        row = _get(PartnerAlarmRow, PARTNER_PREFIX + partner_id)
        yield Waiting(PARTNER_PREFIX + partner_id, _alarm(row, Sweep.RENEWALS) if row is not None else None)


def _with_bills(keys: Sequence[tuple[str, str]]) -> list[InvoiceWithBill]:
    found = invoice_rows.get_each([key for key in keys if all(key)])
    bills = bill_rows.get_each((invoice.payer, invoice.bill_id) for invoice in found if invoice.bill_id)
    return [(invoice, bills.get(invoice.bill_id or "")) for invoice in found]


def _excused(invoices: Sequence[InvoiceWithBill], *, now: datetime) -> set[str]:
    """Those of these invoices whose posting fell due a moment ago, or that brought a suspended partner nothing."""
    waiting = {
        posting_alarms.PREFIX + each: each for invoice, _ in invoices for each in (invoice.id, invoice.bill_id) if each
    }
    set_for = {each.subject for each in posting_alarms.get_many(waiting) if now - each.at < earnings.POSTED_WITHIN}
    found = {invoice.id for invoice, _ in invoices if {invoice.id, invoice.bill_id} & set_for}
    for invoice, _ in invoices:
        if invoice.earning is not None:
            found |= withheld_invoices.among(invoice.earning.partner_id, [invoice.id])
    return found


def _earned(partner_id: str, account_ids: Iterable[str]) -> dict[str, Money]:
    return {id: each.earned for id, each in earning_balances.with_accounts(partner_id, account_ids).items()}


def _bill_alarm(bill_id: str, program: Program) -> Waiting:
    row = _get(BillAlarmRow, bill_id)
    if row is None:
        return Waiting(bill_id, None)
    given_up = row.charge is None and int(row.retries) >= len(program.retry_days)
    return Waiting(bill_id, _alarm(row, Sweep.RENEWALS), needs_alarm=not given_up, charge=row.charge)


def _alarm(row: Any, sweep: Sweep) -> Alarm | None:
    if row.due_at is None:
        return None
    return Alarm(row.due_at, heard=row.due_shard in _places(sweep))


def _places(sweep: Sweep) -> list[str]:
    """The partitions of the due index that a sweep goes through."""
    return [f"{sweep}#{shard:02d}" for shard in range(settings().due_shards)]


def _get(kind: type[Row[Any]], row_id: str) -> Any:
    try:
        return kind.get(row_id, consistent_read=True)
    except kind.DoesNotExist:
        return None


def _hundreds(items: Iterator[T]) -> Iterator[list[T]]:
    while some := list(islice(items, _AT_ONCE)):
        yield some
