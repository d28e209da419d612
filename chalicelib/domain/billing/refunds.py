"""Refunds: how much of a payment can be given back, and to where (docs/rules.md §6)."""

from dataclasses import replace

from chalicelib.domain import disputes
from chalicelib.domain.billing.credit_notes import credit_note_of, sum_of
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.disputes import Dispute, Noted
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import Entry

Payment = Invoice | Bill | Entry
"""What a card paid for: an invoice, a Single Bill, or the journal entry of a purchase of prepaid money."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, to the card and to the wallet."""

    card: Money
    prepaid: Money

    @property
    def total(self) -> Money:
        return self.card + self.prepaid

    def __neg__(self) -> "Refund":
        """The same, reversed."""
        return Refund(card=-self.card, prepaid=-self.prepaid)


def refundable(invoice: Invoice, bill: Bill | None = None) -> Refund:
    """What of a paid invoice has not been given back yet; ``bill`` is the Single Bill that paid it.

    Of one on a bill, the card's part is what the bill paid of it, as far as that bill's card was charged and has
    not been refunded for other invoices. A bill that was waived paid nothing. What lost disputes took back is not left.
    """
    to_card, to_prepaid = _or_zero(invoice.refunded_to_card, invoice), _or_zero(invoice.refunded_to_prepaid, invoice)
    if bill is None:
        return Refund(card=invoice.card_charged - to_card, prepaid=invoice.prepaid_applied - to_prepaid)
    by_bill = Money.zero(invoice.currency) if bill.waived else _or_zero(invoice.billed, invoice)
    zero = Money.zero(invoice.currency)
    by_bill = max(bill.kept_of(by_bill) - to_card, zero)
    left = max(invoice.prepaid_applied + by_bill - to_prepaid, zero)
    card = max(min(left, by_bill, left_of_card(bill)), zero)
    return Refund(card=card, prepaid=left - card)


def refund_of(invoice: Invoice, amount: Money, bill: Bill | None = None) -> Refund:
    """``amount`` split over where it came from: the card first, it paid last (§6). ValueError if it is too much."""
    left = refundable(invoice, bill)
    if amount > left.total:
        raise ValueError(f"only {left.total.amount} of {invoice.id} can be refunded")
    card = min(amount, left.card)
    return Refund(card=card, prepaid=amount - card)


def of_invoice(invoice: Invoice, refund: Refund) -> Invoice:
    """The invoice with ``refund`` given back, or on its way."""
    return replace(
        invoice,
        refunded_to_card=(_or_zero(invoice.refunded_to_card, invoice) + refund.card) or None,
        refunded_to_prepaid=(_or_zero(invoice.refunded_to_prepaid, invoice) + refund.prepaid) or None,
    )


def credited(invoice: Invoice, entry: Entry) -> Invoice:
    """The invoice with the credit note that the journal entry of a refund, or of a failed one, is."""
    note = credit_note_of(entry)
    assert note is not None
    return replace(invoice, credit_notes=(*invoice.credit_notes, note.credited))


def of_bill(bill: Bill, money: Money) -> Bill:
    """The bill with ``money`` given back to its card for one of its invoices, or on its way."""
    return replace(bill, refunded_to_card=((bill.refunded_to_card or Money.zero(bill.currency)) + money) or None)


def as_its_bill_left_it(invoice: Invoice, bill: Bill | None) -> Invoice:
    """The invoice with the disputes of the Single Bill that paid it, less its share of what was taken back."""
    if bill is None or not bill.disputes:
        return invoice
    billed, to_card = _or_zero(invoice.billed, invoice), _or_zero(invoice.refunded_to_card, invoice)
    taken = min(billed - bill.kept_of(billed), max(billed - to_card, Money.zero(invoice.currency)))
    return replace(_without(invoice, taken), disputes=bill.disputes)


def given_back(invoice: Invoice, bill: Bill | None = None) -> Money:
    """What of a paid invoice was given back, or taken back by lost disputes; refunds in progress are not part of it.

    ``bill`` is the Single Bill that paid it.
    """
    credited = sum_of(invoice.credit_notes, currency=invoice.currency)
    lost = disputes.taken_back(invoice.disputes, currency=invoice.currency)
    if bill is not None:
        billed = _or_zero(invoice.billed, invoice)
        lost = billed - bill.kept_of(billed)
    return credited + lost


def disputed(payment: Payment, dispute: Dispute, taken: Money) -> Payment:
    """The payment with ``dispute`` as it is now, which took this much more of its card's part, or less if negative."""
    noted = disputes.noted(payment.disputes, dispute)
    if isinstance(payment, Entry):
        return replace(of_purchase(payment, taken), disputes=noted)
    if isinstance(payment, Bill):
        return replace(of_bill(payment, taken), disputes=noted)
    return replace(_without(payment, taken), disputes=noted)


def falling_short(payment: Payment) -> tuple[Noted, ...]:
    """The lost disputes whose money is not all taken out of the payment yet, though some of it is left."""
    if not left_of_card(payment):
        return ()
    return tuple(each for each in payment.disputes if disputes.falls_short(each))


def left_of_card(payment: Payment) -> Money:
    """What a card paid and has not got back."""
    if isinstance(payment, Entry):
        return left_of_purchase(payment)
    return payment.card_charged - (payment.refunded_to_card or Money.zero(payment.currency))


def left_in_all(payment: Payment) -> Money:
    """What was paid, by card or otherwise, and has not gone back to the card."""
    if isinstance(payment, Entry):
        return left_of_purchase(payment)
    return payment.total - (payment.refunded_to_card or Money.zero(payment.currency))


def left_of_purchase(bought: Entry) -> Money:
    """What of a purchase of prepaid money has not been given back yet."""
    return bought.amount - (bought.refunded or Money.zero(bought.amount.currency))


def of_purchase(bought: Entry, money: Money) -> Entry:
    """The purchase with ``money`` given back to its card, or on its way."""
    return replace(bought, refunded=((bought.refunded or Money.zero(money.currency)) + money) or None)


def _without(invoice: Invoice, taken: Money) -> Invoice:
    return of_invoice(invoice, Refund(card=taken, prepaid=Money.zero(taken.currency)))


def _or_zero(money: Money | None, invoice: Invoice) -> Money:
    return money or Money.zero(invoice.currency)
