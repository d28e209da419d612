import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.catalog.payment_split import Split, split
from chalicelib.domain.money import CurrencyMismatch, Money, total

amounts = st.integers(0, 500) | st.integers(0, 10**9)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def split_of(amount: int, *, set_aside: int = 0, general: int = 0, minimum: int = 50) -> Split:
    return split(total=usd(amount), set_aside=usd(set_aside), general=usd(general), minimum_card_charge=usd(minimum))


@pytest.mark.parametrize(
    ("amount", "held", "expected"),
    [
        pytest.param(3920, (0, 0), (0, 0, 3920, 0), id="nothing held: all on the card"),
        pytest.param(3920, (1000, 0), (1000, 0, 2920, 0), id="what is set aside is used first"),
        pytest.param(3920, (1000, 2000), (1000, 2000, 920, 0), id="then general money, then the card"),
        pytest.param(3920, (3920, 2000), (3920, 0, 0, 0), id="set aside covers it to the cent"),
        pytest.param(3920, (3919, 1), (3919, 1, 0, 0), id="both together cover it to the cent"),
        pytest.param(3920, (5000, 2000), (3920, 0, 0, 0), id="more than enough is left where it is"),
        pytest.param(3920, (1000, 2870), (1000, 2870, 50, 0), id="the smallest charge is left for the card"),
        pytest.param(3920, (1000, 2871), (1000, 2870, 50, 0), id="a cent less for the card: a cent less of general"),
        pytest.param(3920, (1000, 2919), (1000, 2870, 50, 0), id="a cent short of covering it"),
        pytest.param(3920, (3900, 19), (3870, 0, 50, 0), id="general money is spared first, then what is set aside"),
        pytest.param(3920, (3919, 0), (3870, 0, 50, 0), id="only set-aside money to spare"),
        pytest.param(50, (0, 0), (0, 0, 50, 0), id="a total of the minimum goes on the card"),
        pytest.param(50, (20, 20), (0, 0, 50, 0), id="and all of it, if prepaid falls short"),
        pytest.param(49, (0, 0), (0, 0, 0, 49), id="a total below the minimum is waived"),
        pytest.param(49, (20, 28), (0, 0, 0, 49), id="whole, if prepaid is a cent short"),
        pytest.param(49, (20, 29), (20, 29, 0, 0), id="but not if prepaid covers it"),
        pytest.param(0, (20, 30), (0, 0, 0, 0), id="nothing to pay takes nothing"),
        pytest.param(0, (0, 0), (0, 0, 0, 0), id="nothing to pay needs no card"),
    ],
)
def test_prepaid_money_goes_before_the_card(
    amount: int, held: tuple[int, int], expected: tuple[int, int, int, int]
) -> None:
    found = split_of(amount, set_aside=held[0], general=held[1])

    set_aside, general, card, waived = map(usd, expected)
    assert found == Split(set_aside=set_aside, general=general, card=card, waived=waived)
    assert found.prepaid == set_aside + general


def test_without_a_minimum_the_card_takes_a_cent() -> None:
    assert split_of(100, general=99, minimum=0).card == usd(1)


@given(amounts, amounts, amounts, st.integers(0, 200))
def test_no_cent_is_lost_and_no_card_is_charged_too_little(
    amount: int, set_aside: int, general: int, minimum: int
) -> None:
    found = split_of(amount, set_aside=set_aside, general=general, minimum=minimum)

    assert found.prepaid + found.card + found.waived == usd(amount)
    assert min(found.set_aside, found.general, found.card, found.waived) >= usd(0)
    assert found.set_aside <= usd(set_aside)
    assert found.general <= usd(general)
    assert not found.card or found.card >= usd(minimum)
    assert found.waived in (usd(0), usd(amount))
    assert found.waived < max(usd(minimum), usd(1))


@given(amounts, amounts, amounts)
def test_general_money_is_only_used_when_all_that_is_set_aside_is(amount: int, set_aside: int, general: int) -> None:
    found = split_of(amount, set_aside=set_aside, general=general)

    assert not found.general or found.set_aside == usd(set_aside)


@given(amounts, amounts, amounts)
def test_a_card_is_asked_only_when_prepaid_falls_short(amount: int, set_aside: int, general: int) -> None:
    found = split_of(amount, set_aside=set_aside, general=general)

    assert bool(found.card + found.waived) is (set_aside + general < amount)


@pytest.mark.parametrize("negative", ["total", "set_aside", "general", "minimum_card_charge"])
def test_negative_amounts_are_refused(negative: str) -> None:
    amounts = dict.fromkeys(("total", "set_aside", "general", "minimum_card_charge"), usd(0)) | {negative: usd(-1)}

    with pytest.raises(ValueError, match="negative"):
        split(**amounts)


def test_money_of_another_currency_pays_nothing() -> None:
    with pytest.raises(CurrencyMismatch):
        split(total=usd(10), set_aside=usd(0), general=Money(10, "EUR"), minimum_card_charge=usd(0))


@given(st.lists(amounts, max_size=12), amounts)
def test_charges_in_a_row_never_use_more_than_is_held(charges: list[int], general: int) -> None:
    left = usd(general)

    for charge in charges:
        left -= split_of(charge, general=left.amount).general

    assert left >= total([], currency="USD")
