"""Cards: each charged once for what was paid with it, and for nothing else (docs/rules.md §6)."""

from collections.abc import Iterable, Sequence

from chalicelib.domain.audit.books import PaidByCard
from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.money import Money


def paid_by_card(record: PaidByCard, charges: Sequence[CardCharge]) -> Findings:
    """A record that a card paid, and the processor's charges under its identity."""
    if not charges:
        yield Finding(
            Kind.CARD_NOT_CHARGED,
            record.identity,
            f"{shown(record.amount)} were paid by card, the card processor has no charge for it.",
        )
    elif len(charges) > 1:
        keys = ", ".join(charge.key for charge in charges)
        yield Finding(
            Kind.CARD_CHARGED_TWICE,
            record.identity,
            f"{shown(record.amount)} were paid by card, the card processor has {len(charges)} charges for it: {keys}.",
        )
    else:
        yield from _same(record, charges[0])


def without_record(charges: Iterable[CardCharge]) -> Findings:
    """The processor's charges that no invoice, bill or purchase is paid by."""
    for charge in charges:
        amount = f"{shown(charge.amount)} were" if charge.amount else "Money was"
        yield Finding(
            Kind.CARD_WITHOUT_RECORD,
            charge.identity,
            f"{amount} charged to a card under {charge.key} ({charge.reference}), "
            "but nothing in the books was paid by it.",
        )


def _same(record: PaidByCard, charge: CardCharge) -> Findings:
    if charge.amount is not None and charge.amount != record.amount:
        yield Finding(
            Kind.CARD_AMOUNT,
            record.identity,
            f"{shown(record.amount)} were paid by card, the card processor charged {shown(charge.amount)}.",
        )
    elif charge.reference != record.reference:
        yield Finding(
            Kind.CARD_REFERENCE,
            record.identity,
            f"The books name the processor's charge {record.reference}, the processor calls it {charge.reference}.",
        )
    elif charge.refunded is not None:
        given_back = charge.refunded.amount
        if not record.refunded - record.refunding <= given_back <= record.refunded:
            yield Finding(
                Kind.CARD_REFUNDS,
                record.identity,
                f"{shown(Money(record.refunded, record.amount.currency))} were given back to the card, "
                f"the card processor gave back {shown(charge.refunded)}.",
            )
    if charge.lost is not None:
        yield from _same_lost(record, charge.lost.amount)


def _same_lost(record: PaidByCard, at_processor: int) -> Findings:
    """What disputes took back, at most what was left. One that is open in the books may be lost by now."""
    lost = min(at_processor, record.amount.amount - record.refunded)
    if lost < record.lost or (lost > record.lost and not record.disputed):
        currency = record.amount.currency
        yield Finding(
            Kind.CARD_DISPUTES,
            record.identity,
            f"{shown(Money(record.lost, currency))} were lost in disputes, "
            f"the card processor lost {shown(Money(lost, currency))}.",
        )
