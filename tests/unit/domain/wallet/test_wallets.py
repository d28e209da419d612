"""A payer's prepaid money: never negative, never moved by a promise (docs/rules.md §6, §7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.money import CurrencyMismatch, Money
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.wallets import Wallet
from tests.builders import make_wallet, usd


def test_a_new_wallet_is_empty() -> None:
    wallet = wallets.empty(payer="prt_1", currency="EUR")

    assert wallet.balance == wallet.held == wallet.set_aside == wallet.general == Money(0, "EUR")


def test_general_money_is_what_is_neither_held_nor_set_aside() -> None:
    assert make_wallet(1000, held=200, set_aside=300).general == usd(500)


def test_a_promise_moves_no_balance_and_taking_it_back_leaves_no_trace() -> None:
    wallet = make_wallet(1000, set_aside=100)

    held = wallets.hold(wallet, usd(900))

    assert (held.balance, held.general) == (usd(1000), usd(0))
    assert wallets.release(held, usd(900)) == wallet


def test_a_cent_more_than_there_is_cannot_be_promised() -> None:
    with pytest.raises(ValueError, match="cannot hold 901 of 900"):
        wallets.hold(make_wallet(1000, set_aside=100), usd(901))


def test_a_cent_more_than_there_is_cannot_be_set_aside() -> None:
    wallet = make_wallet(1000, held=100)

    assert wallets.set_aside(wallet, usd(900)).general == usd(0)
    with pytest.raises(ValueError, match="cannot set aside 901 of 900"):
        wallets.set_aside(wallet, usd(901))


def test_spending_takes_what_was_held_and_what_was_set_aside_from_the_balance() -> None:
    wallet = wallets.spend(make_wallet(1000, held=300, set_aside=400), set_aside=usd(250), held=usd(300))

    assert (wallet.balance, wallet.held, wallet.set_aside, wallet.general) == (usd(450), usd(0), usd(150), usd(300))


@pytest.mark.parametrize(
    ("set_aside", "held"),
    [pytest.param(0, 301, id="a cent more than is held"), pytest.param(401, 0, id="a cent more than is set aside")],
)
def test_more_than_there_is_cannot_be_spent(set_aside: int, held: int) -> None:
    wallet = make_wallet(1000, held=300, set_aside=400)

    with pytest.raises(ValueError, match="cannot spend"):
        wallets.spend(wallet, set_aside=usd(set_aside), held=usd(held))


def test_a_cent_more_than_is_held_cannot_be_released() -> None:
    with pytest.raises(ValueError, match="cannot release 301 of 300"):
        wallets.release(make_wallet(1000, held=300), usd(301))


def test_a_cent_more_than_is_set_aside_cannot_be_taken_back() -> None:
    with pytest.raises(ValueError, match="cannot take back 401 of 400"):
        wallets.set_aside(make_wallet(1000, set_aside=400), -usd(401))


def test_less_than_nothing_cannot_be_added() -> None:
    with pytest.raises(ValueError, match="cannot add"):
        wallets.add(make_wallet(1000), -usd(1))


def test_fewer_than_no_accounts_cannot_be_counted() -> None:
    with pytest.raises(ValueError, match="0 active paid accounts, 1 cannot go"):
        wallets.count(make_wallet(), -1)


def test_what_is_let_go_is_general_again() -> None:
    wallet = wallets.set_aside(make_wallet(1000, set_aside=400), -usd(400))

    assert (wallet.balance, wallet.general) == (usd(1000), usd(1000))


def test_numbers_and_the_journal_count_up_by_one() -> None:
    wallet = make_wallet()
    for parties in ("a11ce", "b0b"):
        wallet = wallets.with_invoice_number(wallet, parties=parties)
    wallet = wallets.with_journal_entry(wallet)

    assert (wallet.last_invoice_number, wallet.sequence) == (2, 1)


def test_the_count_of_accounts_goes_both_ways() -> None:
    assert wallets.count(wallets.count(make_wallet(active_paid_accounts=3), 1), -1).active_paid_accounts == 3


def test_money_of_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        wallets.add(make_wallet(1000), Money(1, "EUR"))


operations = st.lists(
    st.tuples(st.sampled_from(["add", "hold", "set_aside", "release", "let_go", "pay"]), st.integers(0, 5_000)),
    max_size=30,
)


@given(operations)
def test_whatever_happens_nothing_is_negative_and_the_balance_is_what_came_less_what_went(
    steps: list[tuple[str, int]],
) -> None:
    wallet, came, went = make_wallet(), 0, 0

    for what, amount in steps:
        wallet, spent = _do(wallet, what, usd(amount))
        came, went = came + (amount if what == "add" else 0), went + spent

        assert wallet.balance == usd(came - went)
        assert min(wallet.balance, wallet.held, wallet.set_aside, wallet.general) >= usd(0)
        assert wallet.held + wallet.set_aside + wallet.general == wallet.balance


def _do(wallet: Wallet, what: str, amount: Money) -> tuple[Wallet, int]:
    """One operation as the services use it, and what it spent; what cannot be done is refused and changes nothing."""
    try:
        if what == "add":
            return wallets.add(wallet, amount), 0
        if what == "hold":
            return wallets.hold(wallet, amount), 0
        if what == "set_aside":
            return wallets.set_aside(wallet, amount), 0
    except ValueError:
        assert amount > wallet.general
        return wallet, 0
    if what == "release":
        return wallets.release(wallet, min(amount, wallet.held)), 0
    if what == "let_go":
        return wallets.set_aside(wallet, -min(amount, wallet.set_aside)), 0
    own, held = min(amount, wallet.set_aside), min(amount, wallet.held)
    return wallets.spend(wallet, set_aside=own, held=held), (own + held).amount
