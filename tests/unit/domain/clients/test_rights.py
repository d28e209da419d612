"""What a client may see to itself (docs/rules.md §9)."""

from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.clients.rights import NotYoursToChange, Right, refuse_without, rights
from tests.builders import make_account

PARTNERS = {"payer": "prt_1", "relationship": Relationship.MANAGED}
MANAGED = {"payer": "acct_1", "relationship": Relationship.MANAGED}
REFERRED = {"payer": "acct_1", "relationship": Relationship.REFERRED}


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        pytest.param(PARTNERS, set(), id="its partner pays"),
        pytest.param(MANAGED, {Right.PAYMENT}, id="managed, and the client pays"),
        pytest.param(REFERRED, {Right.PAYMENT, Right.SUBSCRIPTION}, id="referred"),
    ],
)
def test_who_pays_sees_to_the_payment_and_without_a_manager_to_everything(
    account: dict[str, Any], expected: set[Right]
) -> None:
    assert rights(make_account(**account)) == expected


@pytest.mark.parametrize(
    ("account", "right", "words"),
    [
        pytest.param(PARTNERS, Right.PAYMENT, "pays for this account", id="its partner pays: payment"),
        pytest.param(PARTNERS, Right.SUBSCRIPTION, "pays for this account", id="its partner pays: subscription"),
        pytest.param(MANAGED, Right.SUBSCRIPTION, "manages this account", id="managed: subscription"),
    ],
)
def test_the_refusal_says_who_decides_instead(account: dict[str, Any], right: Right, words: str) -> None:
    with pytest.raises(NotYoursToChange, match=words) as refused:
        refuse_without(make_account(**account), right)

    assert refused.value.code == "not_yours_to_change"
