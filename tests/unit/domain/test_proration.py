import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import Period
from chalicelib.domain.money import Money
from chalicelib.domain.proration import prorate, unused_credit

CASES = json.loads((Path(__file__).parents[2] / "cases" / "billing.json").read_text())["proration"]

prices = st.integers(0, 10**7)
days_of_periods = st.integers(28, 31) | st.integers(365, 366)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['old_price']} to {case['new_price']}")
def test_a_changed_price_is_prorated_as_in_the_worked_examples(case: dict[str, Any]) -> None:
    period = Period(date.fromisoformat(case["period_start"]), date.fromisoformat(case["period_end"]))
    days_left = period.days_left(date.fromisoformat(case["change_date"]))

    found = prorate(
        old_price=usd(case["old_price"]),
        new_price=usd(case["new_price"]),
        paid=usd(case["old_price"]),
        days_left=days_left,
        days_in_period=period.days,
    )

    assert (days_left, period.days) == (case["days_left"], case["days_in_period"])
    assert (found.credit, found.charge, found.due) == (
        usd(case["credit"]),
        usd(case["charge"]),
        usd(case["due_today"]),
    )


@pytest.mark.parametrize(
    ("paid", "credit"),
    [
        pytest.param(None, -1500, id="paid in full"),
        pytest.param(1501, -1500, id="a cent more was paid than is unused"),
        pytest.param(1500, -1500, id="as much was paid as is unused"),
        pytest.param(1499, -1499, id="a cent less was paid than is unused"),
        pytest.param(0, 0, id="nothing was paid"),
    ],
)
def test_the_credit_is_at_most_what_was_paid(paid: int | None, credit: int) -> None:
    found = unused_credit(price=usd(3000), paid=None if paid is None else usd(paid), days_left=15, days_in_period=30)

    assert found == usd(credit)


def test_an_equal_price_costs_nothing() -> None:
    found = prorate(old_price=usd(3333), new_price=usd(3333), paid=None, days_left=7, days_in_period=31)

    assert found.due == usd(0)


def test_a_short_first_period_is_prorated_by_the_days_of_its_full_period() -> None:
    """From 21 November to the billing day on 1 December, upgraded on the 26th: 5 days of November's 30."""
    found = prorate(old_price=usd(3000), new_price=usd(6000), paid=usd(1000), days_left=5, days_in_period=30)

    assert (found.credit, found.charge) == (usd(-500), usd(1000))


@pytest.mark.parametrize("days_left", [-1, 31])
def test_more_days_than_there_are_cannot_be_left(days_left: int) -> None:
    with pytest.raises(ValueError, match="days left of a period of 30"):
        prorate(old_price=usd(1), new_price=usd(2), paid=None, days_left=days_left, days_in_period=30)


@given(prices, prices, prices | st.none(), days_of_periods, st.data())
def test_nothing_is_ever_paid_out(old: int, new: int, paid: int | None, days: int, data: st.DataObject) -> None:
    days_left = data.draw(st.integers(0, days))

    found = prorate(
        old_price=usd(old),
        new_price=usd(new),
        paid=None if paid is None else usd(paid),
        days_left=days_left,
        days_in_period=days,
    )

    assert found.credit <= usd(0) <= found.charge
    assert usd(0) <= found.due <= usd(new)
    assert found.forgone >= usd(0)
    assert found.credit + found.charge + found.forgone == found.due
    assert paid is None or -found.credit <= usd(paid)


@given(st.lists(prices, min_size=2, max_size=8), days_of_periods, st.data())
def test_upgrades_and_downgrades_never_yield_a_free_day(sequence: list[int], days: int, data: st.DataObject) -> None:
    """However often the price changes within a period, the days used are paid for (to half a cent for each line)."""
    dates = sorted(data.draw(st.lists(st.integers(0, days), min_size=len(sequence) - 1, max_size=len(sequence) - 1)))
    paid, used, since = usd(sequence[0]), 0, 0

    for price, new_price, day in zip(sequence, sequence[1:], dates, strict=False):
        used += price * (day - since)
        since = day
        paid += prorate(
            old_price=usd(price), new_price=usd(new_price), paid=paid, days_left=days - day, days_in_period=days
        ).due

    used += sequence[-1] * (days - since)
    assert paid.amount * days >= used - len(sequence) * days
    assert paid >= usd(sequence[0])


@given(prices, prices, days_of_periods, st.data())
def test_an_upgrade_is_not_paid_twice(old: int, new: int, days: int, data: st.DataObject) -> None:
    old, new = sorted((old, new))
    days_left = data.draw(st.integers(0, days))

    due = prorate(old_price=usd(old), new_price=usd(new), paid=usd(old), days_left=days_left, days_in_period=days).due

    assert abs(due.amount * days - (new - old) * days_left) <= days
