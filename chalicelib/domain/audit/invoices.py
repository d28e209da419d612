"""Invoices and bills: numbered without gaps, right in themselves, tiling each account's time (docs/rules.md §4, §6)."""

from collections.abc import Sequence
from dataclasses import field
from datetime import date

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, PaymentState, Status
from chalicelib.domain.audit.books import Elsewhere, InvoiceInBooks
from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.audit.journal import numbers
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.charging.charges import OF_PERIODS, ChargeKind
from chalicelib.domain.money import Money, total
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.wallets import Wallet


@dataclass
class NumberCheck:
    """Goes through the invoices of a payer by number: 1, 2, 3, … up to the wallet's last."""

    wallet: Wallet
    newest: int
    _last: int = 0

    def invoice(self, invoice: Invoice) -> Findings:
        """The next invoice."""
        if invoice.number <= self._last:
            yield Finding(Kind.INVOICE_NUMBER, invoice.id, f"Two invoices have the number {invoice.number}.")
        elif invoice.number > self._last + 1:
            missing = numbers(self._last + 1, invoice.number - 1)
            yield Finding(
                Kind.INVOICE_NUMBER,
                invoice.id,
                f"After invoice {self._last} comes {invoice.number}: {missing} missing.",
            )
        self._last = invoice.number

    def end(self) -> Findings:
        """After the last invoice."""
        if not self._last == self.wallet.last_invoice_number >= self.newest:
            yield Finding(
                Kind.INVOICE_NUMBER,
                self.wallet.payer,
                f"The last invoice has the number {max(self._last, self.newest)}, "
                f"the wallet has given out {self.wallet.last_invoice_number}.",
            )


def invoice_in_itself(booked: InvoiceInBooks) -> Findings:
    """Its lines, its payment and the journal entry it is."""
    invoice = booked.invoice
    lines = total((line.amount for line in invoice.lines), currency=invoice.currency)
    if lines != invoice.total:
        yield Finding(
            Kind.INVOICE_LINES,
            invoice.id,
            f"The lines of invoice {invoice.number} add up to {shown(lines)}, its total is {shown(invoice.total)}.",
        )
    yield from _payment(invoice)
    yield from _entry(booked)


def bill_in_itself(bill: Bill, *, minimum_card_charge: int) -> Findings:
    """A paid bill was paid whole, or, too small for any card, waived whole (docs/rules.md §6)."""
    zero = Money.zero(bill.currency)
    waived = bill.waived or zero
    paid = bill.prepaid_applied + bill.card_charged + waived
    wanted = bill.total if bill.status is InvoiceStatus.PAID else zero
    if paid != wanted or waived.amount >= minimum_card_charge:
        yield Finding(
            Kind.BILL_PAYMENT,
            bill.id,
            f"Bill {bill.bill_number} of {shown(bill.total)} is {bill.status}, "
            f"{shown(bill.prepaid_applied)} of it prepaid and {shown(bill.card_charged)} by card.",
        )


@dataclass
class BillCheck:
    """Goes through a payer's invoices and adds up what is on each bill."""

    _on: dict[str, tuple[int, int]] = field(default_factory=dict)

    def invoice(self, invoice: Invoice) -> None:
        """The next invoice."""
        if invoice.bill_id is not None and invoice.billed is not None:
            amount, count = self._on.get(invoice.bill_id, (0, 0))
            self._on[invoice.bill_id] = amount + invoice.billed.amount, count + 1

    def end(self, wallet: Wallet, closed: Sequence[Bill]) -> Findings:
        """After the last invoice: each bill's running total and count are those of its invoices."""
        written = [(bill.id, bill.total, bill.invoice_count) for bill in closed]
        if wallet.single_bill is not None:
            written.append((wallet.single_bill.id, wallet.single_bill.total, wallet.single_bill.count))
        for bill_id, says, count in written:
            amount, found = self._on.pop(bill_id, (0, 0))
            if (says.amount, count) != (amount, found):
                yield Finding(
                    Kind.BILL_TOTAL,
                    bill_id,
                    f"The bill has {count:,} invoices of {shown(says)}, "
                    f"there are {found:,} of {shown(Money(amount, says.currency))} on it.",
                )
        for bill_id, (amount, found) in self._on.items():
            what = shown(Money(amount, wallet.currency))
            yield Finding(Kind.BILL_TOTAL, bill_id, f"There is no such bill, yet {found:,} invoices of {what} name it.")


@dataclass(frozen=True, slots=True)
class _Account:
    """The fields of an account that its invoices are compared with."""

    status: Status
    period: Period | None
    priced: bool
    past_due: bool
    open_invoice: str | None


@dataclass(slots=True)
class _Timeline:
    account: _Account | None
    paid_until: date | None = None
    latest: Period | None = None
    open: tuple[str, ...] = ()


@dataclass
class PeriodCheck:
    """Goes through a payer's invoices by number and follows each account's time.

    It keeps a few dates for each account, however many invoices there are: an account's own come in the order of time.
    Of one that had several payers, the payer has a part of the invoices only.
    """

    payer: str
    _of: dict[str, _Timeline] = field(default_factory=dict)
    _unknown: dict[str, Invoice] = field(default_factory=dict)

    def account(self, account: Account) -> None:
        """Add an account, before its invoices."""
        never_was = account.expiry_reason is ExpiryReason.PROVISIONING_FAILED  # its invoices may be void
        facts = _Account(
            status=account.status,
            period=account.period,
            priced=account.kind is PlanKind.PAID and account.price is not None and not never_was,
            past_due=account.payment_state is PaymentState.PAST_DUE,
            open_invoice=account.overdue.invoice_id if account.overdue else None,
        )
        self._of[account.id] = _Timeline(facts)

    def followed_elsewhere(self, account: Account) -> None:
        """Add an account whose time is not proved from this payer's invoices alone, before they come."""
        if self.payer in (account.payer, *account.earlier_payers):
            self._of[account.id] = _Timeline(None)

    def invoice(self, invoice: Invoice) -> Findings:
        """The next invoice; one to no account (a pack of credits) is of no period."""
        if invoice.account_id is None:
            return
        time = self._of.get(invoice.account_id)
        if time is None:
            self._unknown.setdefault(invoice.account_id, invoice)
        if time is None or time.account is None:
            return
        if invoice.status is InvoiceStatus.OPEN and invoice.bill_id is None:
            time.open = (*time.open, invoice.id)
        if invoice.charge_kind in OF_PERIODS and invoice.period is not None:
            yield from _follows(invoice, invoice.period, time)

    def end(self, elsewhere: Elsewhere) -> Findings:
        """After the last invoice."""
        found = elsewhere(self._unknown) if self._unknown else {}
        for account_id, invoice in self._unknown.items():
            account = found.get(account_id)
            if account is None or self.payer not in account.earlier_payers:
                why = "There is no such account" if account is None else f"{self.payer} is none of its payers"
                yield Finding(
                    Kind.INVOICE_OF_NOBODY,
                    account_id,
                    f"{why}, yet invoice {invoice.number} of {shown(invoice.total)} is for it.",
                )
        for account_id, time in self._of.items():
            if time.account is not None and time.account.status is not Status.PENDING:
                yield from _arrived(account_id, time.account, time)


def _follows(invoice: Invoice, period: Period, time: _Timeline) -> Findings:
    covers = invoice.status is InvoiceStatus.PAID or invoice.bill_id is not None
    begins_a_run = invoice.charge_kind is ChargeKind.FIRST_PERIOD
    if invoice.charge_kind is ChargeKind.CONVERSION and time.latest is not None and period.start in time.latest:
        time.paid_until = period.start
    if time.paid_until is None and not begins_a_run:
        yield Finding(
            Kind.PERIOD_GAP,
            invoice.id,
            f"Invoice {invoice.number} renews the account for {_days(period)}, but no period before it is invoiced.",
        )
    elif time.paid_until is not None and period.start < time.paid_until and not _cuts_short(invoice, period, time):
        kind = Kind.PERIOD_TWICE if period == time.latest else Kind.PERIOD_OVERLAP
        yield Finding(
            kind,
            invoice.id,
            f"Invoice {invoice.number} is for {_days(period)}, "
            f"though the account was invoiced up to {time.paid_until} already.",
        )
        return  # the earlier invoices stand
    elif time.paid_until is not None and period.start > time.paid_until and not begins_a_run:
        yield Finding(
            Kind.PERIOD_GAP,
            invoice.id,
            f"Invoice {invoice.number} is for {_days(period)}, but the invoices before it end on {time.paid_until}.",
        )
    if covers:
        time.paid_until, time.latest = period.end, period


def _cuts_short(invoice: Invoice, period: Period, time: _Timeline) -> bool:
    converts = invoice.charge_kind is ChargeKind.CONVERSION
    return converts and time.latest is not None and period.start in time.latest


def _arrived(account_id: str, account: _Account, time: _Timeline) -> Findings:
    if account.priced and account.period != time.latest:
        yield Finding(
            Kind.PERIOD_CURRENT,
            account_id,
            f"The account is in the period {_days(account.period)}, its last paid invoice is for {_days(time.latest)}.",
        )
    wanted = (account.open_invoice,) if account.open_invoice else ()
    if time.open != wanted or account.past_due != bool(wanted):
        state = "past due" if account.past_due else "not past due"
        yield Finding(
            Kind.OPEN_INVOICE,
            account_id,
            f"The account is {state} and owes for {_listed(wanted)}; open is {_listed(time.open)}.",
        )


def _payment(invoice: Invoice) -> Findings:
    paid = invoice.prepaid_applied + invoice.card_charged
    wanted = invoice.total if invoice.status is InvoiceStatus.PAID else Money.zero(invoice.currency)
    on_bill = ""
    if invoice.status is InvoiceStatus.VOID:  # taken off its bill: what was prepaid is back in the wallet
        paid -= invoice.refunded_to_prepaid or Money.zero(invoice.currency)
    if invoice.bill_id is not None:
        billed = invoice.billed or Money.zero(invoice.currency)
        paid, wanted, on_bill = paid + billed, invoice.total, f", {shown(billed)} on a bill"
    if paid != wanted:
        yield Finding(
            Kind.INVOICE_PAYMENT,
            invoice.id,
            f"Invoice {invoice.number} of {shown(invoice.total)} is {invoice.status}, "
            f"{shown(invoice.prepaid_applied)} of it prepaid and {shown(invoice.card_charged)} by card{on_bill}.",
        )


def _entry(booked: InvoiceInBooks) -> Findings:
    invoice, zero = booked.invoice, Money.zero(booked.invoice.currency)
    entered = -(booked.amount or zero)
    if entered != invoice.prepaid_applied or (invoice.sequence is not None) != bool(invoice.prepaid_applied):
        yield Finding(
            Kind.INVOICE_JOURNAL,
            invoice.id,
            f"Invoice {invoice.number} was paid with {shown(invoice.prepaid_applied)} prepaid, "
            f"the journal says {shown(entered)}.",
        )
    elif invoice.sequence is not None and booked.balance_after != invoice.wallet_balance_after:
        yield Finding(
            Kind.INVOICE_JOURNAL,
            invoice.id,
            f"Invoice {invoice.number} says the balance after it is {shown(invoice.wallet_balance_after or zero)}, "
            f"the journal {shown(booked.balance_after or zero)}.",
        )


def _days(period: Period | None) -> str:
    return f"{period.start} to {period.end}" if period else "no period"


def _listed(invoices: Sequence[str]) -> str:
    return ", ".join(invoices) or "no invoice"
