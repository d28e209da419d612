"""A franchise's contacts on the deployed stack: reports at once, and the stream that takes out accounts that end."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.stack import LocalStack
from tests.stack.client import Client, new_partner

pytestmark = pytest.mark.stack

CHILD = {
    "pricing_version": "Franchise",
    "product": "ACHQ",
    "tier": "standard",
    "contacts": 500,
    "billing_frequency": "annual",
}
PENDING = {"sandbox_provisioning": "pending"}


def test_reports_at_once_all_count_until_their_account_ends(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key, program="franchise")
    bodies = [partner.account_body(f"child-{n}", plan=CHILD, metadata=PENDING) for n in range(8)]
    ids = [partner.post("/v1/accounts", body)["id"] for body in bodies]

    def report(n: int) -> int:
        operator = Client(stack.base_url, stack.operator_key)
        answer = operator.request("PUT", f"/v1/operator/accounts/{ids[n]}/usage", {"active_contacts": 10**n})
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(report, range(8)))
    summed = _contacts(partner)
    failing = Client(stack.base_url, stack.operator_key).request(
        "PUT", f"/v1/operator/accounts/{ids[7]}/provisioning", {"status": "failed", "reason": "No room."}
    )

    assert statuses == [200] * 8
    assert summed == 11_111_111
    assert failing.status_code == 200, failing.text
    _wait_for(partner, 1_111_111)


def _contacts(partner: Client) -> int:
    used: int = partner.get("/v1/partner")["contacts"]["used"]
    return used


def _wait_for(partner: Client, contacts: int) -> None:
    """The stream's function comes by itself, in its own time."""
    for _ in range(120):
        if _contacts(partner) == contacts:
            return
        time.sleep(0.5)
    raise AssertionError(f"{_contacts(partner)} contacts are counted, not {contacts}")
