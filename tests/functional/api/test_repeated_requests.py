"""A repeated request is carried out once, also when its first answer is long forgotten."""

from typing import Any

import boto3
import pytest

from tests.functional.conftest import OPERATOR, PARTNER, PLUS, TRIAL, Api, Partner, table_rows


def forget_answers() -> None:
    """Delete what is kept for repetitions, as time does."""
    table = boto3.resource("dynamodb").Table("sublet-idempotency")
    for item in table.scan()["Items"]:
        table.delete_item(Key={"id": item["id"]})


def charges() -> int:
    """How many keys the card processor was ever asked under."""
    return len([row for row in table_rows()["sublet-sandbox"] if row["id"]["S"].startswith("key#")])


def test_a_repeated_create_gets_the_same_answer_without_the_password(partner: Partner) -> None:
    body = partner.wanted()
    first = partner.post("/v1/accounts", body, Idempotency_Key="k1")
    again = partner.post("/v1/accounts", body, Idempotency_Key="k1")

    assert (first.status, again.status) == (201, 201)
    assert first.json["credentials"]["password"]
    assert again.json == {**first.json, "credentials": {**first.json["credentials"], "password": None}}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert (charges(), len(partner.get("/v1/invoices")["data"])) == (1, 1)


def test_the_same_key_with_another_body_is_refused(partner: Partner) -> None:
    body = partner.wanted(plan=TRIAL)
    partner.post("/v1/accounts", body, Idempotency_Key="k1")

    answer = partner.post("/v1/accounts", body | {"language": "de"}, Idempotency_Key="k1")

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert len(partner.get("/v1/accounts")["data"]) == 1


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_timeout"])
def test_a_create_whose_answer_is_forgotten_finds_its_account(partner: Partner, card: str) -> None:
    body = partner.wanted(billing_profile_id=partner.card(card))
    first = partner.post("/v1/accounts", body, Idempotency_Key="k1").json
    forget_answers()

    again = partner.post("/v1/accounts", body, Idempotency_Key="k1")

    assert again.status == 201
    assert again.json == {**first, "credentials": {**first["credentials"], "password": None}}
    assert (charges(), len(partner.get("/v1/invoices")["data"]), len(partner.get("/v1/accounts")["data"])) == (1, 1, 1)


def test_a_forgotten_key_makes_nothing_else(partner: Partner) -> None:
    body = partner.wanted(plan=TRIAL)
    partner.post("/v1/accounts", body, Idempotency_Key="k1")
    forget_answers()

    answer = partner.post("/v1/accounts", body | {"name": "another"}, Idempotency_Key="k1")

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_a_purchase_whose_answer_is_forgotten_is_not_made_again(partner: Partner) -> None:
    body = {"billing_profile_id": partner.card(), "amount": 5000}
    first = partner.post("/v1/credits/prepaid/purchases", body, Idempotency_Key="k1").json
    forget_answers()

    again = partner.post("/v1/credits/prepaid/purchases", body, Idempotency_Key="k1")
    other = partner.post("/v1/credits/prepaid/purchases", body | {"amount": 6000}, Idempotency_Key="k1")

    assert (again.status, again.json) == (201, first)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert (charges(), partner.get("/v1/credits")["prepaid"]["balance"]) == (1, 5000)


def test_a_decline_stays_one_when_prepaid_money_changes_the_amount(partner: Partner) -> None:
    body = partner.wanted(billing_profile_id=partner.card("pm_card_chargeDeclined"))
    assert partner.post("/v1/accounts", body, Idempotency_Key="k1").status == 402
    assert partner.post("/v1/accounts", body, Idempotency_Key="k1").headers["Idempotent-Replayed"] == "true"
    forget_answers()
    partner.buy(1000)

    again = partner.post("/v1/accounts", body, Idempotency_Key="k1")

    assert (again.status, again.code) == (402, "card_declined")
    assert partner.get("/v1/accounts")["data"] == []
    assert partner.get("/v1/credits")["prepaid"]["balance"] == 1000


def test_a_partner_and_a_key_are_made_once_and_shown_once(api: Api, partner: Partner) -> None:
    cases: list[tuple[str, Any, str, str]] = [
        ("/v1/operator/partners", PARTNER, OPERATOR, "sublet-partners"),
        ("/v1/api-keys", {"name": "Till", "scopes": ["read"]}, partner.key, "sublet-api-keys"),
        ("/v1/billing-profiles", {"name": "Card", "payment_method": "pm_card_visa"}, partner.key, ""),
    ]
    for path, body, key, _ in cases:
        first = api.ask("POST", path, body, key=key, Idempotency_Key="k1")
        kept = api.ask("POST", path, body, key=key, Idempotency_Key="k1")
        forget_answers()
        forgotten = api.ask("POST", path, body, key=key, Idempotency_Key="k1")

        assert (first.status, kept.status, forgotten.status) == (201, 201, 201)
        assert first.json["id"] == kept.json["id"] == forgotten.json["id"]
        assert "sk_" not in kept.text + forgotten.text


def test_a_refusal_that_may_pass_is_not_kept(partner: Partner) -> None:
    body = partner.wanted(plan=TRIAL, name="acme", expect_due_today=5)
    assert partner.post("/v1/accounts", body, Idempotency_Key="k1").status == 409

    answer = partner.post("/v1/accounts", body | {"expect_due_today": 0}, Idempotency_Key="k1")

    assert answer.status == 201


def test_reading_knows_no_repetition(partner: Partner) -> None:
    before = partner.ask("GET", "/v1/accounts", Idempotency_Key="k1")
    partner.create(plan=TRIAL)
    after = partner.ask("GET", "/v1/accounts", Idempotency_Key="k1")

    assert (len(before.json["data"]), len(after.json["data"])) == (0, 1)
    assert "Idempotent-Replayed" not in after.headers
    assert table_rows()["sublet-idempotency"] == []


def test_a_key_ends_after_a_day(api: Api, partner: Partner) -> None:
    body = {"plan": PLUS}
    partner.post("/v1/quotes", body, Idempotency_Key="k1")
    assert partner.post("/v1/quotes", body, Idempotency_Key="k1").headers["Idempotent-Replayed"] == "true"

    api.forward(days=1)

    assert "Idempotent-Replayed" not in partner.post("/v1/quotes", body, Idempotency_Key="k1").headers
