"""Snapshots: kept, listed, built from, deleted (docs/rules.md §12)."""

from typing import Any

import pytest

from tests.functional.conftest import PLUS, SANDBOX, Api, Partner


def snapshot_of(partner: Partner, account: dict[str, Any], name: str = "Shop", **headers: str) -> Any:
    answer = partner.post("/v1/snapshots", {"account_id": account["id"], "name": name}, **headers)
    assert answer.status == 201, answer.text
    return answer.json


def test_a_real_account_is_built_from_a_sandboxs_snapshot(partner: Partner) -> None:
    made = snapshot_of(partner, partner.create(plan=SANDBOX))
    body = partner.wanted(snapshot_id=made["id"])

    built = partner.post("/v1/accounts", body)

    assert (built.status, built.json["plan"]["tier"]) == (201, "plus"), built.text
    assert built.json["plan"]["limits"]["email_sends"] == 10000
    assert partner.get(f"/v1/snapshots/{made['id']}") == made


def test_without_a_plan_another_sandbox_is_built(partner: Partner) -> None:
    made = snapshot_of(partner, partner.create(plan=SANDBOX))
    body = partner.wanted(snapshot_id=made["id"], plan=SANDBOX)
    del body["plan"]

    built = partner.post("/v1/accounts", body)

    assert (built.status, built.json["plan"]) == (201, made["plan"]), built.text
    assert partner.post("/v1/accounts", body | {"snapshot_id": None, "name": "other"}).faults == {
        "plan": "is needed without a snapshot"
    }


def test_a_snapshot_that_is_not_mine_is_one_fault_among_the_others(api: Api, partner: Partner) -> None:
    stranger = api.partner()
    theirs = snapshot_of(stranger, stranger.create(plan=SANDBOX))
    body = partner.wanted(snapshot_id=theirs["id"], country="XX")
    del body["plan"]

    assert partner.post("/v1/accounts", body).faults.keys() == {"snapshot_id", "country"}


def test_the_program_says_of_which_accounts_snapshots_are_made(partner: Partner) -> None:
    paid = partner.create()

    refused = partner.post("/v1/snapshots", {"account_id": paid["id"], "name": "Shop"})

    assert (refused.status, refused.code) == (409, "no_snapshot_of_this_kind")
    assert refused.json["snapshot_kinds"] == partner.get("/v1/program")["snapshot_kinds"] == ["sandbox"]


def test_solutions_build_a_paid_account_from_a_paid_one(api: Api) -> None:
    partner = api.partner(program="solutions")
    standard = {"pricing_version": "S1", "product": "email", "tier": "standard", "contacts": 1000}
    account = partner.create(plan=standard | {"billing_frequency": "monthly", "add_ons": ["sms"]})
    body = partner.wanted(snapshot_id=snapshot_of(partner, account)["id"])
    del body["plan"]

    built = partner.post("/v1/accounts", body)

    assert (built.status, built.json["plan"]) == (201, account["plan"]), built.text


def test_a_name_is_taken_once_and_free_again_when_deleted(partner: Partner) -> None:
    sandbox = partner.create(plan=SANDBOX)
    made = snapshot_of(partner, sandbox, "Shop")
    built = partner.create(snapshot_id=made["id"], plan=SANDBOX)

    refused = partner.post("/v1/snapshots", {"account_id": sandbox["id"], "name": "shop"})
    deleted = partner.ask("DELETE", f"/v1/snapshots/{made['id']}")

    assert (refused.code, refused.json["id"]) == ("name_in_use", made["id"])
    assert deleted.status == 204
    assert partner.ask("GET", f"/v1/snapshots/{made['id']}").code == "not_found"
    assert partner.ask("DELETE", f"/v1/snapshots/{made['id']}").code == "not_found"
    assert partner.post("/v1/accounts", partner.wanted(plan=PLUS, snapshot_id=made["id"])).faults.keys() == {
        "snapshot_id"
    }
    assert partner.get(f"/v1/accounts/{built['id']}")["plan"] == built["plan"]
    assert snapshot_of(partner, sandbox, "SHOP")["id"] != made["id"]


def test_the_same_request_makes_one_snapshot(api: Api, partner: Partner) -> None:
    sandbox = partner.create(plan=SANDBOX)
    first = snapshot_of(partner, sandbox, Idempotency_Key="k1")
    api.forward(hours=25)

    again = snapshot_of(partner, sandbox, Idempotency_Key="k1")
    other = partner.post("/v1/snapshots", {"account_id": sandbox["id"], "name": "Other"}, Idempotency_Key="k2")
    reused = partner.post("/v1/snapshots", {"account_id": sandbox["id"], "name": "Third"}, Idempotency_Key="k2")

    assert again == first
    assert (other.status, reused.code) == (201, "idempotency_key_reused")


def test_the_list_goes_on_where_a_page_ended_though_one_was_deleted(partner: Partner) -> None:
    sandbox = partner.create(plan=SANDBOX)
    ids = sorted(snapshot_of(partner, sandbox, f"No. {number}")["id"] for number in range(5))

    page = partner.get("/v1/snapshots?limit=2")
    partner.ask("DELETE", f"/v1/snapshots/{page['data'][-1]['id']}")
    rest = partner.get(f"/v1/snapshots?limit=3&cursor={page['next_cursor']}")

    assert [each["id"] for each in page["data"] + rest["data"]] == ids
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("event", ["snapshot.created", "snapshot.deleted"])
def test_it_is_an_event(api: Api, partner: Partner, event: str) -> None:
    made = snapshot_of(partner, partner.create(plan=SANDBOX))
    partner.ask("DELETE", f"/v1/snapshots/{made['id']}")
    api.stream()

    (found,) = [each for each in partner.get("/v1/events")["data"] if each["type"] == event]

    assert found["data"] == {"snapshot_id": made["id"], "name": "Shop", "account_id": made["account_id"]}
