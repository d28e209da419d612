"""A wallet as a forecast projects it: what is left of prepaid money after each payment (docs/rules.md §6, §7)."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.domain.catalog import payment_split
from chalicelib.domain.money import Money


class Parts(NamedTuple):
    """What prepaid money and a card pay of a charge."""

    prepaid: Money
    card: Money


class ProjectedWallet:
    """A wallet's prepaid money, general and set aside, as a forecast spends it.

    It also works out how much general money it would have to hold at the beginning so that no card is charged:
    ``_spent`` is what general money would have paid so far if there were enough of it, less what was released;
    ``needed`` is the highest ``_spent`` at any point where a card, a top-up's too, would have been charged the rest.
    A year of a big partner has a hundred thousand payments, so amounts are kept in minor units of the one currency.
    """

    def __init__(self, *, general: Money, minimum: Money, set_aside: Mapping[str, Money]) -> None:
        self._currency = general.currency
        self._nothing = Money.zero(self._currency)
        self._general = general.amount
        self._minimum = minimum.amount_in(self._currency)
        self._set_aside = {subject: own.amount_in(self._currency) for subject, own in set_aside.items()}
        self._unspent = dict(self._set_aside)
        self._spent = self._needed = 0

    @property
    def general(self) -> Money:
        """The general money that is left."""
        return Money(self._general, self._currency)

    @property
    def needed(self) -> Money:
        """What general money must be at the beginning, so that no card is charged."""
        return Money(self._needed, self._currency)

    def pay(self, subject: str, total: Money) -> Parts:
        """Pay a charge in the order it will be paid: set-aside money, general money, card."""
        due = total.amount_in(self._currency)
        own = self._set_aside.get(subject, 0)
        used, general, card, _ = payment_split.amounts(due, own, self._general, self._minimum)
        self._general -= general
        if used:
            self._set_aside[subject] = own - used
        self._note_spent(subject, due)
        return Parts(self._part(used + general, total), self._part(card, total))

    def put_on_bill(self, subject: str, total: Money) -> Money:
        """Pay an account's invoice with what is set aside for it; the rest, which the bill pays."""
        own = self._set_aside.get(subject)
        if own is None:
            return total
        due = total.amount_in(self._currency)
        used = min(own, due)
        self._set_aside[subject] = own - used
        billed = due - used
        # With enough money, a total that was waived would have used set-aside money, and the bill would be higher.
        self._spent += self._take_unspent(subject, due) - billed
        return Money(billed, self._currency)

    def release(self, subject: str) -> None:
        """Make what is left set aside for an account general again."""
        self._general += self._set_aside.pop(subject, 0)
        self._spent -= self._unspent.pop(subject, 0)

    def add(self, amount: Money) -> None:
        self._general += amount.amount_in(self._currency)

    def must_hold(self, amount: Money) -> None:
        """Note that general money must not be below ``amount`` at this point."""
        self._needed = max(self._needed, self._spent + amount.amount_in(self._currency))

    def _part(self, amount: int, total: Money) -> Money:
        if not amount:
            return self._nothing
        return total if amount == total.amount else Money(amount, self._currency)

    def _note_spent(self, subject: str, due: int) -> None:
        """Note what general money pays. A total too small for any card is waived: it alone needs no more money."""
        rest = self._take_unspent(subject, due) if self._unspent else due
        self._spent += rest
        if rest and due >= self._minimum and self._spent > self._needed:
            self._needed = self._spent

    def _take_unspent(self, subject: str, due: int) -> int:
        own = self._unspent.get(subject)
        if own is None:
            return due
        used = min(own, due)
        self._unspent[subject] = own - used
        return due - used
