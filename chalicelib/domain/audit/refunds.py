"""Refunds: what invoices, bills and purchases say was given back is what the journal entered (docs/rules.md §6)."""

from collections import Counter, defaultdict
from dataclasses import field, replace

from chalicelib.domain.audit.books import PaidByCard, Waiting
from chalicelib.domain.audit.disputes import may_be_lost
from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.billing.credit_notes import Credited, credit_note_of, number_text, sum_of
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.refunds import Refund
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet


@dataclass
class RefundCheck:
    """Adds up the refunds that are in progress and those in the journal, by what they are of.

    What is in progress is reserved already. A refund that failed later is in the journal twice, there and back. So is a
    dispute that was lost and then won. What disputes took back has no credit note.
    """

    _to_card: Counter[str] = field(default_factory=Counter)
    _to_prepaid: Counter[str] = field(default_factory=Counter)
    _on_its_way: Counter[str] = field(default_factory=Counter)
    _reserved: Counter[str] = field(default_factory=Counter)
    _purchases: list[Entry] = field(default_factory=list)
    _lost: Counter[str] = field(default_factory=Counter)
    _last_credit_note: int = 0
    _credited: defaultdict[str, list[Credited]] = field(default_factory=lambda: defaultdict(list))

    def waiting(self, waiting: Waiting) -> None:
        """A refund in progress, if it is one."""
        charge = waiting.charge
        if charge is None or charge.kind is not ChargeKind.REFUND:
            return
        to_card = charge.card.amount if charge.card else 0
        of = waiting.entry_id or waiting.invoice_id or ""
        self._on_its_way[of] += to_card
        self._reserved[of] += charge.total.amount
        self._to_card[of] += to_card
        self._to_prepaid[of] += 0 if waiting.entry_id else charge.total.amount - to_card

    def entry(self, entry: Entry) -> Findings:
        """The next entry of the journal of prepaid money."""
        yield from self._credit_note(entry)
        if entry.kind is EntryKind.PURCHASE and entry.credit is CreditKind.PREPAID:
            self._purchases.append(entry)
        elif entry.kind in (EntryKind.REFUND, EntryKind.RETURNED, EntryKind.DISPUTE_LOST):
            of = entry.purchase_id or entry.invoice_id or entry.bill_id or ""
            to_card = entry.to_card.amount if entry.to_card else 0
            self._to_card[of] += to_card
            self._lost[of] += to_card if entry.dispute_id else 0
            self._to_prepaid[of] += 0 if entry.purchase_id else entry.amount.amount

    def _credit_note(self, entry: Entry) -> Findings:
        """Credit notes are numbered in the order of their entries, without gaps."""
        if (note := credit_note_of(entry)) is None:
            return
        self._credited[note.invoice_id].append(note.credited)
        if note.number != self._last_credit_note + 1:
            yield Finding(
                Kind.CREDIT_NOTES,
                entry.id,
                f"After {number_text(self._last_credit_note)} comes the credit note {number_text(note.number)}.",
            )
        self._last_credit_note = note.number

    def credit_notes(self, wallet: Wallet) -> Findings:
        """After the last entry."""
        if self._last_credit_note != wallet.last_credit_note_number:
            yield Finding(
                Kind.CREDIT_NOTES,
                wallet.payer,
                f"The last credit note is {number_text(self._last_credit_note)}, "
                f"the wallet has given out {number_text(wallet.last_credit_note_number)}.",
            )

    def purchases(self) -> Findings:
        """After the last entry."""
        for bought in self._purchases:
            zero = Money.zero(bought.amount.currency)
            refunded, entered = bought.refunded or zero, Money(self._to_card[bought.id], zero.currency)
            if refunded != entered or refunded > bought.amount:
                yield Finding(
                    Kind.PURCHASE_REFUNDS,
                    bought.id,
                    f"Of {shown(bought.amount)} bought {shown(refunded)} were given back, "
                    f"the journal says {shown(entered)}.",
                )

    def cards_of_purchases(self) -> list[PaidByCard]:
        """What cards paid for purchases."""
        return [
            self.of(PaidByCard(each.id, each.amount, each.reference, each.at, disputed=may_be_lost(each)))
            for each in self._purchases
        ]

    def invoice(self, invoice: Invoice) -> Findings:
        """The next invoice."""
        currency, zero = invoice.currency, Money.zero(invoice.currency)
        noted = Refund(invoice.refunded_to_card or zero, invoice.refunded_to_prepaid or zero)
        entered = Refund(Money(self._to_card[invoice.id], currency), Money(self._to_prepaid[invoice.id], currency))
        if invoice.bill_id is not None:
            self._to_card[invoice.bill_id] += self._to_card[invoice.id]
            self._on_its_way[invoice.bill_id] += self._on_its_way[invoice.id]
        by_bill = invoice.billed or zero
        paid = Refund(invoice.card_charged + by_bill, invoice.prepaid_applied + by_bill)
        most = invoice.card_charged + invoice.prepaid_applied + by_bill
        if noted != entered:
            yield Finding(
                Kind.INVOICE_REFUNDS,
                invoice.id,
                f"Of invoice {invoice.number} {_both(noted)} were given back, the journal says {_both(entered)}.",
            )
        elif noted.card > paid.card or noted.prepaid > paid.prepaid or noted.total > most:
            yield Finding(
                Kind.INVOICE_REFUNDS,
                invoice.id,
                f"Of invoice {invoice.number} {_both(noted)} were given back, {shown(most)} were paid.",
            )

    def credited(self, invoice: Invoice) -> Findings:
        """The next invoice: it names its credit notes, and they come to what was given back and is not on its way."""
        entered = self._credited[invoice.id]
        if list(invoice.credit_notes) != entered:
            named = ", ".join(number_text(note.number) for note in invoice.credit_notes) or "no credit notes"
            written = ", ".join(number_text(note.number) for note in entered) or "none"
            yield Finding(
                Kind.CREDIT_NOTES, invoice.id, f"Invoice {invoice.number} names {named}, the journal has {written}."
            )
        elif invoice.status is not InvoiceStatus.VOID:
            credited = sum_of(entered, currency=invoice.currency).amount
            given_back = self._to_card[invoice.id] + self._to_prepaid[invoice.id] - self._reserved[invoice.id]
            given_back -= self._lost[invoice.id]
            if credited != given_back:
                yield Finding(
                    Kind.CREDIT_NOTES,
                    invoice.id,
                    f"Of invoice {invoice.number} {shown(Money(given_back, invoice.currency))} were given back, "
                    f"its credit notes come to {shown(Money(credited, invoice.currency))}.",
                )

    def bill(self, bill: Bill) -> Findings:
        """The next bill, after the last invoice."""
        refunded = bill.refunded_to_card or Money.zero(bill.currency)
        entered = Money(self._to_card[bill.id], bill.currency)
        if refunded != entered or refunded > bill.card_charged:
            yield Finding(
                Kind.BILL_REFUNDS,
                bill.id,
                f"Of bill {bill.bill_number}, {shown(bill.card_charged)} of it by card, {shown(refunded)} were given "
                f"back to the card, the journal says {shown(entered)}.",
            )

    def of(self, record: PaidByCard) -> PaidByCard:
        """The record with what was given back to its card, and what of that is still on its way."""
        lost = self._lost[record.identity]
        refunded, refunding = self._to_card[record.identity] - lost, self._on_its_way[record.identity]
        return replace(record, refunded=refunded, refunding=refunding, lost=lost)


def _both(refund: Refund) -> str:
    return f"{shown(refund.card)} by card and {shown(refund.prepaid)} prepaid"
