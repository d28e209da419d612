"""How the amount of a line comes about: a rule and its inputs, enough to repeat the sum by hand (docs/rules.md §5)."""

from decimal import Decimal
from enum import StrEnum

from chalicelib.domain.catalog.pricing import discount
from chalicelib.domain.copies import replace
from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


class Rule(StrEnum):
    """What a line's amount is."""

    PRICE = "price"  # the list price less the discounts, for all days of the cycle or some of them
    UNUSED = "unused"  # the same for days that are not used, credited as far as they were paid for
    FORGONE = "forgone"  # what the other lines come to below zero
    WAIVED = "waived"  # what the other lines come to, too small for a card
    AMOUNT = "amount"  # what was asked for, or arranged for, so many times
    PACK = "pack"  # a pack of credits at its list price
    BILL = "bill"  # the sum of so many invoices
    CONTRACT = "contract"  # the price that a contract names for a year


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rule of a line and its inputs; amounts in minor units of the line's currency.

    ``item`` is what is priced: `plan`, or an add-on by its name. ``list_price`` is per cycle, and the discounts come
    off it one after the other. Without ``days`` the whole cycle counts. ``limit`` is the most that is credited, or the
    smallest amount that a card is charged. Each discount and each share of days is rounded half up.
    """

    rule: Rule
    item: str | None = None
    list_price: int | None = None
    migration_percent: Decimal = Decimal(0)
    partner_percent: Decimal = Decimal(0)
    days: int | None = None
    of_days: int | None = None
    limit: int | None = None
    times: int | None = None

    @property
    def whole_cycle(self) -> "Explanation":
        """The price of the same item for a whole cycle."""
        return replace(self, rule=Rule.PRICE, days=None, of_days=None, limit=None)

    def for_days(self, days: int, *, of_days: int) -> "Explanation":
        """The price of the same item for so many days of its cycle."""
        whole = self.whole_cycle
        return whole if days == of_days else replace(whole, days=days, of_days=of_days)

    def per_cycle(self, currency: str) -> Money:
        """The price of a whole cycle, after the discounts."""
        return discount(
            list_price=Money(self.list_price or 0, currency),
            migration_percent=self.migration_percent,
            partner_percent=self.partner_percent,
        ).price_per_cycle

    def price(self, currency: str) -> Money:
        """The price of the days it is for, after the discounts. ``limit`` does not count."""
        per_cycle = self.per_cycle(currency)
        if self.days is None or self.of_days is None:
            return per_cycle
        return per_cycle.share(part=self.days, whole=self.of_days)


def in_words(explanation: Explanation, amount: Money) -> str:
    """The explanation of a line of ``amount`` as English sentences."""
    currency = amount.currency
    match explanation.rule:
        case Rule.PRICE:
            return _price(explanation, currency)
        case Rule.UNUSED:
            limited = explanation.limit is not None
            paid = f" Only {_text(-amount)} of it was paid and not refunded." if limited else ""
            return f"Credit for unused days. {_price(explanation, currency)}{paid}"
        case Rule.FORGONE:
            return f"The credit exceeds the new price by {_text(amount)}. The difference is not paid out."
        case Rule.WAIVED:
            smallest = _text(Money(explanation.limit or 0, currency))
            return (
                f"{_text(-amount)} is below the smallest card charge ({smallest}), and prepaid money does not cover it."
            )
        case Rule.AMOUNT if explanation.times is not None:
            each = _text(amount.share(part=1, whole=explanation.times))
            return f"{explanation.times:,} × {each}, as arranged."
        case Rule.AMOUNT:
            return "The amount asked for."
        case Rule.PACK:
            return f"List price of the pack: {_text(amount)}."
        case Rule.BILL:
            return f"Sum of {explanation.times or 0:,} invoices."
        case Rule.CONTRACT:
            return "The contract's price for a year."


def _price(explanation: Explanation, currency: str) -> str:
    """From the list price to the price of the days."""
    if not explanation.list_price and explanation.item != "plan":
        return "Included in the plan."
    list_price = Money(explanation.list_price or 0, currency)
    steps = [f"List price {_text(list_price)}"]
    price = discount(
        list_price=list_price,
        migration_percent=explanation.migration_percent,
        partner_percent=explanation.partner_percent,
    )
    for percent, name, off in (
        (explanation.migration_percent, "migration", price.migration_discount),
        (explanation.partner_percent, "partner", price.partner_discount),
    ):
        if percent:
            steps.append(f"less {percent.normalize():f}% {name} discount ({_text(off)})")
    per_cycle = _text(price.price_per_cycle)
    is_discounted = len(steps) > 1
    said = ", ".join(steps) + (f": {per_cycle} per cycle." if is_discounted else " per cycle.")
    if explanation.days is not None:
        days = f"{explanation.days} of {explanation.of_days} days"
        product = f"{per_cycle} × {explanation.days} / {explanation.of_days}"
        said += f" For {days}: {product} = {_text(explanation.price(currency))}."
    return said + (" Each step is rounded half up." if is_discounted or explanation.days is not None else "")


def _text(money: Money) -> str:
    return decimal_text(money, grouped=True)
