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
    nothing = Money.zero(total.currency)
    due, own, free, least = (
        money.amount_in(total.currency) for money in (total, set_aside, general, minimum_card_charge)
    )
    if min(due, own, free, least) < 0:
        raise ValueError("neither a total nor what is held to pay it can be negative")

    missing = max(due - own - free, 0)
    if missing and due < least:
        return Split(set_aside=nothing, general=nothing, card=nothing, waived=total)

    card = max(missing, least) if missing else 0
    from_set_aside = min(own, due - card)
    return Split(
        set_aside=Money(from_set_aside, total.currency) if from_set_aside else nothing,
        general=Money(due - card - from_set_aside, total.currency),
        card=Money(card, total.currency) if card else nothing,
        waived=nothing,
    )


def set_aside_used(*, total: Money, set_aside: Money) -> Money:
    """The part of an invoice that money set aside for its account pays when it goes on a Single Bill (§6)."""
    return min(set_aside, total)
