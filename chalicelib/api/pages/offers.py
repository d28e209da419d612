"""Plans on offer: their prices, and the choice of a size, on the pages of a sign-up and of an account."""

import re
from collections.abc import Mapping

from chalicelib.api.bodies.referrals.invitations import OfferedPlan
from chalicelib.api.pages.texts import Texts
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import NamesOffer
from chalicelib.domain.values import dataclass

_SIZE = re.compile(r"([0-9]{1,9})-(monthly|annual)-([0-9]{0,12})")


@dataclass(frozen=True)
class Size:
    """The size of the plan that was chosen, and the price that stood beside it."""

    contacts: int
    frequency: Frequency
    price: int | None

    @property
    def code(self) -> str:
        return f"{self.contacts}-{self.frequency}-{'' if self.price is None else self.price}"


def size_of(code: str) -> Size | None:
    """The size that the form sent; None if it is none."""
    found = _SIZE.fullmatch(code)
    return Size(int(found[1]), Frequency(found[2]), int(found[3]) if found[3] else None) if found else None


def title_of(plan: NamesOffer) -> str:
    """The plan by its product and tier."""
    return f"{plan.product} {plan.tier}".replace("_", " ").title()


def from_price(texts: Texts, plan: OfferedPlan, currency: str) -> str:
    """The lowest price, in words."""
    for frequency in plan.billing_frequencies:
        prices = [price for row in plan.prices if (price := getattr(row, frequency)) is not None]
        if prices:
            return texts.plain(f"from_{frequency}", price=texts.price(min(prices), currency))
    return texts.plain("no_charge")


@dataclass(frozen=True)
class SizeOption:
    """A size to choose, as the form sends it and in words; chosen if it was before, whatever its price was then."""

    code: str
    text: str
    is_chosen: bool


def sizes(texts: Texts, plan: OfferedPlan, currency: str, chosen: Size | None) -> Mapping[Frequency, list[SizeOption]]:
    """The sizes of a plan to choose from, each with its price. Where there is one only, its contacts are not named."""
    is_free = {
        frequency: not any(getattr(row, frequency) is not None for row in plan.prices)
        for frequency in plan.billing_frequencies
    }
    return {
        frequency: [
            _option(texts, Size(row.contacts, frequency, price), currency, chosen, is_only=len(plan.prices) == 1)
            for row in plan.prices
            if (price := getattr(row, frequency)) is not None or is_free[frequency]
        ]
        for frequency in plan.billing_frequencies
    }


def price_per_cycle(texts: Texts, amount: int, currency: str, frequency: Frequency) -> str:
    """`$49.00 a month`."""
    return texts.plain(f"only_{frequency}", price=texts.price(amount, currency))


def _option(texts: Texts, size: Size, currency: str, chosen: Size | None, *, is_only: bool) -> SizeOption:
    is_chosen = chosen is not None and (chosen.contacts, chosen.frequency) == (size.contacts, size.frequency)
    contacts = texts.written(size.contacts)
    if size.price is None:
        text = texts.plain("size_free", contacts=contacts)
    else:
        name = f"{'only' if is_only else 'size'}_{size.frequency}"
        text = texts.plain(name, contacts=contacts, price=texts.price(size.price, currency))
    return SizeOption(size.code, text, is_chosen)
