import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import Plan, PlanRequest, resolve_plan
from chalicelib.domain.catalog.pricing import discount, next_tier, partner_percent, plan_components, sum_of_prices
from chalicelib.domain.catalog.programs import ContactPrice, Prices, Program, UnknownAddOn, UnknownPlan
from chalicelib.domain.money import Money
from chalicelib.programs import program

CASES = json.loads((Path(__file__).parents[3] / "cases" / "billing.json").read_text())["prices"]
AGENCY, FRANCHISE, SOLUTIONS = program("agency"), program("franchise"), program("solutions")
TIERS = AGENCY.discount_tiers_on(date(2026, 1, 1))

percents = st.decimals(0, 100, places=2)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def agency_plan(**choices: Any) -> Plan:
    asked: dict[str, Any] = {"tier": "plus", "contacts": 1000, "billing_frequency": Frequency.MONTHLY} | choices
    return resolve_plan(program=AGENCY, requested=PlanRequest("V3", "marketing", **asked))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['list_price']} less {case['reseller_percent']} %")
def test_discounts_are_those_of_the_worked_examples(case: dict[str, Any]) -> None:
    price = discount(
        list_price=usd(case["list_price"]),
        migration_percent=Decimal(case["migration_percent"]),
        partner_percent=Decimal(case["reseller_percent"]),
    )

    assert price.value_of_plan == usd(case["list_price"])
    assert price.migration_discount == usd(case["migration_discount"])
    assert price.partner_discount == usd(case["reseller_discount"])
    assert price.price_per_cycle == usd(case["price_per_cycle"])


@given(st.integers(0, 10**9), percents, percents)
def test_price_and_discounts_sum_to_the_list_price(listed: int, migration: Decimal, partner: Decimal) -> None:
    price = discount(list_price=usd(listed), migration_percent=migration, partner_percent=partner)

    assert min(price.price_per_cycle, price.migration_discount, price.partner_discount) >= usd(0)
    assert price.price_per_cycle + price.migration_discount + price.partner_discount == usd(listed)


@given(st.lists(st.tuples(st.integers(0, 10**9), percents, percents), max_size=6))
def test_the_price_of_several_lines_is_the_sum_of_their_prices(lines: list[tuple[int, Decimal, Decimal]]) -> None:
    prices = [discount(list_price=usd(l), migration_percent=m, partner_percent=p) for l, m, p in lines]  # noqa: E741

    summed = sum_of_prices(prices, currency="USD")

    assert summed.price_per_cycle.amount == sum(price.price_per_cycle.amount for price in prices)
    assert summed.value_of_plan.amount == sum(listed for listed, _, _ in lines)


@pytest.mark.parametrize(
    ("accounts", "percent"),
    [
        pytest.param(0, "0", id="no account"),
        pytest.param(1, "0", id="1 account"),
        pytest.param(2, "25", id="2 accounts"),
        pytest.param(24, "25", id="24 accounts"),
        pytest.param(25, "35", id="25 accounts"),
        pytest.param(49, "35", id="49 accounts"),
        pytest.param(50, "45", id="50 accounts"),
        pytest.param(99, "45", id="99 accounts"),
        pytest.param(100, "55", id="100 accounts"),
        pytest.param(50_000, "55", id="50,000 accounts"),
    ],
)
def test_the_partner_discount_grows_with_the_accounts(accounts: int, percent: str) -> None:
    assert partner_percent(tiers=TIERS, accounts=accounts) == Decimal(percent)


def test_a_program_without_tiers_gives_no_partner_discount() -> None:
    assert partner_percent(tiers=(), accounts=100) == 0
    assert next_tier(tiers=(), accounts=100) is None


@pytest.mark.parametrize(
    ("accounts", "starts_at"),
    [(0, 2), (1, 2), (24, 25), (25, 50), (99, 100), (100, None)],
)
def test_the_next_tier_is_the_next_one_that_saves_more(accounts: int, starts_at: int | None) -> None:
    tier = next_tier(tiers=TIERS, accounts=accounts)

    assert (tier and tier.from_accounts) == starts_at


def test_a_plan_and_each_add_on_have_a_line_of_their_own() -> None:
    components = plan_components(program=AGENCY, plan=agency_plan(add_ons=("sms", "seo")))

    assert components is not None
    assert [(c.kind, c.description, c.list_price) for c in components] == [
        ("plan", "Plus, 1,000 contacts, monthly", usd(4900)),
        ("add_on", "SMS", usd(1500)),
        ("add_on", "SEO", usd(2900)),
    ]


def test_a_year_has_a_price_of_its_own() -> None:
    plan = agency_plan(billing_frequency=Frequency.ANNUAL, add_ons=("sms",))

    components = plan_components(program=AGENCY, plan=plan)

    assert components is not None
    assert [c.list_price for c in components] == [usd(49000), usd(15000)]
    assert components[0].description == "Plus, 1,000 contacts, annual"


@pytest.mark.parametrize(("tier", "expected"), [("standard", 900), ("premium", 0)])
def test_newsletter_archive_is_included_in_premium_only(tier: str, expected: int) -> None:
    request = PlanRequest("S1", "email", tier, contacts=1000, add_ons=("newsletter_archive",))

    components = plan_components(program=SOLUTIONS, plan=resolve_plan(program=SOLUTIONS, requested=request))

    assert components is not None
    assert components[1].list_price == usd(expected)
    assert components[1].description.endswith("included") is (tier == "premium")


@pytest.mark.parametrize(
    ("of", "request_"),
    [
        pytest.param(AGENCY, PlanRequest("V1", "EM", "trial"), id="an agency's trial"),
        pytest.param(AGENCY, PlanRequest("V1", "EM", "sandbox"), id="a sandbox"),
        pytest.param(SOLUTIONS, PlanRequest("S1", "email", "trial"), id="a solution provider's trial"),
        pytest.param(
            FRANCHISE,
            PlanRequest("Franchise", "ACHQ", "enterprise", contacts=1000, add_ons=("sms",)),
            id="a child account with an add-on",
        ),
    ],
)
def test_nothing_is_invoiced_for(of: Program, request_: PlanRequest) -> None:
    assert plan_components(program=of, plan=resolve_plan(program=of, requested=request_)) is None


def test_a_price_of_zero_is_a_price() -> None:
    plan = agency_plan()
    free = tuple(replace(offer, prices=(ContactPrice(contacts=1000, monthly=0, annual=0),)) for offer in AGENCY.plans)

    components = plan_components(program=replace(AGENCY, plans=free), plan=plan)

    assert components is not None
    assert [c.list_price for c in components] == [usd(0)]


def test_a_plan_in_use_that_lost_its_price_is_not_given_away() -> None:
    plan = replace(agency_plan(), contacts=1234)

    with pytest.raises(UnknownPlan, match="1234 contacts"):
        plan_components(program=AGENCY, plan=plan)


def test_an_add_on_in_use_that_was_lost_is_not_given_away() -> None:
    with pytest.raises(UnknownAddOn, match="fax"):
        plan_components(program=AGENCY, plan=replace(agency_plan(), add_ons=("fax",)))


def test_an_add_on_in_use_that_lost_its_price_is_not_given_away() -> None:
    unpriced = tuple(replace(add_on, prices=Prices(annual=1)) for add_on in AGENCY.add_ons)

    with pytest.raises(UnknownPlan, match="no monthly price for the add-on sms"):
        plan_components(program=replace(AGENCY, add_ons=unpriced), plan=agency_plan(add_ons=("sms",)))
