"""Service requests on the deployed stack: its index and its rights."""

import pytest

from infra.local.stack import LocalStack
from tests.stack.client import TRIAL, Client, new_partner

pytestmark = pytest.mark.stack


def test_work_is_filed_quoted_and_listed(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    operator = Client(stack.base_url, stack.operator_key)
    account = partner.post("/v1/accounts", partner.account_body("wants-work", plan=TRIAL))
    work = {"account_id": account["id"], "kind": "design", "description": "Three mailings", "margin_percent": "25"}

    filed = partner.post("/v1/service-requests", work)
    quote = {"status": "quoted", "price": 40000}
    quoted = operator.request("PATCH", f"/v1/operator/service-requests/{filed['id']}", quote)

    assert quoted.status_code == 200, quoted.text
    (listed,) = partner.all("/v1/service-requests?status=quoted")
    assert (listed["id"], listed["client_price"]["amount"]) == (filed["id"], 50000)
