"""A wallet as a forecast projects it: what is left of prepaid money after each payment (docs/rules.md §6, §7)."""

from dataclasses import field

from chalicelib.domain.catalog import payment_split
from chalicelib.domain.catalog.payment_split import Split
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass
class ProjectedWallet:
    """A wallet's prepaid money, general and set aside, as a forecast spends it.

    It also works out how much general money it would have to hold at the beginning so that no card is charged:
    ``spent`` is what general money would have paid so far if there were enough of it, less what was released;
    ``needed`` is the highest ``spent`` at any point where a card, a top-up's too, would have been charged the rest.
    """

    general: Money
    minimum: Money
    set_aside: dict[str, Money] = field(default_factory=dict)
    spent: Money = field(init=False)
    needed: Money = field(init=False)
    _unspent: dict[str, Money] = field(init=False)

    def __post_init__(self) -> None:
        self.spent = self.needed = Money.zero(self.general.currency)
        self._unspent = dict(self.set_aside)

    def pay(self, subject: str, total: Money) -> Split:
        """Pay a charge in the order it will be paid: set-aside money, general money, card."""
        own = self.set_aside.get(subject) if self.set_aside else None
        parts = payment_split.split(
            total=total,
            set_aside=own or Money.zero(total.currency),
            general=self.general,
            minimum_card_charge=self.minimum,
        )
        if parts.general:
            self.general -= parts.general
        if parts.set_aside:
            self._use(subject, parts.set_aside)
        self._note_spent(subject, total, small=total < self.minimum)
        return parts

    def put_on_bill(self, subject: str, total: Money) -> Money:
        """Pay an account's invoice with what is set aside for it; the rest, which the bill pays."""
        own = self.set_aside.get(subject)
        if own is None:
            return total
        used = payment_split.set_aside_used(total=total, set_aside=own)
        self._use(subject, used)
        billed = total - used
        # With enough money, a total that was waived would have used set-aside money, and the bill would be higher.
        self.spent += self._take_unspent(subject, total) - billed
        return billed

    def release(self, subject: str) -> None:
        """Make what is left set aside for an account general again."""
        self.general += self.set_aside.pop(subject, Money.zero(self.general.currency))
        self.spent -= self._unspent.pop(subject, Money.zero(self.general.currency))

    def add(self, amount: Money) -> None:
        self.general += amount

    def must_hold(self, amount: Money) -> None:
        """Note that general money must not be below ``amount`` at this point."""
        self.needed = max(self.needed, self.spent + amount)

    def _note_spent(self, subject: str, total: Money, *, small: bool) -> None:
        """Note what general money pays. A total too small for any card is waived: it alone needs no more money."""
        rest = self._take_unspent(subject, total) if self._unspent else total
        if not rest:
            return
        self.spent += rest
        if not small and self.spent > self.needed:
            self.needed = self.spent

    def _take_unspent(self, subject: str, total: Money) -> Money:
        own = self._unspent.get(subject)
        if own is None:
            return total
        used = payment_split.set_aside_used(total=total, set_aside=own)
        self._unspent[subject] = own - used
        return total - used

    def _use(self, subject: str, amount: Money) -> None:
        self.set_aside[subject] -= amount
