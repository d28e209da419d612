"""Earnings: a balance is the sum of its lines, and the lines are what the paid invoices bring (docs/rules.md §10)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import field
from datetime import date, datetime, timedelta

from chalicelib.domain.accounts import earning
from chalicelib.domain.audit.books import InvoiceInBooks
from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.earnings import balances
from chalicelib.domain.earnings import postings as rules
from chalicelib.domain.earnings.balances import EarningBalance, Totals
from chalicelib.domain.earnings.lines import EarningLine, LineKind, LineStatus, status_of
from chalicelib.domain.earnings.postings import PaidInvoice
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

POSTED_WITHIN = timedelta(hours=1)
"""What was paid or given back more recently may still be on its way through the stream."""

InvoiceWithBill = tuple[Invoice, Bill | None]
_AT_ONCE = 100
_OF_INVOICES = (LineKind.COMMISSION, LineKind.BONUS)


@dataclass(frozen=True, slots=True)
class EarningReads:
    """What the checks look up, a hundred at a time. ``lines`` takes partners' and lines' ids; ``invoices`` payers' and
    invoices'; ``excused`` names those of these invoices whose posting waits, or that were withheld.
    """

    lines: Callable[[Sequence[tuple[str, str]]], Set[str]]
    invoices: Callable[[Sequence[tuple[str, str]]], Sequence[InvoiceWithBill]]
    excused: Callable[[Sequence[InvoiceWithBill]], Set[str]]
    accounts: Callable[[Iterable[str]], Mapping[str, Money]]


@dataclass
class InvoiceEarningsCheck:
    """Notes the invoices that go by, and looks for the lines that they must have."""

    reads: EarningReads
    now: datetime
    findings: list[Finding] = field(default_factory=list)
    _noted: list[InvoiceWithBill] = field(default_factory=list)

    def watching(self, invoices: Iterable[InvoiceInBooks], bills: Sequence[Bill]) -> Iterator[InvoiceInBooks]:
        """The same invoices, which these bills pay; what they bring is compared on the way."""
        by_id = {bill.id: bill for bill in bills}
        for booked in invoices:
            bill = by_id.get(booked.invoice.bill_id or "")
            if _facts(booked.invoice, bill) and not _is_recent(booked.invoice, bill, self.now):
                self._noted.append((booked.invoice, bill))
                if len(self._noted) == _AT_ONCE:
                    self._compare()
            yield booked
        self._compare()

    def _compare(self) -> None:
        noted, self._noted = self._noted, []
        expected = [
            (facts, kind, amount)
            for invoice, bill in noted
            if (facts := _facts(invoice, bill)) is not None
            for kind, amount in rules.earned(facts).items()
        ]
        keys = [(facts.earning.partner_id, rules.line_id(facts.id, kind)) for facts, kind, _ in expected]
        found = self.reads.lines(keys) if keys else frozenset()
        missing = [each for each, (_, line_id) in zip(expected, keys, strict=True) if line_id not in found]
        excused = self.reads.excused(noted) if missing else frozenset()
        self.findings += [
            Finding(
                Kind.EARNING_MISSING,
                facts.id,
                f"It brings {facts.earning.partner_id} a {kind} of {shown(amount)}, but there is no such line.",
            )
            for facts, kind, amount in missing
            if facts.id not in excused
        ]


def of_ledger(
    balance: EarningBalance, lines: Iterable[EarningLine], reads: EarningReads, *, today: date, now: datetime
) -> Findings:
    """Every difference in a partner's earnings ledger, whose lines come in their order, once each."""
    sums, waiting = _Sums(balance.currency, today), list[EarningLine]()
    for line in lines:
        yield from sums.line(line)
        if line.kind in _OF_INVOICES:
            waiting.append(line)
        if len(waiting) == _AT_ONCE:
            yield from _of_invoices(waiting, reads, now=now)
            waiting = []
    yield from _of_invoices(waiting, reads, now=now)
    yield from sums.end(balance)
    earned = reads.accounts(sums.by_account)
    for account_id, amount in sums.by_account.items():
        noted = earned.get(account_id, Money.zero(balance.currency))
        if noted.amount != amount:
            entered = shown(Money(amount, balance.currency))
            yield Finding(
                Kind.EARNING_ACCOUNT, account_id, f"It is said to have earned {shown(noted)}, its lines say {entered}."
            )


@dataclass
class _Sums:
    """Adds up the lines of a ledger as they come."""

    currency: str
    today: date
    sequence: int = 0
    balance: int = 0
    by_account: Counter[str] = field(default_factory=Counter)
    reversed: Counter[str] = field(default_factory=Counter)
    noted: dict[str, int] = field(default_factory=dict)
    by_status: Counter[LineStatus] = field(default_factory=Counter)

    def line(self, line: EarningLine) -> Findings:
        if line.sequence != self.sequence + 1:
            yield Finding(Kind.EARNING_SEQUENCE, line.id, f"After line {self.sequence} comes line {line.sequence}.")
        self.sequence = line.sequence
        self.balance += line.amount.amount
        self.by_status[status_of(line, today=self.today)] += line.amount.amount
        if line.account_id is not None:
            self.by_account[line.account_id] += line.amount.amount
        if line.reverses is not None:
            self.reversed[line.reverses] -= line.amount.amount
        if line.reversed is not None:
            self.noted[line.id] = line.reversed.amount
        after = line.balance_after or Money.zero(self.currency)
        if after.amount != self.balance:
            yield Finding(
                Kind.EARNING_BALANCE,
                line.id,
                f"The balance after it is {shown(after)}, the lines up to it come to {self._shown(self.balance)}.",
            )
            self.balance = after.amount

    def end(self, balance: EarningBalance) -> Findings:
        if balance.balance.amount != self.balance:
            yield Finding(
                Kind.EARNING_BALANCE,
                balance.partner_id,
                f"The balance is {shown(balance.balance)}, its lines come to {self._shown(self.balance)}.",
            )
        found, entered = balances.totals(balance, today=self.today), self._totals
        if (found.pending, found.payable, found.held) != (entered.pending, entered.payable, entered.held):
            yield Finding(
                Kind.EARNING_TOTALS,
                balance.partner_id,
                f"Pending, payable and held are {_three(found)}, by the lines {_three(entered)}.",
            )

        for line_id in sorted(self.noted.keys() | self.reversed.keys()):
            noted, reversed_by = self.noted.get(line_id, 0), self.reversed[line_id]
            if noted != reversed_by:
                yield Finding(
                    Kind.EARNING_REVERSALS,
                    line_id,
                    f"It is said to be reversed by {self._shown(noted)}, its reversals come to "
                    f"{self._shown(reversed_by)}.",
                )

    @property
    def _totals(self) -> Totals:
        pending, payable, held, settled = (
            Money(self.by_status[status], self.currency)
            for status in (LineStatus.PENDING, LineStatus.PAYABLE, LineStatus.HELD, LineStatus.SETTLED)
        )
        return Totals(pending, payable, held, settled)

    def _shown(self, amount: int) -> str:
        return shown(Money(amount, self.currency))


def _of_invoices(lines: Sequence[EarningLine], reads: EarningReads, *, now: datetime) -> Findings:
    """Commissions and bonuses against the invoices that brought them."""
    found = reads.invoices(list({_key(line) for line in lines})) if lines else ()
    of = {(invoice.payer, invoice.id): (invoice, bill) for invoice, bill in found}
    late: list[tuple[EarningLine, InvoiceWithBill, Money]] = []
    for line in lines:
        invoice, bill = of.get(_key(line), (None, None))
        facts = _facts(invoice, bill) if invoice else None
        amount = rules.earned(facts).get(line.kind) if facts and facts.earning.partner_id == line.partner_id else None
        if facts is None or invoice is None or amount is None:
            no_invoice = f"No paid invoice {line.invoice_id} brings this {line.kind}."
            yield Finding(Kind.EARNING_OF_NOTHING, line.id, no_invoice)
        elif amount != line.amount:
            both = f"The {line.kind} is {shown(line.amount)}, its invoice brings {shown(amount)}."
            yield Finding(Kind.EARNING_AMOUNT, line.id, both)
        elif (taken := rules.taken_back(line, facts)) != line.amount - line.left:
            late.append((line, (invoice, bill), taken))
    late = [each for each in late if not _is_recent(*each[1], now)]
    excused = reads.excused([with_bill for _, with_bill, _ in late]) if late else frozenset()
    for line, (invoice, _), taken in late:
        if invoice.id not in excused:
            yield Finding(
                Kind.EARNING_REVERSALS,
                line.id,
                f"{shown(line.amount - line.left)} of it were reversed; by what was given back of its invoice, "
                f"{shown(taken)} should be.",
            )


def _key(line: EarningLine) -> tuple[str, str]:
    """Payer and id of the invoice that a line is of."""
    return line.payer or "", line.invoice_id or ""


def _facts(invoice: Invoice, bill: Bill | None) -> PaidInvoice | None:
    return earning.of_paid(invoice, bill, time_zone="UTC")


def _is_recent(invoice: Invoice, bill: Bill | None, now: datetime) -> bool:
    """Whether the last change that earnings follow is so young that its posting may be on its way."""
    disputes = bill.disputes if bill else invoice.disputes
    changes = [
        earning.paid_at(invoice, bill),
        *(note.at for note in invoice.credit_notes),
        *(each.closed_at or each.opened_at for each in disputes),
    ]
    return any(at is not None and now - at < POSTED_WITHIN for at in changes)


def _three(totals: Totals) -> str:
    return ", ".join(shown(each) for each in (totals.pending, totals.payable, totals.held))
