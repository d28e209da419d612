"""A key that has used its tokens up is refused on the deployed stack, and answered again when it was told."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.stack import LocalStack
from tests.stack.client import new_partner

pytestmark = pytest.mark.stack

EMPTY_FOR, WHOLE = timedelta(seconds=3), timedelta(seconds=2)
"""How long no token comes back, and the time in which a bucket of the default limit becomes full."""


def empty(stack: LocalStack, key_id: str, *, version: int) -> None:
    """Leave a key's bucket without tokens, as other processes would that are asked all the time."""
    full_at = (datetime.now(UTC) + EMPTY_FOR + WHOLE).isoformat(timespec="microseconds").replace("+00:00", "Z")
    row = {
        "id": {"S": f"requests#{key_id}"},
        "full_at": {"S": full_at},
        "version": {"N": str(version)},
        "expires_at": {"N": str(int(time.time()) + 3600)},
    }
    stack.deployed.dynamodb.put_item(TableName=stack.deployed.outputs["GuardsTable"], Item=row)


def test_a_key_without_tokens_is_refused_and_answered_again_when_it_was_told(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    others = new_partner(stack.base_url, stack.operator_key)
    key_id = partner.get("/v1/partner")["key_id"]

    for version in range(100, 200):  # each process lets a few through before it asks
        empty(stack, key_id, version=version)
        refused = partner.request("GET", "/v1/billing-profiles")
        if refused.status_code != 200:
            break

    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_requests"
    assert others.get("/v1/billing-profiles")["data"] == []
    time.sleep(int(refused.headers["Retry-After"]))
    assert partner.get("/v1/billing-profiles")["data"] == []
