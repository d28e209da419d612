"""Posts to the earnings ledgers what paid invoices bring, and what refunds and disputes take back (docs/rules.md §10).

The tables' streams set an alarm for each change that may matter. The worker posts what the alarms of a partner name,
many at a time. It compares the whole state of an invoice with its lines, so it does not matter how often or in which
order it is told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts import earning
from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.disputes import DisputeStatus, Noted
from chalicelib.domain.earnings import postings as domain
from chalicelib.domain.earnings.lines import Hold, LineKind
from chalicelib.domain.earnings.own_clients import is_own_client
from chalicelib.domain.earnings.postings import Circumstances, PaidInvoice
from chalicelib.domain.partners.partners import Partner
from chalicelib.models import changes as change_rows
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import invoice_lists
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.changes import StreamedChange
from chalicelib.models.earnings import balances as balance_rows
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.earnings import payees as payee_rows
from chalicelib.models.earnings import posting_alarms as alarm_rows
from chalicelib.models.earnings import withheld_invoices
from chalicelib.models.earnings.posting_alarms import PostingAlarm
from chalicelib.services.earnings.books import Books, open_books
from chalicelib.services.partners import partners

PREFIX = alarm_rows.PREFIX
"""Begins the id of each alarm for a posting."""

InvoiceKey = tuple[str, str]
"""Payer and id of an invoice."""

_KINDS = (LineKind.COMMISSION, LineKind.BONUS)
_ENDING = (Status.CANCELED, Status.EXPIRED, Status.ARCHIVED)


def set_alarms(changes: Sequence[StreamedChange], *, now: datetime) -> None:
    """Set an alarm, due ``now``, for each change from which something may have to be posted."""
    alarm_rows.save(change_rows.to_post(changes, now=now))


def post_due(
    alarm_ids: Sequence[str], *, partner_id: str, now: datetime, actor: str, out_of_time: Callable[[], bool]
) -> tuple[int, bool]:
    """Post what a partner's alarms name. Returns how many lines are new, and whether all alarms are done with."""
    partner = partners.get_partner(partner_id=partner_id)

    def attempt() -> int:
        alarms = [alarm for alarm in alarm_rows.get_many(alarm_ids) if not _is_of_bill(alarm.subject)]
        return _post(partner, _invoices_of(partner.id, alarms), alarms, now=now, actor=actor)

    posted = _retry(attempt)
    for alarm in alarm_rows.get_many(each for each in alarm_ids if _is_of_bill(each.removeprefix(PREFIX))):
        if out_of_time():
            return posted, False
        posted += _post_bill(partner, alarm, now=now, actor=actor)
    return posted, True


def _post_bill(partner: Partner, alarm: PostingAlarm, *, now: datetime, actor: str) -> int:
    """Post what the invoices on a Single Bill bring, page by page, and remove its alarm with the last."""
    posted, start, done = 0, None, False
    while not done:
        page, start = invoice_lists.earning_on_bill(alarm.subject, payer=alarm.payer, start=start)
        done = start is None
        keys, alarms = [(alarm.payer, invoice_id) for invoice_id in page], [alarm] if done else []

        def attempt(keys: list[InvoiceKey] = keys, alarms: list[PostingAlarm] = alarms) -> int:
            return _post(partner, keys, alarms, now=now, actor=actor)

        posted += _retry(attempt)
    return posted


def _post(
    partner: Partner, keys: Sequence[InvoiceKey], alarms: Sequence[PostingAlarm], *, now: datetime, actor: str
) -> int:
    """Post what these invoices bring, or bring no more, and remove the alarms. Returns how many lines are new."""
    books = open_books(partner, now=now, actor=actor)
    paid = _paid(keys)
    accounts = account_rows.get_many({invoice.account_id for invoice, _ in paid if invoice.account_id})
    books.accounts = balance_rows.with_accounts(partner.id, accounts)
    books.read_lines(domain.line_id(invoice.id, kind) for invoice, _ in paid for kind in _KINDS)
    withheld = withheld_invoices.among(partner.id, (invoice.id for invoice, _ in paid))
    emails = frozenset(email for email in (partner.email, payee_rows.get(partner.id).paypal_email) if email)
    for invoice, bill in paid:
        if invoice.account_id in accounts and invoice.id not in withheld:
            _post_invoice(books, invoice, bill, accounts[invoice.account_id], partner_emails=emails)
    for alarm in alarms:
        books.add(alarm_rows.remove(alarm))
    books.flush()
    return books.posted


def _post_invoice(
    books: Books, invoice: Invoice, bill: Bill | None, account: Account, *, partner_emails: frozenset[str]
) -> None:
    disputes = bill.disputes if bill else invoice.disputes
    facts = earning.of_paid(invoice, bill, time_zone=account.time_zone)
    assert facts is not None
    lines = {kind: books.lines[each] for kind in _KINDS if (each := domain.line_id(invoice.id, kind)) in books.lines}
    if books.partner.is_suspended and not lines:
        if domain.earned(facts):
            books.add(_withholding(books, facts))
        return
    earnings = books.account(account.id)
    if facts.earning.is_first and not earnings.first_invoice_disputed and _may_be_lost(disputes):
        _hold_all(books, account.id)
        earnings = replace(books.account(account.id), first_invoice_disputed=True)
        lines = {kind: books.lines[line.id] for kind, line in lines.items()}
    around = Circumstances(
        own_client=is_own_client(account.client.email, partner_emails=partner_emails),
        first_invoice_disputed=earnings.is_held,
        canceled=account.status in _ENDING,
    )
    reversals = {line.id: books.reversals(line) for line in lines.values()}
    postings = domain.postings(facts, lines, reversals, around, now=books.now, today=books.today)
    if facts.earning.bonus is not None:
        earnings = replace(earnings, bonus_invoice_id=invoice.id, bonus_payer=invoice.payer)
    if postings or earnings.version:
        books.note(earnings)
        books.post(postings)


def _hold_all(books: Books, account_id: str) -> None:
    """Hold all open lines of an account whose first invoice is disputed."""
    books.flush()  # a transaction can't write a line twice
    books.read_lines(line.id for line in line_rows.open_of_account(account_id, partner_id=books.partner.id))
    for line in [each for each in books.lines.values() if each.account_id == account_id and each.kind in _KINDS]:
        if line.is_settled or Hold.FIRST_INVOICE_DISPUTED in line.released:
            continue
        held_for = tuple(hold for hold in Hold if hold in (*line.held_for, Hold.FIRST_INVOICE_DISPUTED))
        held = replace(line, held_for=held_for)
        books.post(domain.restated(held, line, books.reversals(line), now=books.now, today=books.today))
    books.flush()


def _paid(keys: Sequence[InvoiceKey]) -> list[tuple[Invoice, Bill | None]]:
    """Those of these invoices that are paid, each with the Single Bill that paid it."""
    found = invoice_rows.get_each(keys)
    bills = bill_rows.get_each((invoice.payer, invoice.bill_id) for invoice in found if invoice.bill_id)
    with_bills = [(invoice, bills.get(invoice.bill_id) if invoice.bill_id else None) for invoice in found]
    return [(invoice, bill) for invoice, bill in with_bills if earning.paid_at(invoice, bill) and invoice.earning]


def _may_be_lost(disputes: Iterable[Noted]) -> bool:
    """Whether a dispute is open, or lost."""
    return any(dispute.status is not DisputeStatus.WON for dispute in disputes)


def _withholding(books: Books, facts: PaidInvoice) -> transactions.Put:
    return withheld_invoices.put(
        books.partner.id, account_id=facts.account_id, invoice_id=facts.id, now=books.now, actor=books.actor
    )


def _invoices_of(partner_id: str, alarms: Sequence[PostingAlarm]) -> list[InvoiceKey]:
    """The invoices that alarms are about; of an account, the one that brought its bonus."""
    of_invoices = [(alarm.payer, alarm.subject) for alarm in alarms if alarm.subject.startswith("inv_")]
    ended = [alarm.subject for alarm in alarms if alarm.subject.startswith("acct_")]
    earnings = balance_rows.with_accounts(partner_id, ended).values()
    bonuses = [(each.bonus_payer, each.bonus_invoice_id) for each in earnings]
    return list(dict.fromkeys([*of_invoices, *((payer, id) for payer, id in bonuses if payer and id)]))


def _is_of_bill(subject: str) -> bool:
    return subject.startswith("bill_")


def _retry(attempt: Callable[[], int]) -> int:
    return transactions.retry(attempt, busy="Others kept changing the earnings. The next sweep posts them.")
