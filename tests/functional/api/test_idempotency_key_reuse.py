"""An Idempotency-Key stands for one whole request for as long as what it made lives, not for a day only."""

from typing import Any

import pytest

from tests.functional.api.test_repeated_requests import forget_answers
from tests.functional.conftest import OPERATOR, PARTNER, PLUS, SANDBOX, TRIAL, Api, Partner

PRO = {**PLUS, "tier": "professional"}
ADDRESS = {"line1": "Main Street 1", "city": "Springfield", "postal_code": "12345", "country": "US"}
CARD = {"name": "Card", "payment_method": "pm_card_visa"}
WEBHOOK = {"url": "https://hooks.bright.example/in", "events": ["account.*"]}

# What is asked for, and for each field of the body another value.
OTHER_ACCOUNTS = {
    "name": "another",
    "client": {"name": "Somebody else", "email": "owner@acme.example"},
    "notification_email": "other@bright.example",
    "country": "DE",
    "language": "de",
    "time_zone": "Europe/Berlin",
    "plan": PRO,
    "billing_profile_id": "another card",
    "migrated": True,
    "metadata": {"team": "b"},
    "expect_due_today": 4900,
    "custom_domain": "crm.acme.example",
}


def is_refused(api: Api, path: str, body: Any, others: dict[str, Any], *, key: str) -> None:
    """Made once; the same again is the same; with any field another, it is refused."""
    first = api.ask("POST", path, body, key=key, Idempotency_Key="k1")
    assert first.status == 201, first.text
    for name, other in others.items():
        forget_answers()
        answer = api.ask("POST", path, body | {name: other}, key=key, Idempotency_Key="k1")
        assert (answer.status, answer.code) == (422, "idempotency_key_reused"), f"{path} with another {name}"
    forget_answers()
    again = api.ask("POST", path, body, key=key, Idempotency_Key="k1")
    assert again.status == 201, again.text
    assert again.json.get("id") == first.json.get("id")


def test_an_account(api: Api, partner: Partner) -> None:
    body = partner.wanted(plan=PLUS)
    others = OTHER_ACCOUNTS | {"billing_profile_id": partner.card()}

    is_refused(api, "/v1/accounts", body, others, key=partner.key)

    assert len(partner.get("/v1/accounts")["data"]) == 1


def test_an_account_that_was_changed_since_is_still_the_one_its_request_made(api: Api, partner: Partner) -> None:
    body = partner.wanted(plan=TRIAL)
    first = partner.post("/v1/accounts", body, Idempotency_Key="k1").json
    partner.ask("PATCH", f"/v1/accounts/{first['id']}", {"language": "de"})
    forget_answers()

    again = partner.post("/v1/accounts", body, Idempotency_Key="k1")

    assert (again.status, again.json["id"], again.json["language"]) == (201, first["id"], "de")


@pytest.mark.parametrize(
    ("path", "body", "others"),
    [
        pytest.param(
            "/v1/billing-profiles",
            CARD,
            {"name": "Other", "payment_method": "pm_card_mastercard", "address": ADDRESS, "default": True},
            id="a billing profile",
        ),
        pytest.param(
            "/v1/api-keys",
            {"name": "Till", "scopes": ["read"]},
            {"name": "Other", "scopes": ["read", "write"], "expires_at": "2090-01-01T00:00:00Z"},
            id="an API key",
        ),
        pytest.param(
            "/v1/webhooks",
            WEBHOOK,
            {"url": "https://other.bright.example/", "events": ["*"], "description": "Other"},
            id="a webhook",
        ),
        pytest.param(
            "/v1/transfers",
            {"direction": "in", "account": "acme", "owner_email": "owner@acme.example", "relationship": "referred"},
            {"account": "other", "owner_email": "other@acme.example"},
            id="a transfer",
        ),
        pytest.param(
            "/v1/views", {"name": "All"}, {"name": "Other", "filters": {"status": "active"}}, id="a saved view"
        ),
    ],
)
def test_whatever_a_partner_makes(api: Api, partner: Partner, path: str, body: Any, others: dict[str, Any]) -> None:
    is_refused(api, path, body, others, key=partner.key)


def test_a_key_that_was_to_end_is_not_the_one_of_a_request_that_names_no_end(api: Api, partner: Partner) -> None:
    body = {"name": "Till", "scopes": ["read"], "expires_at": "2099-01-01T01:00:00+01:00"}
    first = partner.post("/v1/api-keys", body, Idempotency_Key="k1")
    forget_answers()
    same = partner.post("/v1/api-keys", body | {"expires_at": "2099-01-01T00:00:00Z"}, Idempotency_Key="k1")
    forget_answers()
    other = partner.post("/v1/api-keys", body | {"expires_at": None}, Idempotency_Key="k1")

    assert (same.status, same.json["id"], same.json["key"]) == (201, first.json["id"], None)
    assert other.code == "idempotency_key_reused"


def test_a_partner(api: Api) -> None:
    others = {
        "name": "Other",
        "program": "solutions",
        "email": "other@bright.example",
        "country": "DE",
        "time_zone": "Europe/Berlin",
    }
    is_refused(api, "/v1/operator/partners", PARTNER, others, key=OPERATOR)


def test_whatever_is_made_for_an_account(api: Api, partner: Partner) -> None:
    account, other = partner.create(plan=SANDBOX)["id"], partner.create(plan=SANDBOX)["id"]
    template = {"name": "Hello", "subject": "Hi", "html": "<p>Hi</p>"}

    is_refused(
        api,
        f"/v1/accounts/{account}/templates",
        template,
        {"name": "Other", "subject": "Other", "html": "<p>Other</p>"},
        key=partner.key,
    )
    is_refused(
        api,
        "/v1/snapshots",
        {"account_id": account, "name": "Kept"},
        {"account_id": other, "name": "Other"},
        key=partner.key,
    )


def test_whatever_moves_money(api: Api, partner: Partner) -> None:
    card, other_card = partner.card(), partner.card()
    account, other = (partner.create(plan=PLUS, billing_profile_id=card)["id"] for _ in range(2))
    bought = {"billing_profile_id": card, "amount": 5000, "account_id": account}

    is_refused(
        api,
        "/v1/credits/prepaid/purchases",
        bought,
        {"billing_profile_id": other_card, "amount": 6000, "account_id": other},
        key=partner.key,
    )
    partner.buy(10_000)
    is_refused(
        api,
        "/v1/credits/prepaid/allocations",
        {"account_id": account, "amount": 100},
        {"account_id": other, "amount": 101},
        key=partner.key,
    )
    is_refused(
        api,
        "/v1/credits/sms/purchases",
        {"billing_profile_id": card, "quantity": 500},
        {"billing_profile_id": other_card, "quantity": 1000},
        key=partner.key,
    )
    invoice = partner.get("/v1/invoices")["data"][-1]["id"]
    is_refused(
        api,
        f"/v1/operator/partners/{partner.id}/invoices/{invoice}/refunds",
        {"amount": 100},
        {"amount": 101},
        key=OPERATOR,
    )
    is_refused(
        api, f"/v1/operator/partners/{partner.id}/credits/sms/grants", {"quantity": 5}, {"quantity": 6}, key=OPERATOR
    )
