"""A charge's identity, and how it is divided over prepaid money and the card (docs/rules.md §6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.charging import charges
from chalicelib.domain.charging.charges import Charge, ChargeKind
from tests.builders import make_charge, usd

amounts = st.integers(0, 20_000)


def split(charge: Charge, *, set_aside: int = 0, general: int = 0) -> Charge:
    return charges.split_payment(charge, set_aside=usd(set_aside), general=usd(general), minimum_card_charge=usd(50))


def test_each_attempt_has_a_key_of_its_own_under_the_charges_identity() -> None:
    assert [make_charge(attempt=n).key for n in (1, 2)] == ["inv_2-1", "inv_2-2"]


def test_what_is_set_aside_goes_first_then_general_money_then_the_card() -> None:
    charge = split(make_charge(), set_aside=1000, general=2000)

    assert (charge.from_set_aside, charge.from_general, charge.card) == (usd(1000), usd(2000), usd(1900))
    assert charge.prepaid == usd(3000)
    assert charge.needs_card


def test_a_prepaid_purchase_always_charges_the_card() -> None:
    charge = split(make_charge(kind=ChargeKind.PREPAID_PURCHASE, total=usd(5000)), set_aside=9000, general=9000)

    assert (charge.prepaid, charge.card) == (usd(0), usd(5000))


@pytest.mark.parametrize(
    ("total", "general", "left", "card"),
    [
        pytest.param(49, 48, 0, 0, id="below the minimum and a cent short: waived"),
        pytest.param(49, 49, 49, 0, id="below the minimum and covered: paid"),
        pytest.param(50, 0, 50, 50, id="the minimum goes on the card"),
        pytest.param(4900, 4899, 4900, 50, id="a cent short: less prepaid, so that the card takes the minimum"),
    ],
)
def test_no_card_is_asked_for_less_than_the_minimum(total: int, general: int, left: int, card: int) -> None:
    charge = split(make_charge(total=usd(total)), general=general)

    assert (charge.total, charge.card) == (usd(left), usd(card))
    assert sum(line.amount.amount for line in charge.lines) == left


def test_what_is_waived_has_a_line_of_its_own() -> None:
    assert [line.kind for line in split(make_charge(total=usd(49))).lines] == ["plan", "waived"]


@given(total=amounts, set_aside=amounts, general=amounts)
def test_the_parts_are_the_total_and_the_lines_are_too(total: int, set_aside: int, general: int) -> None:
    charge = split(make_charge(total=usd(total)), set_aside=set_aside, general=general)

    assert charge.prepaid + charge.card == charge.total
    assert sum((line.amount for line in charge.lines), usd(0)) == charge.total
    assert usd(0) <= charge.from_set_aside <= usd(set_aside)
    assert usd(0) <= charge.from_general <= usd(general)
    assert not charge.card or charge.card >= usd(50)


@given(total=amounts, set_aside=amounts, general=amounts)
def test_dividing_again_what_is_divided_changes_nothing(total: int, set_aside: int, general: int) -> None:
    once = split(make_charge(total=usd(total)), set_aside=set_aside, general=general)

    assert split(once, set_aside=set_aside, general=general) == once
