"""Who may log in, and who may use the product (docs/rules.md §3, §8, §9)."""

import pytest

from chalicelib.domain.accounts.accounts import Relationship, Status
from chalicelib.domain.clients.logins import LoginRefused, may_log_in, may_use, refuse_log_in
from tests.builders import make_account

OPEN = [Status.ACTIVE, Status.CANCELED]
CLOSED = [Status.DISABLED, Status.EXPIRED, Status.ARCHIVED]


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("payer", ["prt_1", "acct_1"])
def test_the_client_of_an_open_account_logs_in_and_uses_the_product(status: Status, payer: str) -> None:
    account = make_account(status=status, payer=payer)

    assert may_log_in(account)
    assert may_use(account)


@pytest.mark.parametrize("status", CLOSED)
@pytest.mark.parametrize("relationship", list(Relationship))
def test_a_client_who_pays_logs_in_to_a_closed_account_but_not_to_the_product(
    status: Status, relationship: Relationship
) -> None:
    account = make_account(status=status, payer="acct_1", relationship=relationship)

    refuse_log_in(account)
    assert may_log_in(account)
    assert not may_use(account)


@pytest.mark.parametrize("status", CLOSED)
def test_a_client_whose_partner_pays_does_not_log_in_to_a_closed_account(status: Status) -> None:
    with pytest.raises(LoginRefused) as refused:
        refuse_log_in(make_account(status=status))

    assert refused.value.extra["account_status"] == status


def test_nobody_logs_in_to_an_account_whose_first_charge_is_not_settled() -> None:
    assert not may_log_in(make_account(status=Status.PENDING, payer="acct_1"))
