"""Plans on offer: their prices, and the choice of a size, on the pages of a sign-up and of an account."""

import re
from html import escape

from chalicelib.api.bodies.referrals.invitations import OfferedPlan
from chalicelib.api.pages.site import Site, option, select_field
from chalicelib.api.pages.texts import Texts
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import NamesOffer
from chalicelib.domain.money import Money
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


def price_list(texts: Texts, plan: OfferedPlan, currency: str) -> str:
    """All prices by contacts; nothing where there is one size only, which the plan's own text has."""
    if len(plan.prices) == 1:
        return ""
    columns = plan.billing_frequencies
    head = "".join(f'<th scope="col">{texts.html(f"price_{each}")}</th>' for each in columns)
    rows = "".join(
        f"<tr><td>{texts.written(row.contacts)}</td>"
        + "".join(f"<td>{_price(texts, getattr(row, each), currency)}</td>" for each in columns)
        + "</tr>"
        for row in plan.prices
    )
    return (
        f"<details><summary>{texts.html('all_prices')}</summary>"
        f'<table><tr><th scope="col">{texts.html("contacts")}</th>{head}</tr>{rows}</table></details>'
    )


def from_price(texts: Texts, plan: OfferedPlan, currency: str) -> str:
    """The lowest price, in words."""
    for frequency in plan.billing_frequencies:
        prices = [price for row in plan.prices if (price := getattr(row, frequency)) is not None]
        if prices:
            return texts.plain(f"from_{frequency}", price=texts.written(Money(min(prices), currency)))
    return texts.plain("no_charge")


def size_field(site: Site, plan: OfferedPlan, currency: str, chosen: Size | None, *, more: str = "") -> str:
    """The choice of contacts and frequency, each with its price."""
    groups = ""
    for frequency in plan.billing_frequencies:
        sizes = [(row.contacts, getattr(row, frequency)) for row in plan.prices]
        is_only = len(sizes) == 1
        options = "".join(
            _size_option(site.texts, Size(contacts, frequency, price), currency, chosen, is_only=is_only)
            for contacts, price in sizes
            if price is not None or not any(given for _, given in sizes)
        )
        groups += f'<optgroup label="{site.texts.html(f"billed_{frequency}")}">{options}</optgroup>'
    return select_field(site, "contacts_and_price", "size", groups, more=more)


def price_per_cycle(texts: Texts, amount: int, currency: str, frequency: Frequency) -> str:
    """`$49.00 a month`."""
    return texts.plain(f"only_{frequency}", price=texts.written(Money(amount, currency)))


def _price(texts: Texts, amount: int | None, currency: str) -> str:
    return "–" if amount is None else escape(texts.written(Money(amount, currency)))


def _size_option(texts: Texts, size: Size, currency: str, chosen: Size | None, *, is_only: bool) -> str:
    """A size to choose: ``chosen`` if it was chosen before, whatever its price was then. The only one is not named."""
    is_chosen = chosen is not None and (chosen.contacts, chosen.frequency) == (size.contacts, size.frequency)
    contacts = texts.written(size.contacts)
    if size.price is None:
        return option(size.code, texts.plain("size_free", contacts=contacts), chosen=is_chosen)
    price = texts.written(Money(size.price, currency))
    text = texts.plain(f"{'only' if is_only else 'size'}_{size.frequency}", contacts=contacts, price=price)
    return option(size.code, text, chosen=is_chosen)
