"""Which lines an invoice has, from what was paid and given back of it: the difference to its lines so far (rules §10).

The whole state decides, never a single event. So it does not matter in which order refunds, failed refunds and disputes
are heard of, nor how often.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from chalicelib.domain.earnings.lines import EarningLine, Hold, LineKind, ReversalBasis
from chalicelib.domain.earnings.terms import InvoiceEarning
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """A paid invoice as its earnings need it.

    ``paid`` is what it came to, prepaid money included, discounts and what was waived taken off. ``refunded`` is what
    of that was given back, or taken back by lost disputes. ``paid_on`` is a local date of the account, ``account_name``
    what it was called on the invoice.
    """

    id: str
    account_id: str
    payer: str
    earning: InvoiceEarning
    paid: Money
    paid_on: date
    refunded: Money
    disputed: bool = False
    account_name: str | None = None

    @property
    def given_back(self) -> Money:
        """``refunded``, but never more than was paid."""
        return min(max(self.refunded, Money.zero(self.paid.currency)), self.paid)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else decides whether lines are held: the client is the partner itself, the account's first invoice was
    disputed, the account is canceled or has ended.
    """

    own_client: bool = False
    first_invoice_disputed: bool = False
    canceled: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """A line that is new, or one that was posted and is noted on anew."""

    before: EarningLine | None
    after: EarningLine


def line_id(invoice_id: str, kind: LineKind) -> str:
    """The id of an invoice's commission or bonus: it cannot have two."""
    return derived_id("earn", invoice_id, kind)


def reversal_id(line: EarningLine, number: int) -> str:
    """The id of a line's reversal of that number, counted from 1."""
    return derived_id("earn", line.id, "reversal", str(number))


def earned(invoice: PaidInvoice) -> Mapping[LineKind, Money]:
    """What an invoice brings, as it was paid: rounded once, half up. Nothing that comes to zero."""
    amounts = {LineKind.COMMISSION: invoice.paid.percent(invoice.earning.percent)}
    if invoice.earning.bonus is not None and invoice.paid:
        amounts[LineKind.BONUS] = invoice.earning.bonus
    return {kind: amount for kind, amount in amounts.items() if amount}


def taken_back(line: EarningLine, invoice: PaidInvoice) -> Money:
    """What of a line all its reversals must come to: of a commission the part that was refunded, of a bonus all or
    nothing, of a line that was refused all."""
    if line.refused:
        return line.amount
    if line.kind is LineKind.BONUS:
        return line.amount if invoice.given_back == invoice.paid else Money.zero(line.amount.currency)
    return line.amount.share(part=invoice.given_back.amount, whole=invoice.paid.amount)


def postings(
    invoice: PaidInvoice,
    lines: Mapping[LineKind, EarningLine],
    reversals: Mapping[str, Sequence[EarningLine]],
    circumstances: Circumstances,
    *,
    now: datetime,
    today: date,
) -> list[Posting]:
    """What is to be posted for an invoice that has these ``lines``; ``reversals`` are those of each line, by its id.

    ``today`` is a date of the partner's zone.
    """
    made: list[Posting] = []
    for kind, amount in earned(invoice).items():
        before = lines.get(kind)
        line = before or _new_line(invoice, kind, amount, now=now)
        if not line.is_settled:
            line = replace(line, held_for=_holds(line, invoice, circumstances, today=today))
        taken = taken_back(line, invoice)
        made += _noted(line, before, reversals.get(line.id, ()), taken, invoice=invoice, now=now, today=today)
    return made


def restated(
    line: EarningLine, before: EarningLine, reversals: Sequence[EarningLine], *, now: datetime, today: date
) -> list[Posting]:
    """What is to be posted once an operator has released or refused a line: a refused one is taken back whole."""
    target = line.amount if line.refused else line.reversed or Money.zero(line.amount.currency)
    return _noted(line, before, reversals, target, invoice=None, now=now, today=today)


def _noted(
    line: EarningLine,
    before: EarningLine | None,
    reversals: Sequence[EarningLine],
    taken: Money,
    *,
    invoice: PaidInvoice | None,
    now: datetime,
    today: date,
) -> list[Posting]:
    """The line if it is new or changed, with its reversals, which are held as long as it is, and one more if what is
    ``taken`` back in all is more or less than they come to.
    """
    so_far = line.reversed or Money.zero(taken.currency)
    added = []
    if taken != so_far:
        line = replace(line, reversed=taken or None, reversals=line.reversals + 1)
        basis = _basis(line, invoice, before=so_far)
        added.append(Posting(None, _reversal(line, so_far - taken, basis, now=now, today=today)))
    changed = [] if line == before else [Posting(before, line)]
    moved = [
        Posting(each, replace(each, held_for=line.held_for)) for each in reversals if each.held_for != line.held_for
    ]
    return [*changed, *([] if line.is_settled else [each for each in moved if not each.after.is_settled]), *added]


def _new_line(invoice: PaidInvoice, kind: LineKind, amount: Money, *, now: datetime) -> EarningLine:
    earning, is_commission = invoice.earning, kind is LineKind.COMMISSION
    return EarningLine(
        id=line_id(invoice.id, kind),
        partner_id=earning.partner_id,
        kind=kind,
        at=now,
        amount=amount,
        payable_on=invoice.paid_on + timedelta(days=earning.hold_days),
        account_id=invoice.account_id,
        account_name=invoice.account_name,
        invoice_id=invoice.id,
        payer=invoice.payer,
        relationship=earning.relationship,
        base=invoice.paid if is_commission else None,
        percent=Decimal(earning.percent) if is_commission else None,
    )


def _basis(line: EarningLine, invoice: PaidInvoice | None, *, before: Money) -> ReversalBasis:
    """What the next reversal of a line is worked out from. A refused line is taken back whatever was refunded."""
    basis = ReversalBasis(line.kind, line.amount.amount, before.amount, refused=line.refused)
    if line.refused or invoice is None:
        return basis
    return replace(basis, refunded=invoice.given_back.amount, paid=invoice.paid.amount)


def _reversal(line: EarningLine, amount: Money, basis: ReversalBasis, *, now: datetime, today: date) -> EarningLine:
    """It can be paid out, or deducted, when its line can; of one that is settled or payable, now."""
    return EarningLine(
        id=reversal_id(line, line.reversals),
        partner_id=line.partner_id,
        kind=LineKind.REVERSAL,
        at=now,
        amount=amount,
        payable_on=today if line.is_settled else max(line.payable_on, today),
        account_id=line.account_id,
        account_name=line.account_name,
        invoice_id=line.invoice_id,
        payer=line.payer,
        relationship=line.relationship,
        reverses=line.id,
        basis=basis,
        held_for=() if line.is_settled else line.held_for,
    )


def _holds(line: EarningLine, invoice: PaidInvoice, around: Circumstances, *, today: date) -> tuple[Hold, ...]:
    """The reasons to hold a line, in their order, without those an operator has overruled."""
    is_new = not line.version
    stays_canceled = around.canceled and (today < line.payable_on or Hold.CANCELED in line.held_for)
    wanted = {
        Hold.OWN_CLIENT: around.own_client if is_new else Hold.OWN_CLIENT in line.held_for,
        Hold.FIRST_INVOICE_DISPUTED: around.first_invoice_disputed or Hold.FIRST_INVOICE_DISPUTED in line.held_for,
        Hold.DISPUTED: invoice.disputed,
        Hold.CANCELED: line.kind is LineKind.BONUS and stays_canceled,
    }
    return tuple(hold for hold in Hold if wanted[hold] and hold not in line.released)
