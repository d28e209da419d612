"""An account's months as a webhook on the deployed stack sees them: it fails, hangs and answers late (rules §11)."""

import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from infra.local.advance import move
from infra.local.clock import StackClock
from infra.local.stack import LocalStack
from tests.receiver import Request, receiver
from tests.stack.client import Client, new_partner

pytestmark = pytest.mark.stack

PATIENCE_SECONDS = 30


def test_every_event_of_an_accounts_months_arrives_under_its_id_and_none_elsewhere(stack: LocalStack) -> None:
    partner, stranger = (new_partner(stack.base_url, stack.operator_key) for _ in range(2))
    tries: Counter[str] = Counter()
    taken: list[str] = []
    trouble = {"account.created": _late, "account.renewal_upcoming": _fail, "account.renewed": _hang}

    def answer(request: Request) -> int | None:
        event = request.verified(webhook["secret"])
        tries[event["id"]] += 1
        misbehave = trouble.pop(event["type"], None)
        status = misbehave() if misbehave else 204
        taken.extend([event["id"]] if status == 204 else [])
        return status

    with receiver(answer) as here, receiver() as elsewhere:
        webhook = partner.post("/v1/webhooks", {"url": here.url})
        stranger.post("/v1/webhooks", {"url": elsewhere.url})
        card = partner.card()
        account = partner.post("/v1/accounts", partner.account_body("seen-by-a-webhook", billing_profile_id=card))
        stranger.post("/v1/accounts", stranger.account_body("unseen", billing_profile_id=stranger.card()))
        _wait(lambda: len(taken) >= 4)
        _go_on(stack, months=2)
        _deliver_all(stack, partner, webhook)

        told = {event["id"] for event in partner.all("/v1/events") if event["at"] >= webhook["created_at"]}
        assert set(tries) >= {event["id"] for event in partner.all(f"/v1/accounts/{account['id']}/events")}
        assert set(taken) >= told - _before(partner)
        assert not set(tries) - {event["id"] for event in partner.all("/v1/events")}
        assert sum(count > 1 for count in tries.values()) >= 2  # what failed and what hung came again
        assert trouble == {}
        foreign = {event["id"] for event in stranger.all("/v1/events")}
        assert set(elsewhere.event_ids()) <= foreign
        assert not foreign & set(tries)
        assert account["id"] not in str(elsewhere.requests)


def _go_on(stack: LocalStack, *, months: int) -> None:
    """Let months pass with one stop in each, not with one for each of its days."""
    for _ in range(months):
        clock = StackClock(stack.deployed)
        clock.move_to(clock.now() + timedelta(days=31))
        move(stack.deployed, days=0)


def _late() -> int:
    time.sleep(2)
    return 204


def _fail() -> int:
    return 500


def _hang() -> None:
    return None


def _before(partner: Client) -> set[str]:
    """What happened before the partner could have a webhook."""
    return {
        event["id"] for event in partner.all("/v1/events") if event["type"] in ("partner.created", "api_key.created")
    }


def _deliver_all(stack: LocalStack, partner: Client, webhook: Any) -> None:
    """Wait until nothing is on its way any more; the clock goes on meanwhile, for what is to be tried again."""

    def delivered() -> bool:
        move(stack.deployed, days=0)
        clock = StackClock(stack.deployed)
        clock.move_to(clock.now() + timedelta(minutes=2))
        found = partner.all(f"/v1/webhooks/{webhook['id']}/deliveries")
        return bool(found) and all(delivery["status"] == "delivered" for delivery in found)

    _wait(delivered)


def _wait(done: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)
