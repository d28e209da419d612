"""Refunds by an operator: in whole or part, to where the money came from (docs/rules.md §6).

A refund is a charge in reverse. It goes through the same steps
(:mod:`chalicelib.services.charging.refund_intents`).
"""

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain import disputes
from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.refunds import Payment, Refund
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal, RefusalKind
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.wallets import NotEnoughPrepaid
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.charging import pending_charges
from chalicelib.models.charging.pending_charges import InvoiceRefund, PurchaseRefund
from chalicelib.models.transactions import Busy
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.billing.invoices import get_invoice
from chalicelib.services.charging import charges
from chalicelib.services.charging.refund_intents import PurchaseRefundIntent, RefundIntent, paid_invoice, refund_intent
from chalicelib.services.charging.results import refuse_unpaid
from chalicelib.services.partners import partners

_TRIES = 10
_PREVIEW = "txn_preview"
"""The id of a refund that is looked at and not made."""
MOST_CREDIT_NOTES = 100
"""The most of one invoice, which keeps a line of each in its row."""


class NotRefundable(Refusal):
    """Nothing of the invoice or the purchase can be given back."""

    code = "not_refundable"
    title = "There is nothing to refund"


class PaymentDisputed(Refusal):
    """A dispute of the payment is open: what is refunded now, the bank may take back once more."""

    code = "payment_disputed"
    title = "The payment is disputed"


class RefundDeclined(Refusal):
    """The processor gave nothing back; nothing has changed."""

    kind = RefusalKind.PAYMENT_DECLINED
    code = "refund_declined"
    title = "The processor declined the refund"


def refund_invoice(
    *, refund_id: str, payer: str, invoice_id: str, amount: int | None, now: datetime, actor: str
) -> tuple[Entry, Invoice]:
    """Refund ``amount`` of a paid invoice, or all that is left, to its ``payer``, a partner or an account that pays for
    itself. The same ``refund_id`` again is a repeated request.

    Raises :class:`NotRefundable`, :class:`PaymentDisputed`, :class:`Invalid` naming what is left,
    :class:`RefundDeclined`, :class:`KeyReused`.
    """

    def refund_intent_for() -> RefundIntent:
        shown = get_invoice(payer=payer, invoice_id=invoice_id)
        return _of_invoice(refund_id, shown, amount, now=now)

    entry = _refund(
        refund_id,
        refund_intent_for,
        payer=payer,
        refunded_id=invoice_id,
        amount=amount,
        now=now,
        actor=actor,
    )
    return entry, get_invoice(payer=payer, invoice_id=invoice_id)


def refund_purchase(
    *, refund_id: str, payer: str, purchase_id: str, amount: int | None, now: datetime, actor: str
) -> tuple[Entry, Entry]:
    """Refund ``amount`` of a purchase of prepaid money to its card, or all that is left of it.

    Only general prepaid money can be given back. The same ``refund_id`` again is a repeated request. Raises
    :class:`NotEnoughPrepaid` naming what is general, and as for an invoice.
    """

    def refund_intent_for() -> PurchaseRefundIntent:
        return _of_purchase(refund_id, get_purchase(payer=payer, purchase_id=purchase_id), amount, now=now)

    entry = _refund(
        refund_id,
        refund_intent_for,
        payer=payer,
        refunded_id=purchase_id,
        amount=amount,
        now=now,
        actor=actor,
    )
    return entry, get_purchase(payer=payer, purchase_id=purchase_id)


def refundable(*, payer: str, invoice_id: str) -> Refund:
    """What of an invoice can still be given back, and to where; nothing of one that is not paid.

    Raises :class:`NotFound`.
    """
    shown = get_invoice(payer=payer, invoice_id=invoice_id)
    if shown.status is not InvoiceStatus.PAID:
        return Refund(card=Money.zero(shown.currency), prepaid=Money.zero(shown.currency))
    return refunds.refundable(*paid_invoice(payer, invoice_id))


def preview_invoice(*, payer: str, invoice_id: str, amount: int, now: datetime) -> Refund:
    """Where ``amount`` of an invoice would go back to; nothing is changed. Raises what :func:`refund_invoice` raises
    before it asks the processor."""
    shown = get_invoice(payer=payer, invoice_id=invoice_id)
    return _of_invoice(_PREVIEW, shown, amount, now=now).refund


def refundable_of_purchase(*, payer: str, purchase_id: str) -> Money:
    """What of a purchase can still be given back: only general prepaid money can. Raises :class:`NotFound`."""
    bought = get_purchase(payer=payer, purchase_id=purchase_id)
    return min(refunds.left_of_purchase(bought), wallet_rows.get(payer).general)


def preview_purchase(*, payer: str, purchase_id: str, amount: int, now: datetime) -> Money:
    """What would go back to the card of a purchase; nothing is changed. Raises what :func:`refund_purchase` raises
    before it asks the processor."""
    bought = get_purchase(payer=payer, purchase_id=purchase_id)
    return _of_purchase(_PREVIEW, bought, amount, now=now).charge.total


def _refund(
    refund_id: str,
    refund_intent_for: Callable[[], RefundIntent | PurchaseRefundIntent],
    *,
    payer: str,
    refunded_id: str,
    amount: int | None,
    now: datetime,
    actor: str,
) -> Entry:
    """Make the refund that ``refund_intent_for`` says, or finish the one there is; its entry in the journal."""
    program = partners.program_of_payer(payer)
    for _ in range(_TRIES):
        if (entry := journal_rows.get(payer, refund_id)) is not None:
            given_back = entry.amount.amount if entry.invoice_id else 0
            given_back += entry.to_card.amount if entry.to_card else 0
            _refuse_another(entry.invoice_id or entry.purchase_id, given_back, refunded_id, amount)
            return entry
        pending = pending_charges.get(refund_id)
        if isinstance(pending, InvoiceRefund | PurchaseRefund):
            _refuse_another(pending.refunded_id, pending.charge.total.amount, refunded_id, amount)
            # reserved already, so that nothing is left is no reason to refuse
            (result,) = charges.finish([refund_intent(pending)], payer=payer, now=now, actor=actor)
        else:
            (result,) = charges.make([refund_intent_for()], payer=payer, program=program, now=now, actor=actor)
        refuse_unpaid(
            result,
            declined="Nothing was given back.",
            unknown="The refund will be finished or given up within minutes. "
            "Repeat the request with the same Idempotency-Key to learn which.",
            declined_as=RefundDeclined,
        )
        # the entry is there now, or what is refunded, or the wallet, changed meanwhile: look again
    raise Busy("Others kept changing what is to be refunded. Try again in a moment.", retry_after=1)


def _refuse_another(refunded_id: str | None, given_back: int, asked_id: str, amount: int | None) -> None:
    """Refuse a key that was used for another refund. Without an ``amount``, whatever was left then is the same."""
    if refunded_id != asked_id or amount not in (None, given_back):
        raise KeyReused(f"It refunded {given_back} (minor units) of {refunded_id}. Use a new Idempotency-Key.")


def _of_invoice(refund_id: str, shown: Invoice, amount: int | None, *, now: datetime) -> RefundIntent:
    if shown.status is not InvoiceStatus.PAID:
        raise NotRefundable(f"{shown.id} is {shown.status}: nothing can be given back of it.")
    invoice, bill = paid_invoice(shown.payer, shown.id)  # as it is stored: one on a bill is not written as paid
    _refuse_disputed(bill or invoice, of=invoice.id)
    left = refunds.refundable(invoice, bill)
    if len(invoice.credit_notes) >= MOST_CREDIT_NOTES:
        raise NotRefundable(f"{invoice.id} has {MOST_CREDIT_NOTES} credit notes, the most an invoice can have.")
    money = _asked(amount, left.total, of=invoice.id)
    parts = refunds.refund_of(invoice, money, bill)
    charge = Charge(
        id=refund_id,
        kind=ChargeKind.REFUND,
        lines=(_line(f"Refund of invoice {invoice.number:06d}", money),),
        total=money,
        started_at=now,
        card=parts.card,
        refunds=(bill or invoice).reference if parts.card else None,
    )
    pending = InvoiceRefund(id=refund_id, payer=invoice.payer, charge=charge, invoice_id=invoice.id)
    return RefundIntent(pending, invoice, bill)


def _of_purchase(refund_id: str, bought: Entry, amount: int | None, *, now: datetime) -> PurchaseRefundIntent:
    _refuse_disputed(bought, of=bought.id)
    money = _asked(amount, refunds.left_of_purchase(bought), of=bought.id)
    general = wallet_rows.get(bought.payer).general
    if money > general:
        raise NotEnoughPrepaid(
            f"{general.amount} can be given back at most (minor units); "
            "the rest of the prepaid money was used, is set aside or promised to a charge."
        )
    charge = Charge(
        id=refund_id,
        kind=ChargeKind.REFUND,
        lines=(_line("Refund of prepaid money", money),),
        total=money,
        started_at=now,
        from_general=money,
        card=money,
        refunds=bought.reference,
    )
    pending = PurchaseRefund(id=refund_id, payer=bought.payer, charge=charge, entry_id=bought.id)
    return PurchaseRefundIntent(pending, bought)


def _refuse_disputed(payment: Payment, *, of: str) -> None:
    if disputes.blocks_refunds(payment.disputes):
        raise PaymentDisputed(
            f"The cardholder disputes the payment of {of}. Refund it once the dispute is won, or accept the dispute "
            "at the card processor: then the bank gives the money back."
        )
    if refunds.falling_short(payment):
        raise PaymentDisputed(
            f"The bank took more back of the payment of {of} than is in the books yet. Try again in a few minutes."
        )


def _line(description: str, money: Money) -> Line:
    return Line("refund", description, money, explanation=Explanation(Rule.AMOUNT))


def _asked(amount: int | None, left: Money, *, of: str) -> Money:
    """What was asked for, or all that is left."""
    if not left:
        raise NotRefundable(f"Nothing is left to give back of {of}.")
    if amount is not None and amount > left.amount:
        raise Invalid(errors=[("amount", f"must be at most {left.amount} (minor units), what is left of {of}")])
    return left if amount is None else Money(amount, left.currency)


def get_purchase(*, payer: str, purchase_id: str) -> Entry:
    """A payer's purchase of prepaid money. Raises :class:`NotFound` for whatever else the journal has."""
    entry = journal_rows.get(payer, purchase_id) if purchase_id.startswith("txn_") else None
    if entry is None or (entry.kind, entry.credit) != (EntryKind.PURCHASE, CreditKind.PREPAID):
        raise NotFound.of("purchase of prepaid money", purchase_id)
    return entry
