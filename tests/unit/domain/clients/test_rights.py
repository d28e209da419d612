"""What a client may see to itself (docs/rules.md §9)."""

from datetime import date
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Overdue, PaymentState, Relationship
from chalicelib.domain.accounts.actions import Action
from chalicelib.domain.calendar import Period
from chalicelib.domain.clients.rights import NotYoursToChange, Right, allowed_actions, refuse_without, rights
from tests.builders import NO_DISCOUNT, NOW, make_account, usd

PARTNERS = {"payer": "prt_1", "relationship": Relationship.MANAGED}
MANAGED = {"payer": "acct_1", "relationship": Relationship.MANAGED}
REFERRED = {"payer": "acct_1", "relationship": Relationship.REFERRED}
UNPAID = {
    "payment_state": PaymentState.PAST_DUE,
    "overdue": Overdue(
        invoice_id="inv_1",
        period=Period(start=date(2026, 2, 28), end=date(2026, 3, 31)),
        total=usd(4900),
        price=usd(4900),
        terms=NO_DISCOUNT,
        first_declined_at=NOW,
    ),
}


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


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        pytest.param(REFERRED, (Action.CHANGE_PLAN, Action.CANCEL), id="referred"),
        pytest.param(REFERRED | UNPAID, (Action.CANCEL, Action.RETRY_PAYMENT), id="referred, past due"),
        pytest.param(MANAGED, (), id="managed"),
        pytest.param(MANAGED | UNPAID, (Action.RETRY_PAYMENT,), id="managed, past due"),
        pytest.param(PARTNERS | UNPAID, (), id="its partner pays"),
    ],
)
def test_a_client_is_offered_what_it_may_do_now(account: dict[str, Any], expected: tuple[Action, ...]) -> None:
    assert allowed_actions(make_account(**account), now=NOW) == expected
