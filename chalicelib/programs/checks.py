"""Checks of a program file beyond its types: whether its rules and prices fit together."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import ContactPrice, DatedPercent, PlanKind, PlanOffer, Prices, Program
from chalicelib.domain.emails import is_email
from chalicelib.domain.time_zones import UnknownTimeZone, check_time_zone

CREDIT_KINDS = ("sms", "inbox_preview")
SMALLEST = {
    "version": 1,
    "trial_reminder_days": 1,
    "renewal_reminder_days": 1,
    "archive_after_days": 1,
    "prepaid_watch_days": 1,
    "management_request_days": 1,
    "transfer_request_days": 1,
    "minimum_card_charge": 0,
    "prepaid_minimum": 1,
}


class Fault(NamedTuple):
    """A place in a program file, such as `plans[2].prices[0].monthly`, and what is wrong there."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


def faults_of(program: Program) -> Iterator[Fault]:
    """Every fault of a program, none for a sound one."""
    yield from _seller(program)
    yield from _house(program)
    yield from _terms(program)
    yield from _discounts(program)
    yield from _commission(program)
    yield from _credits(program)
    yield from _regions(program)
    yield from _add_ons(program)
    yield from _plans(program)


def _seller(program: Program) -> Iterator[Fault]:
    seller = program.seller
    yield from _not_empty("seller.name", seller.name.strip())
    yield from _not_empty("seller.address_lines", seller.address_lines)
    for i, line in enumerate(seller.address_lines):
        yield from _not_empty(f"seller.address_lines[{i}]", line.strip())
    if not is_email(seller.email):
        yield Fault("seller.email", f"must be an email address, not {seller.email!r}")
    if seller.tax_id is not None:
        yield from _not_empty("seller.tax_id", seller.tax_id.strip())


def _house(program: Program) -> Iterator[Fault]:
    house = program.house
    yield from _not_empty("house.name", house.name.strip())
    if not is_email(house.email):
        yield Fault("house.email", f"must be an email address, not {house.email!r}")
    if not re.fullmatch("[A-Z]{2}", house.country):
        yield Fault("house.country", f"must be two capital letters (ISO 3166), not {house.country!r}")
    try:
        check_time_zone(house.time_zone)
    except UnknownTimeZone as error:
        yield Fault("house.time_zone", str(error))


def _terms(program: Program) -> Iterator[Fault]:
    if not re.fullmatch("[A-Z]{3}", program.currency):
        yield Fault("currency", f"must be three capital letters (ISO 4217), not {program.currency!r}")
    for name, smallest in SMALLEST.items():
        yield from _at_least(smallest, name, getattr(program, name))
    if program.prepaid_minimum < program.minimum_card_charge:
        yield Fault("prepaid_minimum", "is less than a card can be charged, see minimum_card_charge")
    yield from _not_empty("relationships", program.relationships)
    yield from _not_empty("cancel_reasons", program.cancel_reasons)
    yield from _not_empty("retry_days", program.retry_days)
    yield from _ascending("retry_days[{}]", program.retry_days, first=1)

    if not program.has_prices and program.direct_program in (None, program.name):
        yield Fault("direct_program", "must name a program with prices: accounts that leave this one go there")
    if program.has_prices and program.direct_program is not None:
        yield Fault("direct_program", "must be null: accounts that leave a program with prices are its own house's")

    has_trials = any(plan.kind is PlanKind.TRIAL for plan in program.plans)
    if program.trial_days is None and has_trials:
        yield Fault("trial_days", "is null, but there is a trial plan")
    if program.trial_days is not None and not has_trials:
        yield Fault("trial_days", "is given, but there is no trial plan")
    if program.trial_days is not None and program.trial_days <= program.trial_reminder_days:
        yield Fault("trial_days", "must be more than trial_reminder_days, or there is no day to remind on")


def _discounts(program: Program) -> Iterator[Fault]:
    yield from _dated("partner_discounts", program.partner_discounts)
    for i, version in enumerate(program.partner_discounts):
        place = f"partner_discounts[{i}].tiers"
        yield from _not_empty(place, version.tiers)
        if version.tiers and version.tiers[0].from_accounts != 1:
            yield Fault(f"{place}[0].from_accounts", "must be 1: the first account is in the first tier")
        yield from _ascending(f"{place}[{{}}].from_accounts", [tier.from_accounts for tier in version.tiers])
        for j, tier in enumerate(version.tiers):
            yield from _percent(f"{place}[{j}].percent", tier.percent)

    if program.migration_discount:
        yield from _percent("migration_discount.percent", program.migration_discount.percent)
        yield from _at_least(1, "migration_discount.cycles", program.migration_discount.cycles)
    if program.single_bill:
        yield from _dated_percents("single_bill.discount_percent", program.single_bill.discount_percent)


def _commission(program: Program) -> Iterator[Fault]:
    commission = program.commission
    if commission is None:
        if "referred" in program.relationships:
            yield Fault("commission", "is null, but with referred accounts it says for how long a visit is credited")
        return
    yield from _not_empty("commission.relationships", commission.relationships)
    for relationship in commission.relationships:
        if relationship not in program.relationships:
            yield Fault("commission.relationships", f"{relationship} is not among the program's relationships")
    yield from _dated_percents("commission.percent", commission.percent)
    for name in ("months", "attribution_days", "move_window_days", "payout_day", "payout_minimum"):
        yield from _at_least(1, f"commission.{name}", getattr(commission, name))
    if commission.payout_day > 31:
        yield Fault("commission.payout_day", f"must be a day of the month, 1 to 31, not {commission.payout_day}")
    for name in ("hold_days", "new_account_bonus", "payout_hold_hours"):
        yield from _at_least(0, f"commission.{name}", getattr(commission, name))


def _credits(program: Program) -> Iterator[Fault]:
    for section in ("credit_packs", "low_credits"):
        for kind in getattr(program, section):
            if kind not in CREDIT_KINDS:
                yield Fault(f"{section}.{kind}", f"is not a kind of credits, only {', '.join(CREDIT_KINDS)} are")
    for kind, balance in program.low_credits.items():
        yield from _at_least(0, f"low_credits.{kind}", balance)
    if program.credit_packs and not program.credits_can_be_bought:
        yield Fault("credit_packs", "are offered, but credits_can_be_bought is false")
    for kind, packs in program.credit_packs.items():
        yield from _ascending(f"credit_packs.{kind}[{{}}].quantity", [pack.quantity for pack in packs], first=1)
        for i, pack in enumerate(packs):
            yield from _at_least(0, f"credit_packs.{kind}[{i}].price", pack.price)


def _regions(program: Program) -> Iterator[Fault]:
    for country in program.data_regions.countries:
        if not re.fullmatch("[A-Z]{2}", country):
            yield Fault(f"data_regions.countries.{country}", "must be two capital letters (ISO 3166)")


def _add_ons(program: Program) -> Iterator[Fault]:
    yield from _unique("add_ons[{}].name", [add_on.name for add_on in program.add_ons])
    for i, add_on in enumerate(program.add_ons):
        yield from _prices_not_negative(f"add_ons[{i}].prices", add_on.prices)
        for tier in add_on.included_in:
            if tier not in add_on.tiers:
                yield Fault(f"add_ons[{i}].included_in", f"{tier} is not among its tiers")
        for tier in add_on.tiers:
            if not any(tier == plan.tier and add_on.name in plan.add_ons for plan in program.plans):
                yield Fault(f"add_ons[{i}].tiers", f"no plan of the tier {tier} has {add_on.name} among its add_ons")


def _plans(program: Program) -> Iterator[Fault]:
    yield from _not_empty("plans", program.plans)
    names = ["/".join((plan.pricing_version, plan.product, plan.tier)) for plan in program.plans]
    yield from _unique("plans[{}]", names)
    for i, plan in enumerate(program.plans):
        place = f"plans[{i}]"
        yield from _paid_plan(place, plan) if plan.kind is PlanKind.PAID else _free_plan(place, plan)
        yield from _ascending(f"{place}.prices[{{}}].contacts", [row.contacts for row in plan.prices], first=1)
        yield from _limits(place, plan)
        yield from _add_ons_of_plan(f"{place}.add_ons", plan, program)


def _paid_plan(place: str, plan: PlanOffer) -> Iterator[Fault]:
    yield from _not_empty(f"{place}.billing_frequencies", plan.billing_frequencies)
    yield from _unique(f"{place}.billing_frequencies[{{}}]", plan.billing_frequencies)
    yield from _not_empty(f"{place}.prices", plan.prices)
    for i, row in enumerate(plan.prices):
        yield from _prices_not_negative(f"{place}.prices[{i}]", row)
        yield from _prices_match(f"{place}.prices[{i}]", plan, row)
    if len({row.unpriced for row in plan.prices}) > 1:
        yield Fault(f"{place}.prices", "either all have a price or none has")


def _prices_match(place: str, plan: PlanOffer, row: ContactPrice) -> Iterator[Fault]:
    if row.unpriced:
        return
    for frequency in Frequency:
        offered, priced = frequency in plan.billing_frequencies, row.price(frequency) is not None
        if offered and not priced:
            yield Fault(f"{place}.{frequency}", f"is missing, but the plan is offered {frequency}")
        if priced and not offered:
            yield Fault(f"{place}.{frequency}", f"is given, but the plan is not offered {frequency}")


def _free_plan(place: str, plan: PlanOffer) -> Iterator[Fault]:
    if plan.billing_frequencies:
        yield Fault(f"{place}.billing_frequencies", f"must be empty: a {plan.kind} has no periods")
    if len(plan.prices) > 1:
        yield Fault(f"{place}.prices", f"a {plan.kind} has at most one contact tier")
    for i, row in enumerate(plan.prices):
        if not row.unpriced:
            yield Fault(f"{place}.prices[{i}]", f"a {plan.kind} is free and has no price")
    if plan.add_ons:
        yield Fault(f"{place}.add_ons", f"must be empty: a {plan.kind} is never invoiced")


def _limits(place: str, plan: PlanOffer) -> Iterator[Fault]:
    for name, limit in plan.limits.items():
        yield from _not_empty(f"{place}.limits.{name}.values", limit.values)
        yield from _ascending(f"{place}.limits.{name}.values[{{}}]", limit.values, first=0)


def _add_ons_of_plan(place: str, plan: PlanOffer, program: Program) -> Iterator[Fault]:
    yield from _unique(f"{place}[{{}}]", plan.add_ons)
    known = {add_on.name: add_on for add_on in program.add_ons}
    unpriced = any(row.unpriced for row in plan.prices)
    for i, name in enumerate(plan.add_ons):
        add_on = known.get(name)
        if add_on is None:
            yield Fault(f"{place}[{i}]", f"{name} is not among the program's add_ons")
        elif plan.tier not in add_on.tiers:
            yield Fault(f"{place}[{i}]", f"the add-on {name} does not have {plan.tier} among its tiers")
        elif plan.tier in add_on.included_in:
            continue
        elif unpriced and not add_on.prices.unpriced:
            yield Fault(f"{place}[{i}]", f"{name} has a price, but the plan goes without invoices")
        elif not unpriced:
            for frequency in plan.billing_frequencies:
                if add_on.prices.price(frequency) is None:
                    yield Fault(f"{place}[{i}]", f"{name} has no {frequency} price, but the plan has")


class _Dated(Protocol):
    @property
    def effective_from(self) -> Any: ...


def _dated(place: str, versions: Sequence[_Dated]) -> Iterator[Fault]:
    yield from _ascending(f"{place}[{{}}].effective_from", [version.effective_from for version in versions])


def _dated_percents(place: str, versions: Sequence[DatedPercent]) -> Iterator[Fault]:
    yield from _not_empty(place, versions)
    yield from _dated(place, versions)
    for i, version in enumerate(versions):
        yield from _percent(f"{place}[{i}].percent", version.percent)


def _percent(place: str, percent: Decimal) -> Iterator[Fault]:
    if not 0 <= percent <= 100:
        yield Fault(place, f"must be from 0 to 100, not {percent}")


def _at_least(smallest: int, place: str, value: int | None) -> Iterator[Fault]:
    if value is not None and value < smallest:
        yield Fault(place, f"must be at least {smallest}, not {value}")


def _prices_not_negative(place: str, prices: Prices) -> Iterator[Fault]:
    for frequency in Frequency:
        yield from _at_least(0, f"{place}.{frequency}", prices.price(frequency))


def _not_empty(place: str, values: Sequence[object]) -> Iterator[Fault]:
    if not values:
        yield Fault(place, "must not be empty")


def _unique(place: str, values: Sequence[object]) -> Iterator[Fault]:
    for i, value in enumerate(values):
        if value in values[:i]:
            yield Fault(place.format(i), f"{value} appears twice")


def _ascending(place: str, values: Sequence[Any], *, first: int | None = None) -> Iterator[Fault]:
    """Faults where a value is not above the one before it, or the first is below `first`."""
    if values and first is not None and values[0] < first:
        yield Fault(place.format(0), f"must be at least {first}, not {values[0]}")
    for i, (before, value) in enumerate(pairwise(values), start=1):
        if value <= before:
            yield Fault(place.format(i), f"must be more than the one before it, {before}, not {value}")
