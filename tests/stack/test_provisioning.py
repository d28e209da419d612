"""Accounts prepared and undone on the deployed stack: by its schedules, its worker and its rights."""

import pytest

from infra.local.advance import move
from infra.local.stack import LocalStack
from tests.stack.client import Client, new_partner

pytestmark = pytest.mark.stack

SANDBOX = {"pricing_version": "V1", "product": "EM", "tier": "sandbox"}


def test_one_account_is_built_from_a_snapshot_and_another_is_given_back(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    operator, card = Client(stack.base_url, stack.operator_key), partner.card()
    template = partner.post("/v1/accounts", partner.account_body("set-up-model", plan=SANDBOX))
    partner.request("PUT", f"/v1/accounts/{template['id']}/branding", {"product_name": "Bright Mail"})
    partner.post(f"/v1/accounts/{template['id']}/templates", {"name": "Welcome", "html": "<p>" + "x" * 99_990 + "</p>"})
    snapshot = partner.post("/v1/snapshots", {"account_id": template["id"], "name": "Shop"})

    built = partner.post(
        "/v1/accounts", partner.account_body("set-up-built", billing_profile_id=card, snapshot_id=snapshot["id"])
    )
    told = {"sandbox_provisioning": "pending"}
    failing = partner.post(
        "/v1/accounts", partner.account_body("set-up-failing", billing_profile_id=card, metadata=told)
    )
    path = f"/v1/operator/accounts/{failing['id']}/provisioning"
    answers = [operator.request("PUT", path, {"status": "failed", "reason": "No room."}) for _ in range(2)]
    other = operator.request("PUT", path, {"status": "ready"})
    move(stack.deployed, days=1)

    assert [answer.status_code for answer in (*answers, other)] == [200, 200, 409]
    assert partner.get(f"/v1/accounts/{built['id']}")["provisioning"] == "ready"
    assert [each["name"] for each in partner.all(f"/v1/accounts/{built['id']}/templates")] == ["Welcome"]
    assert partner.get(f"/v1/accounts/{built['id']}/branding")["product_name"] == "Bright Mail"
    assert partner.get(f"/v1/accounts/{failing['id']}")["status"] == "expired"
    refunds = [e for e in partner.all(f"/v1/accounts/{failing['id']}/events") if e["type"] == "invoice.refunded"]
    assert len(refunds) == 1
