"""Renewing, disabling and enabling over HTTP, and the history it leaves."""

from typing import Any

import pytest

from tests.functional.conftest import PLUS, SANDBOX, Partner

STARTER = PLUS | {"tier": "starter"}


def post(partner: Partner, account: dict[str, Any], action: str, body: Any = None, **headers: str) -> Any:
    return partner.post(f"/v1/accounts/{account['id']}/{action}", body, **headers)


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create()


def test_a_cancellation_is_taken_back_for_nothing(partner: Partner, account: Any) -> None:
    canceled = post(partner, account, "cancel").json
    assert (canceled["allowed_actions"], canceled["next_action"]) == (["renew"], "renew")
    previewed = post(partner, account, "renew?preview=true")
    assert (previewed.status, previewed.json["due_today"], previewed.json["price_per_cycle"]) == (200, 0, 4900)

    answer = post(partner, account, "renew", {"expect_due_today": 0}, Idempotency_Key="once")

    assert (answer.status, answer.json["status"], answer.json["next_action"]) == (200, "active", "login")
    assert answer.json["renews_at"] == account["renews_at"]
    assert len(partner.get(f"/v1/accounts/{account['id']}/invoices")["data"]) == 1
    again = post(partner, account, "renew", {"expect_due_today": 0}, Idempotency_Key="once")
    assert (again.json, again.headers["Idempotent-Replayed"]) == (answer.json, "true")
    refused = post(partner, account, "renew")
    assert (refused.status, refused.code, refused.json["account_status"]) == (409, "transition_refused", "active")
    assert refused.json["reason"] == "It is not canceled, so there is nothing to renew."


def test_an_archived_account_is_revived_and_charged_once(partner: Partner, account: Any) -> None:
    post(partner, account, "cancel")
    partner.api.forward(days=32)
    partner.api.run_schedules()
    expired = partner.get(f"/v1/accounts/{account['id']}")
    assert (expired["status"], expired["next_action"]) == ("expired", "change_plan")
    assert post(partner, account, "renew").json["allowed_actions"] == ["change_plan"]
    partner.api.forward(days=31)
    partner.api.run_schedules()
    archived = partner.get(f"/v1/accounts/{account['id']}")
    assert (archived["status"], archived["allowed_actions"]) == ("archived", ["change_plan", "renew"])
    wrong = post(partner, account, "renew", {"expect_due_today": 1})
    assert (wrong.status, wrong.code) == (409, "quote_changed")
    assert wrong.json["quote"] == post(partner, account, "renew?preview=true").json

    answer = post(partner, account, "renew", {"expect_due_today": 4900}, Idempotency_Key="once")

    assert (answer.status, answer.json["status"], answer.json["expires_at"]) == (200, "active", None)
    assert answer.json["current_period"]["start"] > account["current_period"]["end"]
    invoices = partner.get(f"/v1/accounts/{account['id']}/invoices")["data"]
    assert [invoice["total"] for invoice in invoices] == [4900, 4900]
    assert invoices[0]["period"] == answer.json["current_period"]
    partner.api.stream()
    history = partner.get(f"/v1/accounts/{account['id']}/events?type=account.revived")["data"]
    assert [event["before"]["status"] for event in history] == ["archived"]
    assert history[0]["actor"].startswith("api_key:")


def test_a_declined_revival_is_a_402_and_nothing_has_changed(partner: Partner) -> None:
    account = partner.create(billing_profile_id=partner.card("pm_card_declinedOnRenewal"))
    post(partner, account, "cancel")
    partner.api.forward(days=32)
    partner.api.run_schedules()
    partner.api.forward(days=31)
    partner.api.run_schedules()
    before = partner.ask("GET", f"/v1/accounts/{account['id']}")

    answer = post(partner, account, "renew")

    assert (answer.status, answer.code) == (402, "card_declined")
    assert partner.ask("GET", f"/v1/accounts/{account['id']}").text == before.text
    assert post(partner, account, "renew", {"billing_profile_id": "bp_x"}).faults.keys() == {"billing_profile_id"}
    assert post(partner, account, "renew", {"billing_profile_id": partner.card()}).status == 200


def test_disabled_with_a_message_and_enabled(partner: Partner, account: Any) -> None:
    log_in = {"account": account["name"], "username": "admin", "password": account["credentials"]["password"]}
    off = post(partner, account, "disable", {"message": "Please call us: 555-0100"})
    assert (off.status, off.json["status"], off.json["disabled_message"]) == (
        200,
        "disabled",
        "Please call us: 555-0100",
    )
    assert off.json["renews_at"] == account["renews_at"]
    assert post(partner, account, "disable").json["reason"] == "It is disabled already."
    shut_out = partner.api.ask("POST", "/public/login", log_in, key=None)
    assert (shut_out.status, shut_out.json["detail"]) == (409, "Please call us: 555-0100")

    on = post(partner, account, "enable")

    assert (on.status, on.json["status"], on.json["disabled_message"]) == (200, "active", None)
    assert partner.api.ask("POST", "/public/login", log_in, key=None).status == 200
    assert post(partner, account, "enable").code == "transition_refused"
    partner.api.stream()
    events = partner.get(f"/v1/accounts/{account['id']}/events")["data"]
    changes = {event["type"]: (event["before"], event["after"]) for event in events}
    assert changes["account.disabled"][1]["disabled_message"] == "Please call us: 555-0100"
    assert changes["account.enabled"][1]["status"] == "active"


def test_a_sandbox_stays_one(partner: Partner) -> None:
    sandbox = partner.create(plan=SANDBOX)

    answer = partner.ask("PUT", f"/v1/accounts/{sandbox['id']}/plan", {"plan": STARTER})

    assert (answer.status, answer.json["action"], answer.json["account_status"]) == (409, "change_plan", "active")
    assert "Create another account" in answer.json["reason"]


def test_what_is_fixed_at_creation_says_so(partner: Partner, account: Any) -> None:
    changes = {"name": "other", "country": "DE", "time_zone": "Europe/Berlin", "plan": STARTER, "nonsense": 1}

    answer = partner.ask("PATCH", f"/v1/accounts/{account['id']}", changes)

    assert answer.status == 422
    assert answer.faults.keys() == changes.keys()
    for field in ("name", "country", "time_zone"):
        assert answer.faults[field].startswith("is fixed when an account is created")
    assert "PUT /v1/accounts/{account_id}/plan" in answer.faults["plan"]
    assert answer.faults["nonsense"].startswith("is not known here")


def test_a_partner_cannot_delete_an_account(partner: Partner, account: Any) -> None:
    refused = partner.ask("DELETE", f"/v1/accounts/{account['id']}")

    assert (refused.status, refused.code) == (409, "transition_refused")
    assert (refused.json["account_status"], refused.json["action"]) == ("active", "delete")
    assert "cancel" in refused.json["allowed_actions"]
    assert partner.get(f"/v1/accounts/{account['id']}")["status"] == "active"
