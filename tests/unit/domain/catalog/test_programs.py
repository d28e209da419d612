from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.programs import (
    ContactPrice,
    DatedPercent,
    DiscountTier,
    DiscountVersion,
    SingleBill,
    UnknownAddOn,
    UnknownPlan,
    percent_on,
)
from chalicelib.domain.money import Money
from chalicelib.programs import program

AGENCY, SOLUTIONS = program("agency"), program("solutions")
OLD = (DiscountTier(from_accounts=1, percent=Decimal(10)),)
NEW = (DiscountTier(from_accounts=1, percent=Decimal(20)),)


@pytest.mark.parametrize(
    ("day", "tiers"),
    [
        pytest.param("2025-12-31", (), id="before the first version"),
        pytest.param("2026-01-01", OLD, id="on its first day"),
        pytest.param("2026-06-30", OLD, id="on its last day"),
        pytest.param("2026-07-01", NEW, id="on the first day of the next"),
        pytest.param("2030-01-01", NEW, id="years later"),
    ],
)
def test_an_old_invoice_can_be_recomputed_with_the_discounts_of_its_day(
    day: str, tiers: tuple[DiscountTier, ...]
) -> None:
    dated = replace(
        AGENCY,
        partner_discounts=(
            DiscountVersion(effective_from=date(2026, 1, 1), tiers=OLD),
            DiscountVersion(effective_from=date(2026, 7, 1), tiers=NEW),
        ),
    )

    assert dated.discount_tiers_on(date.fromisoformat(day)) == tiers


@pytest.mark.parametrize(("day", "percent"), [("2025-12-31", 0), ("2026-01-01", 20), ("2026-07-01", 15)])
def test_a_rate_holds_from_its_date_on(day: str, percent: int) -> None:
    versions = (
        DatedPercent(effective_from=date(2026, 1, 1), percent=Decimal(20)),
        DatedPercent(effective_from=date(2026, 7, 1), percent=Decimal(15)),
    )
    commission = AGENCY.commission
    assert commission is not None

    assert percent_on(versions, day=date.fromisoformat(day)) == percent
    assert SingleBill(discount_percent=versions).percent_on(date.fromisoformat(day)) == percent
    assert replace(commission, percent=versions).percent_on(date.fromisoformat(day)) == percent


@pytest.mark.parametrize(
    ("country", "region"),
    [
        pytest.param("NO", "eu-west-1", id="Norway, which YAML 1.1 takes for false"),
        pytest.param("ZA", "eu-west-1", id="South Africa"),
        pytest.param("JP", "ap-southeast-1", id="Japan"),
        pytest.param("NZ", "ap-southeast-2", id="New Zealand"),
        pytest.param("US", "us-east-1", id="the default"),
    ],
)
def test_the_country_decides_the_data_region(country: str, region: str) -> None:
    assert AGENCY.data_region(country) == region


def test_a_plan_is_found_by_version_product_and_tier() -> None:
    assert AGENCY.offer_for(PlanRequest("V3", "marketing", "plus")).tier == "plus"


def test_a_plan_the_program_lost_is_a_fault() -> None:
    with pytest.raises(UnknownPlan, match="agency has no plan V0/marketing/plus"):
        AGENCY.offer_for(PlanRequest("V0", "marketing", "plus"))


def test_an_add_on_is_found_by_name() -> None:
    assert AGENCY.add_on("sms").title == "SMS"


def test_an_add_on_the_program_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownAddOn, match="agency has no add-on 'fax', only sms, seo"):
        AGENCY.add_on("fax")


def test_a_row_of_the_price_list_is_found_by_its_contacts() -> None:
    plus = AGENCY.offer_for(PlanRequest("V3", "marketing", "plus"))

    assert plus.contact_price(1000) == ContactPrice(contacts=1000, monthly=4900, annual=49000)
    assert plus.contact_price(1001) is None
    assert plus.contact_price(None) is None


def test_no_price_is_not_a_price_of_zero() -> None:
    assert ContactPrice(contacts=500).unpriced
    assert not ContactPrice(contacts=500, annual=0).unpriced
    assert ContactPrice(contacts=500, annual=0).price(Frequency.ANNUAL) == 0
    assert ContactPrice(contacts=500, annual=0).price(Frequency.MONTHLY) is None


def test_amounts_of_a_program_are_in_its_currency() -> None:
    assert SOLUTIONS.money(SOLUTIONS.minimum_card_charge) == Money(50, "USD")
