"""What prepaid money pays of what is ahead, and how much of it is needed (docs/rules.md §6, §7)."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.charging.charges import split_payment
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.projected_wallets import ProjectedWallet
from chalicelib.domain.wallet.wallets import hold, set_aside, spend
from tests.builders import make_charge, make_wallet, usd
from tests.proving import examples

ACCOUNTS = ("acct_a", "acct_b", "acct_c")


@dataclass(frozen=True)
class Ahead:
    """Something ahead: an account is charged, or its invoice goes on the bill, or it ends."""

    account: str
    total: int
    how: str


def ahead(least: int) -> st.SearchStrategy[list[Ahead]]:
    one = st.builds(
        Ahead,
        account=st.sampled_from(ACCOUNTS),
        total=st.integers(least, 6_000),
        how=st.sampled_from(["charged", "charged", "billed", "ends"]),
    )
    return st.lists(one, max_size=12)


money_set_aside = st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(1, 9_000))


def spent(steps: list[Ahead], *, general: int, reserved: dict[str, int]) -> tuple[ProjectedWallet, int]:
    """The wallet after all that, and what cards were asked for; what is billed is paid at the end."""
    own = {account: usd(amount) for account, amount in reserved.items()}
    projected = ProjectedWallet(general=usd(general), minimum=usd(50), set_aside=own)
    card, bill = usd(0), usd(0)
    for step in steps:
        if step.how == "charged":
            card += projected.pay(step.account, usd(step.total)).card
        elif step.how == "billed":
            bill += projected.put_on_bill(step.account, usd(step.total))
        else:
            projected.release(step.account)
    return projected, (card + projected.pay("bill_1", bill).card).amount


def missing(steps: list[Ahead], *, general: int, reserved: dict[str, int]) -> int:
    projected, _ = spent(steps, general=general, reserved=reserved)
    return max(projected.needed.amount - general, 0)


@settings(max_examples=examples(100, prove=5_000))
@given(ahead(0), st.integers(0, 20_000), money_set_aside)
def test_with_what_is_missing_no_card_is_asked(steps: list[Ahead], general: int, reserved: dict[str, int]) -> None:
    enough = general + missing(steps, general=general, reserved=reserved)

    assert spent(steps, general=enough, reserved=reserved)[1] == 0


@settings(max_examples=examples(100, prove=5_000))
@given(ahead(50), st.integers(0, 20_000), money_set_aside)
def test_with_a_cent_less_one_is(steps: list[Ahead], general: int, reserved: dict[str, int]) -> None:
    short = missing(steps, general=general, reserved=reserved)

    if short and not _small_bill(steps, general + short - 1, reserved):
        assert spent(steps, general=general + short - 1, reserved=reserved)[1] > 0


def _small_bill(steps: list[Ahead], general: int, reserved: dict[str, int]) -> bool:
    """Whether set-aside money leaves a bill too small for any card: it is waived."""
    own = {account: usd(amount) for account, amount in reserved.items()}
    projected = ProjectedWallet(general=usd(general), minimum=usd(50), set_aside=own)
    bill = usd(0)
    for step in steps:
        if step.how == "charged":
            projected.pay(step.account, usd(step.total))
        elif step.how == "billed":
            bill += projected.put_on_bill(step.account, usd(step.total))
        else:
            projected.release(step.account)
    return bill < usd(50)


@settings(max_examples=examples(100, prove=5_000))
@given(ahead(0), st.integers(0, 20_000), money_set_aside)
def test_a_projected_wallet_pays_as_charging_one_after_another_does(
    steps: list[Ahead], general: int, reserved: dict[str, int]
) -> None:
    own: dict[str, Money] = {account: usd(amount) for account, amount in reserved.items()}
    aside = sum(reserved.values())
    wallet = make_wallet(general + aside, set_aside=aside)
    projected = ProjectedWallet(general=usd(general), minimum=usd(50), set_aside=dict(own))
    for step in steps:
        bill_id = "bill_1" if step.how == "billed" else None
        if step.how == "ends":
            projected.release(step.account)
            wallet = set_aside(wallet, -own.pop(step.account, usd(0)))
            continue
        charge = split_payment(
            make_charge(total=usd(step.total), bill_id=bill_id),
            set_aside=own.get(step.account, usd(0)),
            general=wallet.general,
            minimum_card_charge=usd(50),
        )
        wallet = spend(hold(wallet, charge.from_general), set_aside=charge.from_set_aside, held=charge.from_general)
        own[step.account] = own.get(step.account, usd(0)) - charge.from_set_aside
        if bill_id:
            assert projected.put_on_bill(step.account, usd(step.total)) == charge.billed
        else:
            parts = projected.pay(step.account, usd(step.total))
            assert (parts.prepaid, parts.card) == (charge.prepaid, charge.card)
        assert projected.general == wallet.general


def test_a_bill_is_reckoned_as_it_will_be_with_enough_money() -> None:
    """Without money the 2 cents are waived and the set-aside cent is left for the bill; with money it is used up."""
    steps = [Ahead("acct_a", 2, "charged"), Ahead("acct_a", 51, "billed")]

    short = missing(steps, general=0, reserved={"acct_a": 1})

    assert short == 52
    assert spent(steps, general=short, reserved={"acct_a": 1})[1] == 0
    assert spent(steps, general=short - 1, reserved={"acct_a": 1})[1] > 0
