"""What the next discount tier would save in a month (docs/rules.md §5)."""

from decimal import Decimal

import pytest

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.savings import saved_per_month
from chalicelib.domain.calendar import Frequency
from tests.builders import agency, make_account, make_plan, make_sandbox, make_trial


def saved(*accounts: Account, percent: str = "0", next_percent: str = "25") -> int:
    money = saved_per_month(accounts, program=agency(), percent=Decimal(percent), next_percent=Decimal(next_percent))
    return money.amount


def test_a_quarter_of_the_list_prices_from_none() -> None:
    assert saved(make_account(), make_account(plan=make_plan(tier="professional"))) == 1225 + 1975


def test_from_one_tier_to_the_next_it_is_the_difference_of_the_prices_as_invoiced() -> None:
    assert saved(make_account(), percent="25", next_percent="35") == 3675 - 3185


def test_a_twelfth_of_what_an_annual_account_saves_counts_for_a_month() -> None:
    annual = make_account(plan=make_plan(billing_frequency=Frequency.ANNUAL))

    assert saved(annual) == round(saved_in_a_year(annual) / 12)


def saved_in_a_year(account: Account) -> int:
    row = agency().offer_for(account.plan).contact_price(account.plan.contacts)
    assert row is not None
    assert row.annual is not None
    return row.annual // 4


def test_a_migrated_account_saves_on_what_the_migration_discount_leaves() -> None:
    assert saved(make_account(migrated_cycles=1)) == 1103  # 25 % of 4410, half up
    assert saved(make_account(migrated_cycles=0)) == 1225


@pytest.mark.parametrize("status", [Status.CANCELED, Status.EXPIRED, Status.ARCHIVED])
def test_an_account_that_does_not_count_saves_nothing(status: Status) -> None:
    assert saved(make_account(status=status), make_trial(), make_sandbox()) == 0
    assert saved(make_account(status=Status.DISABLED)) == 1225


def test_an_account_that_has_no_tier_discount_saves_nothing() -> None:
    assert saved(make_account(single_bill=True), make_account(payer="client_1")) == 0
