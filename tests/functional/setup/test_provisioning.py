"""Provisioning over HTTP: what a partner sees, and what the platform may say (docs/rules.md §2)."""

from typing import Any

from tests.functional.conftest import OPERATOR, Api, Partner


def pending(partner: Partner) -> Any:
    return partner.create(metadata={"sandbox_provisioning": "pending"})


def say(api: Api, account: Any, body: Any, **options: Any) -> Any:
    path = f"/v1/operator/accounts/{account['id']}/provisioning"
    return api.ask("PUT", path, body, **{"key": OPERATOR} | options)


def test_the_platform_says_that_an_account_is_ready(api: Api, partner: Partner) -> None:
    account = pending(partner)
    (listed,) = partner.get("/v1/accounts")["data"]

    answer = say(api, account, {"status": "ready"})
    again = say(api, account, {"status": "ready"})
    other = say(api, account, {"status": "failed"})

    assert (account["provisioning"], listed["provisioning"]) == ("pending", "pending")
    assert (answer.status, answer.json["provisioning"], again.json) == (200, "ready", answer.json)
    assert (other.status, other.code, other.json["provisioning"]) == (409, "provisioning_answered", "ready")


def test_a_failed_account_ends_and_is_refunded_with_events(api: Api, partner: Partner) -> None:
    account = pending(partner)

    say(api, account, {"status": "failed", "reason": "No room."})
    api.run_schedules()
    api.stream()

    seen = partner.get(f"/v1/accounts/{account['id']}")
    assert (seen["status"], seen["provisioning"]) == ("expired", "failed")
    assert seen["allowed_actions"] == []
    (invoice,) = partner.get(f"/v1/accounts/{account['id']}/invoices")["data"]
    events = {event["type"]: event for event in partner.get(f"/v1/accounts/{account['id']}/events")["data"]}
    assert events["account.provisioning_failed"]["after"]["provisioning_reason"] == "No room."
    assert events["invoice.refunded"]["data"]["kind"] == "refund"
    assert invoice["status"] == "paid"
    assert partner.get(f"/v1/account-names/{account['name']}")["available"]


def test_only_an_operator_may_say_so_and_only_of_what_there_is(api: Api, partner: Partner) -> None:
    account = pending(partner)

    assert say(api, account, {"status": "ready"}, key=partner.key).code == "insufficient_scope"
    assert say(api, {"id": "acct_none"}, {"status": "ready"}).code == "not_found"
    assert say(api, account, {"status": "pending"}).faults.keys() == {"status"}
