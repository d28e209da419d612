"""Quotes: what a plan will cost and how it would be paid, made of the very lines its invoice will have (rules §5)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from chalicelib.domain.calendar import Frequency, Period
from chalicelib.domain.catalog import payment_split
from chalicelib.domain.catalog.explanations import Explanation, Rule, in_words
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.pricing import (
    Component,
    Price,
    discount,
    partner_percent,
    plan_components,
    sum_of_prices,
)
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.money import Money, total
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a quote or invoice: its kind (`plan`, `add_on`, `credit`, `waived`, ...), what it is for, its amount,
    which may be negative, and how that comes about."""

    kind: str
    description: str
    amount: Money
    period: Period | None = None
    explanation: Explanation | None = None

    @property
    def explained(self) -> str:
        """The explanation in words."""
        return in_words(self.explanation, self.amount) if self.explanation else ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a plan costs per cycle, what of it is due today and where that would come from. Taxes are not included.

    Nothing has no price: without a ``price`` the plan is free of charge, or billed elsewhere (docs/rules.md §2).
    """

    currency: str
    price: Price | None
    billing_frequency: Frequency | None
    lines: tuple[Line, ...]
    prorated_amount: Money | None
    due_today: Money
    prepaid_applied: Money
    card_charge: Money
    effective: Literal["now", "renewal"]

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing to pay, now or at the renewal: a priced account has all that was asked for."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class Terms:
    """The discounts an account has, in percent, frozen for a period at its start."""

    partner_percent: Decimal
    migration_percent: Decimal


def terms_of(
    *, program: Program, paid_by_partner: bool, single_bill: bool, migrated: bool, accounts: int, day: date
) -> Terms:
    """The discounts of an account for a period beginning on `day` (docs/rules.md §5, §6).

    The partner has the discount of its tier by the number of its active paid `accounts`, this one included, or that of
    the Single Bill for an account on it; a client who pays for itself has neither. `migrated` says that the account
    was migrated and has cycles left at the migration discount.
    """
    partner = migration = Decimal(0)
    if paid_by_partner and single_bill and program.single_bill:
        partner = program.single_bill.percent_on(day)
    elif paid_by_partner:
        partner = partner_percent(tiers=program.discount_tiers_on(day), accounts=accounts)
    if migrated and program.migration_discount:
        migration = program.migration_discount.percent
    return Terms(partner_percent=partner, migration_percent=migration)


def period_lines(
    *, program: Program, plan: Plan, terms: Terms, period: Period, full_period: Period
) -> tuple[Price, tuple[Line, ...]] | None:
    """The price per cycle and the invoice lines of one period, one line each for plan and add-ons, net of discounts.

    A first period cut short by a billing day costs price × days / days of the full period that ends with it, half up
    by line (docs/rules.md §2). None where nothing is invoiced.
    """
    components = plan_components(program=program, plan=plan)
    if components is None:
        return None

    prices = [_discounted(component, terms) for component in components]
    lines = tuple(_priced(component, terms, period, full_period) for component in components)
    return sum_of_prices(prices, currency=program.currency), lines


def lines_with_waiver(
    *, lines: Sequence[Line], split: payment_split.Split, minimum_card_charge: Money
) -> tuple[Line, ...]:
    """The lines, and a negative one for what is waived, so that they sum to what is paid (docs/rules.md §6)."""
    if not split.waived:
        return tuple(lines)
    why = Explanation(Rule.WAIVED, limit=minimum_card_charge.amount)
    return (*lines, Line("waived", "Too small to charge to a card, waived", -split.waived, explanation=why))


def quote_lines(
    *,
    program: Program,
    price: Price | None,
    billing_frequency: Frequency | None,
    lines: Sequence[Line],
    prorated_amount: Money | None,
    set_aside: Money,
    general: Money,
) -> Quote:
    """A quote for lines to be paid now out of what the payer holds, which must not sum to less than zero."""
    minimum = program.money(program.minimum_card_charge)
    split = payment_split.split(
        total=total((line.amount for line in lines), currency=program.currency),
        set_aside=set_aside,
        general=general,
        minimum_card_charge=minimum,
    )
    return Quote(
        currency=program.currency,
        price=price,
        billing_frequency=billing_frequency,
        lines=lines_with_waiver(lines=lines, split=split, minimum_card_charge=minimum),
        prorated_amount=prorated_amount,
        due_today=split.prepaid + split.card,
        prepaid_applied=split.prepaid,
        card_charge=split.card,
        effective="now",
    )


def quote_period(
    *,
    program: Program,
    plan: Plan,
    terms: Terms,
    period: Period,
    full_period: Period,
    set_aside: Money,
    general: Money,
) -> Quote:
    """The quote for a period to be paid now: a first one, or a renewal. No price where nothing is invoiced.

    `set_aside` and `general` are the prepaid money held for the account and for all (docs/rules.md §6).
    """
    price, lines = _price_and_lines(program, plan, terms, period, full_period)
    short = period.days < full_period.days
    return quote_lines(
        program=program,
        price=price,
        billing_frequency=plan.billing_frequency,
        lines=lines,
        prorated_amount=total((line.amount for line in lines), currency=program.currency) if short else None,
        set_aside=set_aside,
        general=general,
    )


def _price_and_lines(
    program: Program, plan: Plan, terms: Terms, period: Period, full_period: Period
) -> tuple[Price | None, tuple[Line, ...]]:
    found = period_lines(program=program, plan=plan, terms=terms, period=period, full_period=full_period)
    return found or (None, ())


def _priced(component: Component, terms: Terms, period: Period, full_period: Period) -> Line:
    why = Explanation(
        Rule.PRICE,
        item=component.item,
        list_price=component.list_price.amount,
        migration_percent=terms.migration_percent,
        partner_percent=terms.partner_percent,
    ).for_days(period.days, of_days=full_period.days)
    amount = why.price(component.list_price.currency)
    return Line(component.kind, component.description, amount, period, why)


def _discounted(component: Component, terms: Terms) -> Price:
    return discount(
        list_price=component.list_price,
        migration_percent=terms.migration_percent,
        partner_percent=terms.partner_percent,
    )
