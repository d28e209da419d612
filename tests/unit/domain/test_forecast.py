"""How long prepaid money lasts: the renewals ahead against the wallet (docs/rules.md §7)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.charges import divide
from chalicelib.domain.forecast import Payable, Renewal, payables, runs_out
from chalicelib.domain.money import Money
from chalicelib.domain.wallets import Wallet, hold, set_aside, spend
from tests.builders import make_charge, make_wallet, usd

DAY = date(2026, 3, 1)
accounts = ("acct_a", "acct_b", "acct_c")
renewals_ahead = st.lists(
    st.builds(
        Renewal,
        date=st.dates(DAY, DAY + timedelta(days=60)),
        account_id=st.sampled_from(accounts),
        amount=st.builds(usd, st.integers(0, 6_000)),
    ),
    max_size=12,
)


def renewal(account_id: str, amount: int, *, day: int = 1) -> Renewal:
    return Renewal(date=DAY.replace(day=day), account_id=account_id, amount=usd(amount))


def paid(*renewals: Renewal, general: int = 0, set_aside: dict[str, Money] | None = None) -> list[Payable]:
    return list(payables(renewals, general=usd(general), set_aside=set_aside or {}, minimum_card_charge=usd(50)))


def test_renewals_are_paid_in_the_order_of_their_days() -> None:
    found = paid(renewal("acct_a", 4900, day=9), renewal("acct_b", 4900, day=3), general=4900)

    assert [(p.renewal.account_id, p.card) for p in found] == [("acct_b", usd(0)), ("acct_a", usd(4900))]


def test_two_of_one_day_go_by_their_accounts_ids() -> None:
    found = paid(renewal("acct_b", 4900), renewal("acct_a", 4900), general=4900)

    assert [p.renewal.account_id for p in found if p.card] == ["acct_b"]


def test_money_set_aside_pays_only_for_its_account() -> None:
    found = paid(renewal("acct_a", 4900), renewal("acct_b", 4900), set_aside={"acct_b": usd(9000)})

    assert [(p.prepaid, p.card) for p in found] == [(usd(0), usd(4900)), (usd(4900), usd(0))]


def test_what_is_set_aside_lasts_over_several_renewals() -> None:
    found = paid(
        renewal("acct_a", 4900, day=1), renewal("acct_a", 4900, day=31), set_aside={"acct_a": usd(6000)}, general=500
    )

    assert [(p.prepaid, p.card) for p in found] == [(usd(4900), usd(0)), (usd(1600), usd(3300))]


@pytest.mark.parametrize(("general", "expected"), [(9800, None), (9799, "acct_b"), (4899, "acct_a"), (0, "acct_a")])
def test_it_runs_out_at_the_first_renewal_a_card_is_asked_for(general: int, expected: str | None) -> None:
    first = runs_out(paid(renewal("acct_a", 4900, day=1), renewal("acct_b", 4900, day=2), general=general))

    assert (first.renewal.account_id if first else None) == expected


def test_a_renewal_too_small_for_a_card_does_not_run_it_out() -> None:
    assert runs_out(paid(renewal("acct_a", 49))) is None


@given(renewals_ahead, st.integers(0, 20_000), st.dictionaries(st.sampled_from(accounts), st.integers(1, 9_000)))
def test_the_forecast_is_what_charging_them_one_after_another_does(
    renewals: list[Renewal], general: int, reserved: dict[str, int]
) -> None:
    own = {account_id: usd(amount) for account_id, amount in reserved.items()}
    wallet: Wallet = make_wallet(general + sum(reserved.values()), set_aside=sum(reserved.values()))
    forecast = paid(*renewals, general=general, set_aside=own)

    for payable in forecast:
        account_id = payable.renewal.account_id
        charge = divide(
            make_charge(total=payable.renewal.amount),
            set_aside=own.get(account_id, usd(0)),
            general=wallet.general,
            minimum_card_charge=usd(50),
        )
        wallet = spend(hold(wallet, charge.from_general), set_aside=charge.from_set_aside, held=charge.from_general)
        own[account_id] = own.get(account_id, usd(0)) - charge.from_set_aside
        assert (payable.prepaid, payable.card) == (charge.prepaid, charge.card)

    assert set_aside(wallet, usd(0)).general >= usd(0)
    assert len(forecast) == len(renewals)
