"""All checks of a payer's books, in one pass over them."""

from collections import defaultdict
from datetime import datetime
from itertools import chain

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, Status
from chalicelib.domain.audit import alarms, cards, journal
from chalicelib.domain.audit.books import AccountInBooks, Books, PaidByCard
from chalicelib.domain.audit.contracts import ContractCheck
from chalicelib.domain.audit.disputes import DisputeCheck, may_be_lost
from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.audit.invoices import (
    BillCheck,
    NumberCheck,
    PeriodCheck,
    bill_in_itself,
    invoice_in_itself,
)
from chalicelib.domain.audit.journal import JournalCheck
from chalicelib.domain.audit.refunds import RefundCheck
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.wallets import CreditBalance

_ENDED = (Status.EXPIRED, Status.ARCHIVED)


def prove(books: Books, *, now: datetime) -> Findings:
    """Every difference in the books; without any, they are right."""
    periods = PeriodCheck(books.wallet.payer)
    yield from journal.wallet_in_itself(books.wallet)
    counts = _Counts(DisputeCheck(books.disputes, {each.subject for each in books.waiting if each.alarm}))
    for waiting in books.waiting:
        yield from alarms.of_waiting(waiting, now=now)
        counts.charge(waiting.charge)
        counts.refunds.waiting(waiting)
    yield from _accounts(books, counts, periods, now=now)
    yield from _journals(books, counts)
    yield from counts.refunds.purchases()
    yield from counts.refunds.credit_notes(books.wallet)
    for purchase in counts.refunds.cards_of_purchases():
        yield from _card(books, purchase)
    yield from _invoices(books, counts, periods)
    yield from _bills(books, counts)
    yield from counts.disputes.end()
    yield from journal.held(books.wallet, counts.promised)
    yield from journal.active_paid_accounts(books.wallet, counts.active_paid)
    yield from cards.without_record(books.unclaimed(counts.in_progress))


class _Counts:
    """Totals of accounts, purchases and bills. The ``others`` have journals with credits of the payer's accounts."""

    def __init__(self, disputes: DisputeCheck) -> None:
        self.disputes = disputes
        self.promised = 0
        self.active_paid = 0
        self.set_aside: dict[str, int] = {}
        self.credits: defaultdict[CreditKind, dict[str, int]] = defaultdict(dict)
        self.others: dict[str, None] = {}
        self.in_progress: set[str] = set()
        self.refunds = RefundCheck()

    def charge(self, charge: Charge | None) -> None:
        """A charge in progress, if there is one."""
        if charge is not None:
            self.in_progress.add(charge.id)
            self.promised += charge.from_general.amount if charge.from_general else 0


def _accounts(books: Books, counts: _Counts, periods: PeriodCheck, *, now: datetime) -> Findings:
    """The accounts that the payer pays for. Credits are the partner's, whoever pays for the account (§9)."""
    for booked in books.accounts:
        account = booked.account
        if account.partner_id == books.wallet.payer:
            for credit, left in account.credits.items():
                counts.credits[credit][account.id] = left
            if account.credits:
                counts.others.update(dict.fromkeys(each for each in account.earlier_payers if each != account.id))
            yield from _payer(account)
        if account.payer != books.wallet.payer:
            periods.followed_elsewhere(account)
            continue
        yield from alarms.of_account(booked, program=books.program, now=now)
        yield from _name(booked)
        if account.set_aside:
            counts.set_aside[account.id] = account.set_aside.amount
            if account.status in _ENDED:
                yield Finding(
                    Kind.ACCOUNT_SET_ASIDE,
                    account.id,
                    f"The account is {account.status}, yet {shown(account.set_aside)} stay set aside for it "
                    "instead of nothing.",
                )
        counts.charge(account.charge)
        counts.active_paid += account.counts_as_active_paid
        if account.earlier_payers:
            periods.followed_elsewhere(account)
            yield from _time_of_all_payers(books, account)
        else:
            periods.account(account)


def _payer(account: Account) -> Findings:
    if account.payer not in (account.partner_id, account.id):
        yield Finding(
            Kind.PAYER,
            account.id,
            f"The account belongs to {account.partner_id}, but {account.payer} pays for it, not that nor its client.",
        )


def _time_of_all_payers(books: Books, account: Account) -> Findings:
    """The account's time, tiled by the invoices of all who paid for it (docs/rules.md §9)."""
    periods = PeriodCheck(account.payer)
    periods.account(account)
    for invoice in books.history(account):
        yield from periods.invoice(invoice)
    yield from periods.end(books.elsewhere)


def _journals(books: Books, counts: _Counts) -> Findings:
    wallet = books.wallet
    for credit in CreditKind:
        if credit is CreditKind.PREPAID:
            balance, sequence = wallet.balance, wallet.sequence
        else:
            kept = wallet.credits.get(credit, CreditBalance())
            balance, sequence = Money(kept.balance, credit.unit), kept.sequence
        check = JournalCheck(wallet.payer, credit, balance, sequence, books.newest_entry.get(credit, 0))
        for entry in books.journals.get(credit, ()):
            yield from check.entry(entry)
            if credit is CreditKind.PREPAID:
                yield from counts.refunds.entry(entry)
                yield from counts.disputes.entry(entry)
        yield from check.end()
        if credit is CreditKind.PREPAID:
            yield from journal.set_aside(wallet, check, counts.set_aside)
        else:
            _include_other_journals(books, counts, check)
            yield from journal.account_credits(check, counts.credits[credit])


def _include_other_journals(books: Books, counts: _Counts, check: JournalCheck) -> None:
    """Credits go along with an account that moves: what its earlier partners allocated is in their journals (§9)."""
    has = counts.credits[check.credit]
    for other in counts.others:
        for entry in books.allocated(other, check.credit):
            if entry.account_id in has and entry.account_change:
                check.of_accounts[entry.account_id] += entry.account_change.amount
    gone = [account_id for account_id, left in check.of_accounts.items() if left and account_id not in has]
    for account_id, account in (books.elsewhere(gone) if gone else {}).items():
        if check.payer in account.earlier_payers:
            del check.of_accounts[account_id]


def _invoices(books: Books, counts: _Counts, periods: PeriodCheck) -> Findings:
    numbers, on_bills = NumberCheck(books.wallet, books.newest_invoice), BillCheck()
    of_contract = ContractCheck(books.contract)
    for booked in books.invoices:
        invoice = booked.invoice
        on_bills.invoice(invoice)
        yield from chain(numbers.invoice(invoice), periods.invoice(invoice), invoice_in_itself(booked))
        yield from of_contract.invoice(invoice)
        yield from counts.refunds.invoice(invoice)
        yield from counts.refunds.credited(invoice)
        yield from counts.disputes.payment(invoice)
        yield from _card(books, counts.refunds.of(_paid(invoice)))
    yield from chain(numbers.end(), periods.end(books.elsewhere), on_bills.end(books.wallet, books.bills))
    yield from of_contract.end()


def _bills(books: Books, counts: _Counts) -> Findings:
    for bill in books.bills:
        yield from bill_in_itself(bill, minimum_card_charge=books.program.minimum_card_charge)
        yield from counts.refunds.bill(bill)
        yield from counts.disputes.payment(bill)
        yield from _card(books, counts.refunds.of(_paid(bill)))


def _paid(record: Invoice | Bill) -> PaidByCard:
    attempts = max((attempt.number for attempt in record.attempts), default=1)
    return PaidByCard(
        record.id, record.card_charged, record.reference, record.paid_at, attempts, disputed=may_be_lost(record)
    )


def _card(books: Books, record: PaidByCard) -> Findings:
    charges = books.card_charges(record) if record.amount else None
    if charges is not None:
        yield from cards.paid_by_card(record, charges)


def _name(booked: AccountInBooks) -> Findings:
    never_was = booked.account.expiry_reason is ExpiryReason.PROVISIONING_FAILED  # its name is free again
    if booked.name_owner != booked.account.id and not never_was:
        yield Finding(
            Kind.NAME,
            booked.account.id,
            f"The account is called {booked.account.name}, but that name belongs to {booked.name_owner or 'nobody'}.",
        )
