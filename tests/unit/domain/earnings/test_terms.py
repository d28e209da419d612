"""On which terms a partner earns, at every border of docs/rules.md §10."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.catalog.programs import Commission, DatedPercent
from chalicelib.domain.earnings.terms import EarningTerms, earning_of_invoice, terms_after_move, terms_on
from chalicelib.programs import program
from tests.builders import usd

DAY = date(2026, 1, 31)
SOLUTIONS, AGENCY = program("solutions").commission, program("agency").commission
assert SOLUTIONS is not None
assert AGENCY is not None


def make_terms(**overrides: Any) -> EarningTerms:
    return replace(EarningTerms(DAY, percent=Decimal(30), months=12, hold_days=60), **overrides)


def percent(terms: EarningTerms, commission: Commission = SOLUTIONS, **overrides: Any) -> Decimal:
    """What percentage an invoice brings: by default one that the client of a referred account pays."""
    facts: dict[str, Any] = {
        "partner_id": "prt_1",
        "relationship": "referred",
        "client_pays": True,
        "on_bill": False,
        "period_starts": DAY,
    }
    return earning_of_invoice(terms, commission, **facts | overrides).percent


def test_terms_are_those_of_the_day_the_account_was_credited_whatever_the_program_says_later() -> None:
    dated = replace(
        SOLUTIONS,
        percent=(DatedPercent(date(2020, 1, 1), Decimal(20)), DatedPercent(date(2026, 2, 1), Decimal(15))),
    )

    before, from_then_on = (terms_on(day, dated, currency="USD") for day in (DAY, date(2026, 2, 1)))

    assert before == EarningTerms(DAY, percent=Decimal(20), months=None, hold_days=30, bonus=usd(5000))
    assert from_then_on.percent == 15
    assert percent(before, replace(dated, hold_days=1)) == 20


def test_a_program_without_a_bonus_gives_none() -> None:
    assert terms_on(DAY, AGENCY, currency="USD").bonus is None


@pytest.mark.parametrize(
    ("commission", "relationship", "client_pays", "on_bill", "earns"),
    [
        pytest.param(AGENCY, "managed", False, False, False, id="a resold account, which has its discount"),
        pytest.param(AGENCY, "referred", True, False, True, id="an agency's referred account"),
        pytest.param(AGENCY, "managed", True, False, True, id="an agency's managed account that its client pays for"),
        pytest.param(SOLUTIONS, "managed", False, False, True, id="a managed account at list price"),
        pytest.param(SOLUTIONS, "managed", False, True, False, id="an account on the Single Bill"),
        pytest.param(SOLUTIONS, "managed", True, False, True, id="a managed account that its client pays for"),
        pytest.param(SOLUTIONS, "referred", True, False, True, id="a referred account"),
    ],
)
def test_who_pays_how_and_the_relationship_decide_whether_an_invoice_earns(
    commission: Commission, relationship: str, client_pays: bool, on_bill: bool, earns: bool
) -> None:
    terms = make_terms()

    found = percent(terms, commission, relationship=relationship, client_pays=client_pays, on_bill=on_bill)

    assert found == (30 if earns else 0)


@pytest.mark.parametrize(
    ("first_paid_on", "period_starts", "earns"),
    [
        pytest.param(None, date(2030, 1, 1), True, id="the first invoice, however late it is paid"),
        pytest.param(date(2026, 1, 31), date(2026, 1, 31), True, id="an upgrade in the first period"),
        pytest.param(date(2026, 1, 31), date(2026, 12, 31), True, id="the twelfth month from the 31st"),
        pytest.param(date(2026, 1, 31), date(2027, 1, 30), True, id="a day before a year has passed"),
        pytest.param(date(2026, 1, 31), date(2027, 1, 31), False, id="a year later"),
        pytest.param(date(2024, 2, 29), date(2025, 2, 27), True, id="29 February, a day before the year has passed"),
        pytest.param(date(2024, 2, 29), date(2025, 2, 28), False, id="29 February, clamped a year later"),
        pytest.param(date(2026, 3, 3), date(2027, 2, 28), True, id="paid late: counted from when it was paid"),
    ],
)
def test_twelve_months_count_from_the_first_paid_date(
    first_paid_on: date | None, period_starts: date, earns: bool
) -> None:
    assert bool(percent(make_terms(first_paid_on=first_paid_on), period_starts=period_starts)) is earns


def test_eleven_months_from_the_31st_end_on_the_last_day_of_a_shorter_month() -> None:
    terms = make_terms(months=1, first_paid_on=date(2026, 1, 31))

    assert percent(terms, period_starts=date(2026, 2, 27)) == 30
    assert percent(terms, period_starts=date(2026, 2, 28)) == 0


def test_without_months_an_account_earns_for_good() -> None:
    terms = make_terms(months=None, first_paid_on=date(2026, 1, 31))

    assert percent(terms, period_starts=date(2056, 1, 31)) == 30


def moved(*, paid_days_ago: int | None, partner_days: int, had_bonus: bool = False) -> EarningTerms:
    """The terms of an account that moves so many days after its first payment, and after its partner began."""
    return terms_after_move(
        DAY,
        SOLUTIONS,
        currency="USD",
        first_paid_on=None if paid_days_ago is None else DAY - timedelta(days=paid_days_ago),
        partner_day=DAY,
        partner_since=DAY - timedelta(days=partner_days),
        had_bonus=had_bonus,
    )


@pytest.mark.parametrize(
    ("paid_days_ago", "partner_days", "soon"),
    [
        pytest.param(59, 400, True, id="59 days after it began to pay"),
        pytest.param(60, 400, True, id="60 days after it began to pay"),
        pytest.param(61, 400, False, id="61 days after it began to pay"),
        pytest.param(400, 59, True, id="59 days after the partner began"),
        pytest.param(400, 60, True, id="60 days after the partner began"),
        pytest.param(400, 61, False, id="61 days after the partner began"),
        pytest.param(61, 60, True, id="one of both is enough"),
        pytest.param(None, 400, True, id="it has never paid"),
    ],
)
def test_an_account_that_moves_in_soon_earns_like_a_new_one(
    paid_days_ago: int | None, partner_days: int, soon: bool
) -> None:
    terms = moved(paid_days_ago=paid_days_ago, partner_days=partner_days)

    assert percent(terms, relationship="referred") == (20 if soon else 0)
    assert percent(terms, relationship="managed") == 20
    assert terms.bonus == (usd(5000) if soon else None)


def test_an_account_that_moved_in_late_earns_while_it_is_managed_and_stops_when_that_ends() -> None:
    late = moved(paid_days_ago=61, partner_days=61)

    earned = [percent(late, relationship=relationship) for relationship in ("referred", "managed", "referred")]

    assert earned == [0, 20, 0]


def test_an_account_that_brought_its_bonus_to_another_partner_brings_none_again() -> None:
    assert moved(paid_days_ago=10, partner_days=10, had_bonus=True).bonus is None


def test_the_move_itself_begins_the_months_anew() -> None:
    assert moved(paid_days_ago=10, partner_days=10).first_paid_on is None
