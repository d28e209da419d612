"""Where the money for a charge comes from (docs/rules.md §6)."""

from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """A total, taken apart: prepaid money set aside for the account, general prepaid money, the card, and what is
    waived because no processor would take it. The four parts sum to the total."""

    set_aside: Money
    general: Money
    card: Money
    waived: Money

    @property
    def prepaid(self) -> Money:
        """All prepaid money used."""
        return self.set_aside + self.general


def split(*, total: Money, set_aside: Money, general: Money, minimum_card_charge: Money) -> Split:
    """Split a total (docs/rules.md §6): first `set_aside` pays, then `general`, then the card.

    The card is charged nothing or at least `minimum_card_charge`: where prepaid would leave less for it, less prepaid
    is used, of the general money first; a total below the minimum that prepaid doesn't cover is waived whole.
    Negative amounts are a ValueError, mixed currencies a CurrencyMismatch.
    """
    held = (money.amount_in(total.currency) for money in (total, set_aside, general, minimum_card_charge))
    return Split(*(Money(amount, total.currency) for amount in amounts(*held)))


def amounts(total: int, set_aside: int, general: int, minimum_card_charge: int, /) -> tuple[int, int, int, int]:
    """The four parts of :func:`split` in minor units of one currency, in the order of :class:`Split`."""
    if min(total, set_aside, general, minimum_card_charge) < 0:
        raise ValueError("neither a total nor what is held to pay it can be negative")
    missing = max(total - set_aside - general, 0)
    if missing and total < minimum_card_charge:
        return 0, 0, 0, total
    card = max(missing, minimum_card_charge) if missing else 0
    from_set_aside = min(set_aside, total - card)
    return from_set_aside, total - card - from_set_aside, card, 0


def set_aside_used(*, total: Money, set_aside: Money) -> Money:
    """The part of an invoice that money set aside for its account pays when it goes on a Single Bill (§6)."""
    return min(set_aside, total)
