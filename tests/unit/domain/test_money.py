from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.money import CurrencyMismatch, Money, total

amounts = st.integers(-(10**15), 10**15)
percents = st.decimals(0, 100, places=2)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


@pytest.mark.parametrize(
    ("amount", "percent", "expected"),
    [
        pytest.param(100, "20", 20, id="nothing to round"),
        pytest.param(1, "50", 1, id="half a cent becomes a cent"),
        pytest.param(-1, "50", -1, id="half a cent of a credit becomes a cent of credit"),
        pytest.param(1, "49.99", 0, id="just less than half a cent is dropped"),
        pytest.param(-1, "49.99", 0, id="just less than half a cent of a credit is dropped"),
        pytest.param(14900, "22.5", 3353, id="3352.5 cents become 3353"),
        pytest.param(10**18 + 1, "33.33", 333300000000000000, id="large amounts stay exact"),
    ],
)
def test_a_percentage_is_rounded_half_up_away_from_zero(amount: int, percent: str, expected: int) -> None:
    assert usd(amount).percent(Decimal(percent)) == usd(expected)


@pytest.mark.parametrize(
    ("amount", "part", "whole", "expected"),
    [
        pytest.param(3333, 15, 30, 1667, id="1666.5 becomes 1667"),
        pytest.param(-3333, 15, 30, -1667, id="-1666.5 becomes -1667"),
        pytest.param(100, 0, 30, 0, id="no day costs nothing"),
        pytest.param(100, 30, 30, 100, id="all days cost all"),
    ],
)
def test_a_share_is_rounded_half_up_away_from_zero(amount: int, part: int, whole: int, expected: int) -> None:
    assert usd(amount).share(part=part, whole=whole) == usd(expected)


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="positive whole"):
        usd(1).share(part=1, whole=0)


def test_amounts_of_one_currency_are_added_and_compared() -> None:
    assert usd(3) + usd(4) - usd(2) == usd(5)
    assert -usd(3) == usd(-3)
    assert usd(1) < usd(2) <= usd(2)
    assert usd(2) > usd(1) >= usd(1)
    assert not usd(2) < usd(2)
    assert not usd(2) > usd(2)


def test_zero_is_nothing() -> None:
    assert not Money.zero("USD")
    assert usd(1)
    assert usd(-1)


@pytest.mark.parametrize("operator", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_currencies_do_not_mix(operator: str) -> None:
    with pytest.raises(CurrencyMismatch, match="USD and EUR"):
        getattr(usd(1), operator)(Money(1, "EUR"))


def test_the_same_number_in_another_currency_is_another_amount() -> None:
    assert usd(0) != Money(0, "EUR")


@pytest.mark.parametrize("amount", [1.0, True, "1", Decimal(1)])
def test_only_whole_minor_units_are_money(amount: object) -> None:
    with pytest.raises(TypeError, match="whole minor units"):
        Money(amount, "USD")  # type: ignore[arg-type]


def test_a_total_of_nothing_is_zero_in_its_currency() -> None:
    assert total([], currency="EUR") == Money(0, "EUR")


def test_a_total_refuses_a_foreign_amount() -> None:
    with pytest.raises(CurrencyMismatch):
        total([usd(1)], currency="EUR")


@given(st.lists(amounts))
def test_a_total_is_the_sum_of_its_lines(lines: list[int]) -> None:
    assert total(map(usd, lines), currency="USD") == usd(sum(lines))


@given(amounts, percents)
def test_a_credit_is_rounded_as_the_charge_it_undoes(amount: int, percent: Decimal) -> None:
    assert usd(-amount).percent(percent) == -usd(amount).percent(percent)


@given(amounts, st.integers(0, 366), st.integers(1, 366))
def test_rounding_moves_a_share_by_at_most_half_a_cent(amount: int, part: int, whole: int) -> None:
    exact = Fraction(amount * part, whole)

    assert abs(usd(amount).share(part=part, whole=whole).amount - exact) <= Fraction(1, 2)
