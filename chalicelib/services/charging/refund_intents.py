"""The charge intents of refunds: charges the other way round (see :mod:`chalicelib.services.charging.intents`).

Before the processor is asked for it, each refund is noted on what it refunds. So two refunds at once never give back
more than was paid.
"""

from dataclasses import replace
from datetime import datetime
from typing import Self

from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.refunds import Payment, Refund
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.billing import disputes as dispute_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.disputes import DisputeAlarm
from chalicelib.models.billing.single_bills import record_of
from chalicelib.models.charging import pending_charges
from chalicelib.models.charging.pending_charges import InvoiceRefund, PurchaseRefund
from chalicelib.models.transactions import Put, Write
from chalicelib.services.charging.intents import Change
from chalicelib.services.charging.one_off_intents import OneOffIntent


@dataclass(frozen=True)
class RefundIntent(OneOffIntent[InvoiceRefund]):
    """A refund of one invoice, or of its part of the Single Bill that paid it.

    ``charge.card`` goes back to the card, the rest to the wallet. With a bill it changes four rows, so it is
    never made along with other charges.
    """

    invoice: Invoice
    bill: Bill | None

    @property
    def touches(self) -> frozenset[str]:
        record = {record_of(self.bill.id)} if self.bill else set()
        return frozenset({self.pending.id, self.invoice.id, *record})

    @property
    def refund(self) -> Refund:
        card = self.charge.card or Money.zero(self.charge.total.currency)
        return Refund(card=card, prepaid=self.charge.total - card)

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        noted, *on_bill = note(self.invoice, self.bill, self.refund, now=now, actor=actor)
        held = replace(
            self,
            pending=self.frozen,
            invoice=invoice_rows.stored(noted),
            bill=bill_rows.stored_bill(on_bill[0]) if on_bill else self.bill,
        )
        return Change(held, wallet, [*self.freezing(actor), noted, *on_bill])

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        wallet = wallets.credit_noted(wallets.with_journal_entry(wallets.add(wallet, self.refund.prepaid)))
        entry = Entry(
            id=self.pending.id,
            payer=self.payer,
            kind=EntryKind.REFUND,
            at=now,
            amount=self.refund.prepaid,
            balance_after=wallet.balance,
            sequence=wallet.sequence,
            account_id=self.invoice.account_id,
            invoice_id=self.invoice.id,
            processor=(self.bill or self.invoice).processor if payment else None,
            reference=payment.reference if payment else None,
            to_card=self.refund.card or None,
            credit_note=wallet.last_credit_note_number,
        )
        is_held = self.pending.version > 0
        invoice = self.invoice if is_held else refunds.of_invoice(self.invoice, self.refund)
        writes: list[Write] = [
            journal_rows.put(entry, actor=actor, event="invoice.refunded"),
            invoice_rows.put(refunds.credited(invoice, entry), now=now, actor=actor, event=""),
        ]
        if is_held:
            writes.append(pending_charges.remove(self.pending))
        return Change(self, wallet, writes)

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        del answer
        back = note_undone(self.invoice, self.bill, -self.refund, now=now, actor=actor)
        return Change(self, wallet, [pending_charges.remove(self.pending), *back])

    def read_with(self, pending: InvoiceRefund) -> Self:
        invoice, bill = paid_invoice(pending.payer, pending.invoice_id)
        return replace(self, pending=pending, invoice=invoice, bill=bill)


@dataclass(frozen=True)
class PurchaseRefundIntent(OneOffIntent[PurchaseRefund]):
    """A refund of prepaid money to the card that bought it; until it is through, the money is held in the wallet."""

    bought: Entry

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.pending.id, self.bought.id})

    def is_outdated(self, wallet: Wallet) -> bool:
        """Whether the money was used, set aside or promised to a charge meanwhile."""
        return self.charge.total > wallet.general

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        del now  # the charge says when it was started
        reserved = journal_rows.put(refunds.of_purchase(self.bought, self.charge.total), actor=actor, event="")
        held = replace(self, pending=self.frozen, bought=journal_rows.stored(reserved))
        return Change(held, wallet, [*self.freezing(actor), reserved])

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        money = self.charge.total
        wallet = wallets.with_journal_entry(wallets.spend(wallet, set_aside=self.set_aside, held=money))
        entry = Entry(
            id=self.pending.id,
            payer=self.payer,
            kind=EntryKind.REFUND,
            at=now,
            amount=-money,
            balance_after=wallet.balance,
            sequence=wallet.sequence,
            billing_profile_id=self.bought.billing_profile_id,
            processor=self.bought.processor,
            reference=payment.reference if payment else None,
            to_card=money,
            purchase_id=self.bought.id,
        )
        writes: list[Write] = [
            pending_charges.remove(self.pending),
            journal_rows.put(entry, actor=actor, event="prepaid.refunded"),
        ]
        return Change(self, wallet, writes)

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        del answer
        money = self.charge.total
        back = purchase_undone(self.bought, money, now=now, actor=actor)
        return Change(self, wallets.release(wallet, money), [pending_charges.remove(self.pending), *back])

    def read_with(self, pending: PurchaseRefund) -> Self:
        return replace(self, pending=pending, bought=purchase_of(pending.payer, pending.entry_id))


def refund_intent(pending: InvoiceRefund | PurchaseRefund) -> RefundIntent | PurchaseRefundIntent:
    """The intent of a refund in progress, with what it refunds as it is stored now."""
    if isinstance(pending, InvoiceRefund):
        return RefundIntent(pending, *paid_invoice(pending.payer, pending.invoice_id))
    return PurchaseRefundIntent(pending, purchase_of(pending.payer, pending.entry_id))


def paid_invoice(payer: str, invoice_id: str) -> tuple[Invoice, Bill | None]:
    """An invoice as it is stored, and the closed Single Bill it is on, if it is on one that is closed."""
    invoice = invoice_rows.get(payer, invoice_id)
    assert invoice is not None
    return invoice, bill_rows.get_bill(payer, invoice.bill_id) if invoice.bill_id else None


def note(invoice: Invoice, bill: Bill | None, refund: Refund, *, now: datetime, actor: str) -> list[Put]:
    """The writes that note ``refund`` on its invoice and, if the bill's card has a part in it, on the bill."""
    noted = [invoice_rows.put(refunds.of_invoice(invoice, refund), now=now, actor=actor, event="")]
    if bill is not None and refund.card:
        noted.append(bill_rows.put_bill(refunds.of_bill(bill, refund.card), actor=actor, event=""))
    return noted


def note_undone(invoice: Invoice, bill: Bill | None, undone: Refund, *, now: datetime, actor: str) -> list[Write]:
    """The writes that take a refund off its invoice and bill again; ``undone`` is negative."""
    paid = refunds.of_bill(bill, undone.card) if bill else refunds.of_invoice(invoice, undone)
    return [*note(invoice, bill, undone, now=now, actor=actor), *short_dispute_alarms(paid, now=now, actor=actor)]


def purchase_undone(bought: Entry, money: Money, *, now: datetime, actor: str) -> list[Write]:
    """The writes that take a refund of ``money`` off its purchase again."""
    after = refunds.of_purchase(bought, -money)
    return [journal_rows.put(after, actor=actor, event=""), *short_dispute_alarms(after, now=now, actor=actor)]


def short_dispute_alarms(payment: Payment, *, now: datetime, actor: str) -> list[Write]:
    """The alarms of the lost disputes that took less of this payment than the bank did: with more of it left than
    before, they are looked up again and take the rest (§6)."""
    alarms: list[Write] = []
    for short in refunds.falling_short(payment):
        dispute = dispute_rows.get(payment.payer, short.id)
        assert dispute is not None
        alarm = dispute_rows.get_alarm(short.id) or DisputeAlarm(short.id, payment.payer, dispute.reference, now)
        alarms.append(dispute_rows.put_alarm(alarm._replace(due_at=now), actor=actor))
    return alarms


def purchase_of(payer: str, entry_id: str) -> Entry:
    """The journal entry of a purchase of prepaid money."""
    entry = journal_rows.get(payer, entry_id)
    assert entry is not None
    return entry
