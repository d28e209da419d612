import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.accounts.proration import credits, for_days_left, forgone
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.money import Money

CASES = json.loads((Path(__file__).parents[3] / "cases" / "billing.json").read_text())["proration"]
START = date(2026, 6, 1)

prices = st.integers(0, 10**7)
days_of_periods = st.integers(28, 31) | st.integers(365, 366)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def line(price: int, item: str = "plan") -> Line:
    kind = "plan" if item == "plan" else "add_on"
    return Line(kind, item.capitalize(), usd(price), explanation=Explanation(Rule.PRICE, item=item, list_price=price))


def changed(old: int, new: int, *, paid: int, rest: Period, full: Period) -> tuple[int, int, int]:
    """The credit, the charge, and what is due for both."""
    charge = line(new).explanation.for_days(rest.days, of_days=full.days).price("USD")
    lines = (*credits([line(old)], paid=usd(paid), rest=rest, full=full), Line("plan", "New", charge))
    lines = (*lines, *forgone(lines, rest=rest, currency="USD"))
    credit = sum(each.amount.amount for each in lines if each.kind == "credit")
    return credit, charge.amount, sum(each.amount.amount for each in lines)


def last(days: int, *, of: int) -> tuple[Period, Period]:
    """The last days of a period, and the period."""
    full = Period(START, START + timedelta(days=of))
    return Period(full.end - timedelta(days=days), full.end), full


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['old_price']} to {case['new_price']}")
def test_a_changed_price_is_prorated_as_in_the_worked_examples(case: dict[str, Any]) -> None:
    full = Period(date.fromisoformat(case["period_start"]), date.fromisoformat(case["period_end"]))
    rest = Period(date.fromisoformat(case["change_date"]), full.end)

    found = changed(case["old_price"], case["new_price"], paid=case["old_price"], rest=rest, full=full)

    assert (rest.days, full.days) == (case["days_left"], case["days_in_period"])
    assert found == (case["credit"], case["charge"], case["due_today"])


@pytest.mark.parametrize(
    ("paid", "credit", "limit"),
    [
        pytest.param(1501, -1500, None, id="a cent more was paid than is unused"),
        pytest.param(1500, -1500, None, id="as much was paid as is unused"),
        pytest.param(1499, -1499, 1499, id="a cent less was paid than is unused"),
        pytest.param(0, 0, 0, id="nothing was paid"),
    ],
)
def test_the_credit_is_at_most_what_was_paid(paid: int, credit: int, limit: int | None) -> None:
    rest, full = last(15, of=30)

    (found,) = credits([line(3000)], paid=usd(paid), rest=rest, full=full)

    assert (found.amount, found.explanation.limit) == (usd(credit), limit)


def test_what_was_paid_is_credited_for_the_plan_first_and_then_for_add_ons() -> None:
    rest, full = last(15, of=30)

    found = credits([line(3000), line(1000, "sms")], paid=usd(1600), rest=rest, full=full)

    assert [each.amount.amount for each in found] == [-1500, -100]


def test_what_costs_nothing_is_not_credited() -> None:
    rest, full = last(15, of=30)

    assert credits([line(0)], paid=usd(100), rest=rest, full=full) == ()


def test_a_credit_names_what_was_charged_for_days_left() -> None:
    rest, full = last(1, of=30)
    charged = for_days_left(Line("plan", "Plus", usd(100), last(10, of=30)[0], line(3000).explanation))

    (found,) = credits([charged], paid=usd(100), rest=rest, full=full)

    assert (charged.description, found.description) == ("Plus, 10 days left", "Plus, 1 day unused")


def test_a_short_first_period_is_prorated_by_the_days_of_its_full_period() -> None:
    """From 21 November to the billing day on 1 December, upgraded on the 26th: 5 days of November's 30."""
    rest, full = last(5, of=30)

    assert changed(3000, 6000, paid=1000, rest=rest, full=full) == (-500, 1000, 500)


@given(prices, prices, prices, days_of_periods, st.data())
def test_nothing_is_ever_paid_out(old: int, new: int, paid: int, days: int, data: st.DataObject) -> None:
    rest, full = last(data.draw(st.integers(1, days)), of=days)

    credit, charge, due = changed(old, new, paid=paid, rest=rest, full=full)

    assert credit <= 0 <= charge
    assert 0 <= due <= new
    assert -credit <= paid
    assert due == max(credit + charge, 0)


@given(st.lists(prices, min_size=2, max_size=8), days_of_periods, st.data())
def test_upgrades_and_downgrades_never_yield_a_free_day(sequence: list[int], days: int, data: st.DataObject) -> None:
    """However often the price changes within a period, the days used are paid for (to half a cent for each line)."""
    dates = sorted(
        data.draw(st.lists(st.integers(0, days - 1), min_size=len(sequence) - 1, max_size=len(sequence) - 1))
    )
    paid, used, since = sequence[0], 0, 0

    for price, new_price, day in zip(sequence, sequence[1:], dates, strict=False):
        used += price * (day - since)
        since = day
        rest, full = last(days - day, of=days)
        paid += changed(price, new_price, paid=paid, rest=rest, full=full)[2]

    used += sequence[-1] * (days - since)
    assert paid * days >= used - len(sequence) * days
    assert paid >= sequence[0]


@given(prices, prices, days_of_periods, st.data())
def test_an_upgrade_is_not_paid_twice(old: int, new: int, days: int, data: st.DataObject) -> None:
    old, new = sorted((old, new))
    rest, full = last(data.draw(st.integers(1, days)), of=days)

    due = changed(old, new, paid=old, rest=rest, full=full)[2]

    assert abs(due * days - (new - old) * rest.days) <= days
