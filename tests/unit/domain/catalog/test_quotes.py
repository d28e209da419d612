from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import Frequency, Period, anchor_for_billing_day, period_containing
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.plans import Plan, PlanRequest, resolve_plan
from chalicelib.domain.catalog.pricing import Price
from chalicelib.domain.catalog.programs import ContactPrice, Program
from chalicelib.domain.catalog.quotes import (
    Line,
    Quote,
    Terms,
    period_lines,
    quote_lines,
    quote_period,
    terms_of,
)
from chalicelib.domain.money import Money, total
from chalicelib.programs import program

AGENCY, FRANCHISE, SOLUTIONS = program("agency"), program("franchise"), program("solutions")
MONTH = Period(date(2026, 11, 21), date(2026, 12, 21))
LIST_PRICE = Terms(partner_percent=Decimal(0), migration_percent=Decimal(0))
LESS_TWENTY = Explanation(Rule.PRICE, item="plan", list_price=4900, partner_percent=Decimal(20))
TWENTY = Terms(partner_percent=Decimal(20), migration_percent=Decimal(0))
DAY = date(2026, 11, 21)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def plus(**choices: Any) -> Plan:
    asked: dict[str, Any] = {"contacts": 1000, "billing_frequency": Frequency.MONTHLY} | choices
    return resolve_plan(program=AGENCY, requested=PlanRequest("V3", "marketing", "plus", **asked))


def quote_for(plan: Plan, *, of: Program = AGENCY, set_aside: int = 0, general: int = 0, **other: Any) -> Quote:
    asked: dict[str, Any] = {"terms": LIST_PRICE, "period": MONTH, "full_period": MONTH}
    return quote_period(program=of, plan=plan, set_aside=usd(set_aside), general=usd(general), **asked | other)


def with_price(of: Program, monthly: int) -> Program:
    """The agency program with one price for all its paid plans."""
    rows = (ContactPrice(contacts=1000, monthly=monthly, annual=monthly),)
    return replace(of, plans=tuple(replace(offer, prices=rows) for offer in of.plans))


def test_a_quote_shows_every_step_from_list_price_to_card() -> None:
    quote = quote_for(plus(), terms=TWENTY, general=920)

    assert quote == Quote(
        currency="USD",
        price=Price(value_of_plan=usd(4900), migration_discount=usd(0), partner_discount=usd(980)),
        billing_frequency=Frequency.MONTHLY,
        lines=(Line("plan", "Plus, 1,000 contacts, monthly", usd(3920), MONTH, LESS_TWENTY),),
        prorated_amount=None,
        due_today=usd(3920),
        prepaid_applied=usd(920),
        card_charge=usd(3000),
        effective="now",
    )


def test_discounts_are_rounded_once_for_each_line() -> None:
    """4900 and 900 at 33.33 %: 1633.17 and 299.97 off; together they would be 1933.14."""
    terms = Terms(partner_percent=Decimal("33.33"), migration_percent=Decimal(0))

    found = period_lines(
        program=AGENCY, plan=plus(add_ons=("newsletter_archive",)), terms=terms, period=MONTH, full_period=MONTH
    )

    assert found is not None
    price, lines = found
    assert [line.amount for line in lines] == [usd(4900 - 1633), usd(900 - 300)]
    assert price.partner_discount == usd(1933)
    assert price.price_per_cycle == total((line.amount for line in lines), currency="USD")


@pytest.mark.parametrize(
    ("today", "billing_day", "due"),
    [
        pytest.param("2026-11-21", 1, [1300, 500], id="10 of the 30 days before 1 December"),
        pytest.param("2026-11-30", 1, [130, 50], id="one of them"),
        pytest.param("2026-11-21", 21, [3900, 1500], id="today: a full period"),
        pytest.param("2026-02-10", 31, [2507, 964], id="18 of the 28 days before 28 February"),
        pytest.param("2026-03-30", 31, [126, 48], id="one of the 31 days before 31 March"),
    ],
)
def test_a_billing_day_cuts_the_first_period_short(today: str, billing_day: int, due: list[int]) -> None:
    day = date.fromisoformat(today)
    request = PlanRequest("S1", "email", "standard", contacts=1000, add_ons=("sms",))
    plan = resolve_plan(program=SOLUTIONS, requested=request)
    anchor = anchor_for_billing_day(today=day, billing_day=billing_day)
    full = period_containing(anchor=anchor, frequency=Frequency.MONTHLY, day=day)

    quote = quote_for(plan, of=SOLUTIONS, period=Period(day, full.end), full_period=full)

    assert [line.amount for line in quote.lines] == [usd(amount) for amount in due]
    assert quote.price.price_per_cycle == usd(3900 + 1500)
    assert quote.due_today == usd(sum(due))
    assert quote.prorated_amount == (quote.due_today if quote.due_today < quote.price.price_per_cycle else None)


@pytest.mark.parametrize(
    ("of", "requested"),
    [
        pytest.param(FRANCHISE, PlanRequest("Franchise", "ACHQ", "enterprise", 1000), id="a child account"),
        pytest.param(AGENCY, PlanRequest("V1", "EM", "trial"), id="a trial"),
    ],
)
def test_where_nothing_is_invoiced_there_is_no_price(of: Program, requested: PlanRequest) -> None:
    plan = resolve_plan(program=of, requested=requested)

    quote = quote_for(plan, of=of, general=500)

    assert quote.lines == ()
    assert quote.price is None
    assert quote.due_today == quote.prepaid_applied == quote.card_charge == usd(0)


def test_a_price_of_zero_has_a_line_and_asks_no_card() -> None:
    quote = quote_for(plus(), of=with_price(AGENCY, 0))

    assert [line.amount for line in quote.lines] == [usd(0)]
    assert quote.card_charge == usd(0)


@pytest.mark.parametrize(
    ("price", "general", "waived"),
    [
        pytest.param(50, 0, None, id="a card takes 50 cents"),
        pytest.param(49, 0, 49, id="but not 49"),
        pytest.param(49, 49, None, id="which prepaid money pays"),
        pytest.param(49, 48, 49, id="unless it is a cent short"),
    ],
)
def test_what_no_card_would_take_is_waived_by_a_line_of_its_own(price: int, general: int, waived: int | None) -> None:
    quote = quote_for(plus(), of=with_price(AGENCY, price), general=general)

    assert [line.amount for line in quote.lines if line.kind == "waived"] == ([usd(-waived)] if waived else [])
    assert quote.due_today == usd(0 if waived else price)
    assert total((line.amount for line in quote.lines), currency="USD") == quote.due_today


def test_lines_that_sum_to_less_than_zero_cannot_be_paid() -> None:
    found = period_lines(program=AGENCY, plan=plus(), terms=LIST_PRICE, period=MONTH, full_period=MONTH)
    assert found is not None

    with pytest.raises(ValueError, match="negative"):
        quote_lines(
            program=AGENCY,
            price=found[0],
            billing_frequency=Frequency.MONTHLY,
            lines=[Line("credit", "Unused days", usd(-1))],
            prorated_amount=None,
            set_aside=usd(0),
            general=usd(0),
        )


@given(
    price=st.integers(0, 200) | st.integers(0, 10**7),
    percents=st.tuples(st.decimals(0, 100, places=2), st.decimals(0, 100, places=2)),
    days=st.integers(1, 30),
    held=st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)),
)
def test_a_quote_always_adds_up(
    price: int, percents: tuple[Decimal, Decimal], days: int, held: tuple[int, int]
) -> None:
    quote = quote_for(
        plus(add_ons=("sms", "seo")),
        of=with_price(AGENCY, price),
        terms=Terms(*percents),
        period=Period(MONTH.end - timedelta(days=days), MONTH.end),
        set_aside=held[0],
        general=held[1],
    )

    assert total((line.amount for line in quote.lines), currency="USD") == quote.due_today
    assert quote.prepaid_applied + quote.card_charge == quote.due_today
    assert usd(0) <= quote.due_today <= quote.price.price_per_cycle
    assert not quote.card_charge or quote.card_charge >= usd(50)


def terms(of: Program, **other: Any) -> Terms:
    account: dict[str, Any] = {
        "paid_by_partner": True,
        "single_bill": False,
        "migrated": False,
        "accounts": 25,
        "day": DAY,
    }
    return terms_of(program=of, **account | other)


@pytest.mark.parametrize(
    ("of", "account", "percent"),
    [
        pytest.param(AGENCY, {"accounts": 24}, "25", id="an agency's 24th account"),
        pytest.param(AGENCY, {"accounts": 25}, "35", id="an agency's 25th account"),
        pytest.param(AGENCY, {"paid_by_partner": False}, "0", id="a client it referred pays list price"),
        pytest.param(AGENCY, {"day": date(2019, 12, 31)}, "0", id="before there was a discount"),
        pytest.param(SOLUTIONS, {}, "0", id="a solution provider's managed account pays list price"),
        pytest.param(SOLUTIONS, {"single_bill": True}, "20", id="but not on the Single Bill"),
        pytest.param(FRANCHISE, {}, "0", id="a child account"),
    ],
)
def test_who_has_which_partner_discount(of: Program, account: dict[str, Any], percent: str) -> None:
    assert terms(of, **account).partner_percent == Decimal(percent)


@pytest.mark.parametrize(("migrated", "percent"), [(True, 10), (False, 0)])
def test_a_migrated_account_is_cheaper_while_it_has_cycles_left(migrated: bool, percent: int) -> None:
    assert terms(AGENCY, migrated=migrated).migration_percent == percent


def test_a_program_may_give_no_migration_discount() -> None:
    assert terms(SOLUTIONS, migrated=True).migration_percent == 0
