"""How many requests to DynamoDB a request to the API costs, the authorizer's left out."""

from typing import Any

from tests.counting import requests_counted
from tests.functional.conftest import SANDBOX, TRIAL, Partner

READ = "BatchGetItem partners wallets accounts names"
READ_WITH_CARD = "BatchGetItem partners wallets accounts billing-profiles names"


def created(partner: Partner, *, key: str = "", **wanted: Any) -> list[str]:
    """What creating an account costs."""
    body = partner.wanted(**wanted)
    named = {"Idempotency_Key": key} if key else {}
    with requests_counted() as asked:
        answer = partner.post("/v1/accounts", body, **named)
    assert answer.status == 201
    return authorized(asked)


def authorized(asked: list[str]) -> list[str]:
    return [each for each in asked if "api-keys" not in each]


def test_an_account_paid_with_prepaid_money_costs_one_read_and_one_transaction(partner: Partner) -> None:
    card = partner.card()
    partner.buy(100_000)

    first = created(partner, billing_profile_id=card)
    second = created(partner, billing_profile_id=card)

    paid = "TransactWriteItems accounts ledger names wallets"
    assert first == [READ_WITH_CARD, "PutItem ledger", paid], "the parties, once for all its invoices"
    assert second == [READ_WITH_CARD, paid]


def test_an_account_paid_by_card_costs_one_more_transaction(partner: Partner) -> None:
    card = partner.card()
    partner.create(billing_profile_id=card)

    assert created(partner, billing_profile_id=card) == [
        READ_WITH_CARD,
        "TransactWriteItems billing-profiles accounts names",
        "TransactWriteItems accounts ledger wallets",
    ]


def test_an_account_that_costs_nothing_costs_as_little(partner: Partner) -> None:
    assert created(partner, plan=TRIAL) == [READ, "TransactWriteItems accounts names"]
    assert created(partner, plan=SANDBOX) == [READ, "TransactWriteItems accounts names"]


def test_an_idempotency_key_costs_two_more(partner: Partner) -> None:
    partner.create(plan=TRIAL)

    assert created(partner, key="k1", plan=TRIAL) == [
        "PutItem idempotency",
        READ,
        "TransactWriteItems accounts names",
        "UpdateItem idempotency",
    ]


def test_reading_accounts(partner: Partner) -> None:
    trial, paid = partner.create(plan=TRIAL), partner.create(billing_profile_id=partner.card())

    with requests_counted() as asked:
        partner.get(f"/v1/accounts/{trial['id']}")
        partner.get(f"/v1/accounts/{paid['id']}")

    assert authorized(asked) == ["GetItem accounts", "GetItem accounts", "BatchGetItem earnings"], "of one that paid"
