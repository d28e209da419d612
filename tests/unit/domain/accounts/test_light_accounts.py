"""An account whose fields are worked out when somebody looks at them stands for the account in every rule."""

from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.light_accounts import light, lightened, whole
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.copies import replace
from tests.builders import make_account, make_plan, make_trial

ACCOUNT = make_account()


def watched() -> tuple[Account, list[str]]:
    """A light account, and the fields that were worked out."""
    asked: list[str] = []

    def field_of(name: str) -> Any:
        asked.append(name)
        return getattr(ACCOUNT, name)

    return light({"id": ACCOUNT.id}, field_of), asked


def test_a_field_is_worked_out_once_and_only_if_it_is_needed() -> None:
    account, asked = watched()

    assert (account.id, account.name, account.name) == (ACCOUNT.id, ACCOUNT.name, ACCOUNT.name)
    assert asked == ["name"]


def test_it_has_the_properties_of_an_account() -> None:
    account, asked = watched()

    assert account.counts_as_active_paid
    assert asked == ["kind", "status"]


def test_how_often_it_renews_does_not_take_its_plan() -> None:
    account, asked = watched()
    other = make_plan(billing_frequency=Frequency.ANNUAL)

    assert account.frequency is ACCOUNT.frequency is Frequency.MONTHLY
    assert asked == ["frequency"]
    assert replace(account, plan=other).frequency is Frequency.ANNUAL
    with pytest.raises(ValueError, match="has no paid plan"):
        _ = replace(account, plan=make_trial().plan).frequency


def test_a_changed_copy_leaves_it_as_it_is() -> None:
    account, asked = watched()

    paused = replace(account, status=Status.DISABLED)

    assert (paused.status, account.status) == (Status.DISABLED, ACCOUNT.status)
    assert asked == ["status"]
    assert whole(paused) == replace(ACCOUNT, status=Status.DISABLED)


def test_it_is_equal_to_the_account_and_to_no_other() -> None:
    account, _ = watched()

    assert account == ACCOUNT
    assert account == ACCOUNT
    assert account == watched()[0]
    assert account != replace(ACCOUNT, name="another")
    assert account != "acct"


def test_whole_it_is_the_account_itself() -> None:
    assert type(whole(watched()[0])) is Account
    assert whole(ACCOUNT) is ACCOUNT
    assert whole(lightened(ACCOUNT)) == ACCOUNT


def test_it_has_nothing_that_an_account_has_not() -> None:
    with pytest.raises(AttributeError):
        _ = watched()[0].colour  # type: ignore[attr-defined]
