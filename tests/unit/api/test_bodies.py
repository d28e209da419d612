"""What the bodies show as examples is what they take, and what they say of partial bodies is said at once."""

import json
from typing import Any

import pytest

import app
from chalicelib.api.base import Body
from chalicelib.api.bodies.accounts.requests import CreateAccount
from chalicelib.api.bodies.wallet.prepaid import Balances
from chalicelib.api.declared import declared_routes
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.wallets import empty

ROUTES = declared_routes(app.app).values()
BODIES = sorted({route.body for route in ROUTES if route.body is not None}, key=lambda body: body.__name__)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_an_example_is_a_body_it_takes(body: type[Body]) -> None:
    schema = body.model_json_schema()
    examples: list[dict[str, Any]] = [*schema.get("examples", []), *([body.example] if body.example else [])]

    for example in examples:
        body.model_validate_json(json.dumps(example))


def test_a_body_held_against_rules_though_it_has_faults_needs_an_example() -> None:
    for route in ROUTES:
        assert route.rules is None or (route.body is not None and route.body.example)


def test_a_name_too_long_is_left_to_the_rules_so_that_all_faults_come_at_once() -> None:
    assert CreateAccount.model_validate_json(json.dumps({**CreateAccount.example, "name": "a" * 64}))


def test_balances_show_every_kind_of_credit() -> None:
    shown = Balances.of(empty(payer="prt_1", currency="USD"), [("acct_1", Money(5, "USD"))]).model_dump()

    assert shown == {
        "prepaid": {"balance": 0, "currency": "USD", "set_aside": [{"account_id": "acct_1", "amount": 5}]},
        "sms": {"balance": 0},
        "inbox_preview": {"balance": 0},
    }
