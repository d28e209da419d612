"""Refunds by an operator: in whole or part, to where the money came from (docs/rules.md §6).

A refund is a charge the other way round, and goes through the same door: it is reserved on its
invoice before the processor is asked, so that two at once never give back more than was paid.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from chalicelib.domain import invoices, wallets
from chalicelib.domain.charges import Charge, ChargeKind
from chalicelib.domain.credits import Entry, EntryKind
from chalicelib.domain.invoices import Invoice, InvoiceStatus, Refund
from chalicelib.domain.money import Money
from chalicelib.domain.quotes import Line
from chalicelib.domain.refusals import Invalid, KeyReused, Refusal
from chalicelib.domain.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models import ledger
from chalicelib.models import purchases as purchase_rows
from chalicelib.models.purchases import Purchase
from chalicelib.models.transactions import Busy, Put, Write
from chalicelib.services import charges, partners
from chalicelib.services.charges import ChargeOutcomeUnknown, NotPaid, Paid, Unknown
from chalicelib.services.invoices import get_invoice
from chalicelib.services.orders import Change
from chalicelib.services.standalone_orders import StandaloneOrder

_TRIES = 10


class NotRefundable(Refusal):
    """Nothing of the invoice can be given back, or not this way."""

    status = 409
    code = "not_refundable"
    title = "The invoice cannot be refunded"


class RefundDeclined(Refusal):
    """The processor gave nothing back; nothing has changed."""

    status = 402
    code = "refund_declined"
    title = "The processor declined the refund"


@dataclass(frozen=True)
class RefundOrder(StandaloneOrder):
    """A refund of one invoice. ``charge.card`` goes back to the card, the rest to the wallet."""

    invoice: Invoice

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.purchase.id, self.invoice.id})

    @property
    def refund(self) -> Refund:
        card = self.charge.card or self.set_aside
        return Refund(card=card, prepaid=self.charge.total - card)

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        reserved = self._put_invoice(invoices.refunded(self.invoice, self.refund), now=now, actor=actor)
        held = replace(self, purchase=self.frozen, invoice=ledger.stored_invoice(reserved))
        return Change(held, wallet, [*self.freezing(actor), reserved])

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        wallet = wallets.entered(wallets.add(wallet, self.refund.prepaid))
        entry = Entry(
            id=self.purchase.id,
            payer=self.payer,
            kind=EntryKind.REFUND,
            at=now,
            amount=self.refund.prepaid,
            balance_after=wallet.balance,
            sequence=wallet.sequence,
            account_id=self.invoice.account_id,
            invoice_id=self.invoice.id,
            processor=self.invoice.processor if payment else None,
            reference=payment.reference if payment else None,
        )
        writes: list[Write] = [ledger.put_entry(entry, actor=actor, event="invoice.refunded")]
        if self.purchase.version:
            writes.append(purchase_rows.remove(self.purchase))
        else:
            writes.append(self._put_invoice(invoices.refunded(self.invoice, self.refund), now=now, actor=actor))
        return Change(self, wallet, writes)

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        del answer
        back = Refund(card=-self.refund.card, prepaid=-self.refund.prepaid)
        writes: list[Write] = [
            purchase_rows.remove(self.purchase),
            self._put_invoice(invoices.refunded(self.invoice, back), now=now, actor=actor),
        ]
        return Change(self, wallet, writes)

    def read_with(self, purchase: Purchase) -> Self:
        return replace(self, purchase=purchase, invoice=refund_order(purchase, self.invoice.id).invoice)

    def _put_invoice(self, invoice: Invoice, *, now: datetime, actor: str) -> Put:
        return ledger.put_invoice(invoice, now=now, actor=actor, event="")


def refund_order(purchase: Purchase, invoice_id: str) -> RefundOrder:
    """The order of a refund that is in progress, its invoice as it is stored now."""
    invoice = ledger.get_invoice(purchase.payer, invoice_id)
    assert invoice is not None
    return RefundOrder(purchase, invoice)


def refund(
    *, refund_id: str, partner_id: str, invoice_id: str, amount: int | None, now: datetime, actor: str
) -> tuple[Entry, Invoice]:
    """Give back ``amount`` of a paid invoice, or all that is left. The same ``refund_id`` again is the same request.

    Raises :class:`NotRefundable`, :class:`Invalid` naming what is left, :class:`RefundDeclined`.
    """
    program = partners.program_of(partner_id=partner_id)
    for _ in range(_TRIES):
        entry = ledger.get_entry(partner_id, refund_id)
        if entry is not None:
            if entry.invoice_id != invoice_id:
                raise KeyReused("It refunded another invoice. Use a new Idempotency-Key.")
            return entry, get_invoice(partner_id=partner_id, invoice_id=invoice_id)
        invoice = get_invoice(partner_id=partner_id, invoice_id=invoice_id)
        in_progress = purchase_rows.get(refund_id)
        if in_progress is not None:  # it is reserved already: nothing is left of the invoice, and that is no refusal
            order = refund_order(in_progress, invoice_id)
            (result,) = charges.finish([order], payer=partner_id, now=now, actor=actor)
        else:
            order = _order(refund_id, invoice, amount, now=now)
            (result,) = charges.make([order], payer=partner_id, program=program, now=now, actor=actor)
        match result:
            case Paid():
                continue  # the entry is there now
            case NotPaid(decline_code=code):
                raise RefundDeclined("Nothing was given back.", extra={"decline_code": code})
            case Unknown():
                raise ChargeOutcomeUnknown(
                    "The refund will be finished or given up within minutes. "
                    "Repeat the request with the same Idempotency-Key to learn which.",
                    retry_after=120,
                )
            case _:
                continue  # the invoice changed meanwhile: look again
    raise Busy("Others kept changing the invoice. Try again in a moment.", retry_after=1)


def _order(refund_id: str, invoice: Invoice, amount: int | None, *, now: datetime) -> RefundOrder:
    if invoice.bill_id is not None:
        raise NotRefundable(f"{invoice.id} was paid by the Single Bill {invoice.bill_id}, not by itself.")
    if invoice.status is not InvoiceStatus.PAID:
        raise NotRefundable(f"{invoice.id} is {invoice.status}: nothing was paid for it.")
    left = invoices.refundable(invoice)
    whole = left.card + left.prepaid
    if not whole:
        raise NotRefundable(f"All of {invoice.id} was given back already.")
    money = whole if amount is None else Money(amount, invoice.currency)
    if money > whole:
        raise Invalid(errors=[("amount", f"must be at most {whole.amount} (minor units), the rest of the invoice")])
    parts = invoices.refund_of(invoice, money)
    charge = Charge(
        id=refund_id,
        kind=ChargeKind.REFUND,
        lines=(Line(kind="refund", description=f"Refund of invoice {invoice.number:06d}", amount=money),),
        total=money,
        started_at=now,
        card=parts.card,
        refunds=invoice.reference if parts.card else None,
    )
    purchase = Purchase(id=refund_id, payer=invoice.payer, charge=charge, account_id=None, invoice_id=invoice.id)
    return RefundOrder(purchase, invoice)
