"""How long prepaid money lasts: the renewals ahead against the wallet (docs/rules.md §7)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.domain import payments
from chalicelib.domain.money import Money


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal ahead: when an account's next period is charged, and what it will cost."""

    date: date
    account_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Payable:
    """A renewal ahead and how it will be split over prepaid money and card."""

    renewal: Renewal
    prepaid: Money
    card: Money


def payables(
    renewals: Iterable[Renewal], *, general: Money, set_aside: Mapping[str, Money], minimum_card_charge: Money
) -> Iterator[Payable]:
    """The renewals in order, each paid as it will be: set-aside money, general money, card (§6)."""
    left = dict(set_aside)
    for renewal in in_order(renewals):
        parts = payments.split(
            total=renewal.amount,
            set_aside=left.get(renewal.account_id, Money.zero(general.currency)),
            general=general,
            minimum_card_charge=minimum_card_charge,
        )
        general -= parts.general
        if parts.set_aside:
            left[renewal.account_id] -= parts.set_aside
        yield Payable(renewal=renewal, prepaid=parts.prepaid, card=parts.card)


def runs_out(payable: Iterable[Payable]) -> Payable | None:
    """The first renewal that a card will be asked for, if any."""
    return next((p for p in payable if p.card), None)


def shortfall(
    renewals: Iterable[Renewal], *, general: Money, set_aside: Mapping[str, Money], minimum_card_charge: Money
) -> Money:
    """How much general prepaid money is missing so that no card is charged for these renewals; zero if none is (§7).

    A total below the smallest card charge is waived when prepaid money does not cover it, so what
    comes after the last renewal that a card could be asked for needs no money.
    """
    left = dict(set_aside)
    zero = Money.zero(general.currency)
    needed = needed_so_far = zero
    for renewal in in_order(renewals):
        own = min(left.get(renewal.account_id, zero), renewal.amount)
        if own:
            left[renewal.account_id] -= own
        needed_so_far += renewal.amount - own
        if renewal.amount >= minimum_card_charge and own < renewal.amount:
            needed = needed_so_far
    return max(needed - general, zero)


def in_order(renewals: Iterable[Renewal]) -> list[Renewal]:
    """The renewals as they will be charged."""
    return sorted(renewals, key=lambda renewal: (renewal.date, renewal.account_id))
