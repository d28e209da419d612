"""What a plan costs per cycle: list prices and the discounts on them (docs/rules.md §5)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import AddOn, DiscountTier, PlanKind, Program, UnknownPlan
from chalicelib.domain.money import Money, total
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """A list price and the discounts on it, all of them zero or more."""

    value_of_plan: Money
    migration_discount: Money
    partner_discount: Money

    @property
    def price_per_cycle(self) -> Money:
        """What is left to pay for each cycle."""
        return self.value_of_plan - self.migration_discount - self.partner_discount


@dataclass(frozen=True, slots=True)
class Component:
    """One thing a plan is made of that has a price, and a line of its own on the invoice.

    ``item`` is `plan`, or the add-on's name.
    """

    kind: Literal["plan", "add_on"]
    item: str
    description: str
    list_price: Money


def discount(*, list_price: Money, migration_percent: Decimal, partner_percent: Decimal) -> Price:
    """Take the migration discount off a list price, then the partner discount off what is left (docs/rules.md §5).

    Each is rounded by itself, half up, so that the two and the price per cycle sum to the list price.
    """
    migration = list_price.percent(migration_percent)
    return Price(
        value_of_plan=list_price,
        migration_discount=migration,
        partner_discount=(list_price - migration).percent(partner_percent),
    )


def sum_of_prices(prices: Iterable[Price], *, currency: str) -> Price:
    """The prices of several lines as one price."""
    parts = list(prices)
    return Price(
        value_of_plan=total((price.value_of_plan for price in parts), currency=currency),
        migration_discount=total((price.migration_discount for price in parts), currency=currency),
        partner_discount=total((price.partner_discount for price in parts), currency=currency),
    )


def partner_percent(*, tiers: Sequence[DiscountTier], accounts: int) -> Decimal:
    """The partner discount for that many active paid accounts; 0 below the first tier (docs/rules.md §5)."""
    reached = [tier.percent for tier in tiers if tier.from_accounts <= accounts]
    return reached[-1] if reached else Decimal(0)


def next_tier(*, tiers: Sequence[DiscountTier], accounts: int) -> DiscountTier | None:
    """The next tier that saves more than today's, None from the last one on."""
    percent = partner_percent(tiers=tiers, accounts=accounts)
    return next((tier for tier in tiers if tier.from_accounts > accounts and tier.percent > percent), None)


def plan_components(*, program: Program, plan: Plan) -> tuple[Component, ...] | None:
    """The plan and its add-ons at list price, each a line of its own (docs/rules.md §5).

    None where nothing is invoiced: trials, sandboxes and unpriced plans (docs/rules.md §2). UnknownPlan or UnknownAddOn
    if the program file has lost a plan in use.
    """
    offer = program.offer_for(plan)
    row = offer.contact_price(plan.contacts)
    if offer.kind is not PlanKind.PAID or (row is not None and row.unpriced):
        return None

    frequency = plan.billing_frequency
    price = row.price(frequency) if row is not None and frequency is not None else None
    if price is None or frequency is None:
        raise UnknownPlan(f"{program.name} has no price for {plan.tier} with {plan.contacts} contacts, {frequency}")
    size = f", {plan.contacts:,} contacts" if len(offer.prices) > 1 else ""  # nobody chose the only one
    description = f"{plan.tier.capitalize()}{size}, {frequency}"
    return (
        Component(kind="plan", item="plan", description=description, list_price=program.money(price)),
        *(_add_on_component(program, program.add_on(name), plan.tier, frequency) for name in plan.add_ons),
    )


def _add_on_component(program: Program, add_on: AddOn, tier: str, frequency: Frequency) -> Component:
    if tier in add_on.included_in:
        included = f"{add_on.title}, included"
        return Component(kind="add_on", item=add_on.name, description=included, list_price=program.money(0))
    price = add_on.prices.price(frequency)
    if price is None:
        raise UnknownPlan(f"{program.name} has no {frequency} price for the add-on {add_on.name}")
    return Component(kind="add_on", item=add_on.name, description=add_on.title, list_price=program.money(price))
