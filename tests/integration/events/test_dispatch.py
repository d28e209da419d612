"""New events on their way to the vendor's bus and to notices: all of them, in order, whoever refuses one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.config import settings
from chalicelib.domain.events import events as domain
from chalicelib.domain.events.events import Event
from chalicelib.gateways import event_bus, notice_queue
from chalicelib.models.events.events import EventRow
from chalicelib.services.events import dispatch

pytestmark = pytest.mark.usefixtures("aws")

START = datetime(2026, 12, 14, 6, 0, tzinfo=UTC)


def event(number: int, type: str = "account.renewal_upcoming", **overrides: Any) -> Event:
    fields: dict[str, Any] = {
        "id": f"evt_{number:026d}",
        "partner_id": "prt_1",
        "type": type,
        "at": START + timedelta(minutes=number),
        "actor": "schedule:renewals",
        "account_id": "acct_1",
        "data": {"account_id": "acct_1"},
    }
    return Event(**fields | overrides)


def image(told: Event) -> Any:
    return EventRow.of(told, partner_type=f"{told.partner_id}#{told.type}", expires_at=1).to_dynamodb_dict()


def queued() -> list[Event]:
    sqs, url = boto3.client("sqs"), settings().notices_queue_url
    found: list[Event] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [notice_queue.parse(message["Body"]) for message in batch]
    return found


class Bus:
    """An EventBridge that notes what it is given and refuses the events it is told to."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.entries: list[dict[str, Any]] = []
        self.calls = 0

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - boto3's word
        self.calls += 1
        self.entries += Entries
        ids = [json.loads(entry["Detail"])["id"] for entry in Entries]
        return {"Entries": [{"ErrorCode": "ThrottlingException"} if id in self.refused else {} for id in ids]}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus()
    monkeypatch.setattr(event_bus, "_eventbridge", lambda: made)
    return made


def test_every_event_goes_on_the_bus_as_the_api_shows_it(bus: Bus) -> None:
    told = [event(number) for number in range(23)]

    assert dispatch.dispatch_events([image(each) for each in told]) == told

    assert bus.calls == 3
    assert [json.loads(entry["Detail"]) for entry in bus.entries] == [
        {"partner_id": "prt_1", **domain.shown(each)} for each in told
    ]
    assert {(entry["Source"], entry["DetailType"], entry["EventBusName"]) for entry in bus.entries} == {
        ("sublet", "account.renewal_upcoming", "sublet-events")
    }


def test_big_events_are_put_in_requests_the_bus_takes(bus: Bus) -> None:
    told = [event(number, data={"text": "x" * 90_000}) for number in range(5)]

    assert dispatch.dispatch_events([image(each) for each in told]) == told

    assert bus.calls == 3


@pytest.mark.usefixtures("bus")
def test_big_events_are_queued_in_requests_the_queue_takes() -> None:
    told = [event(number, data={"text": "x" * 240_000}) for number in range(5)]

    assert dispatch.dispatch_events([image(each) for each in told]) == told

    assert sorted(queued(), key=lambda each: each.id) == told


def test_only_events_of_which_somebody_is_told_are_queued(bus: Bus) -> None:
    told = [event(1), event(2, "account.renewed"), event(3, "prepaid.used_up", account_id=None)]

    dispatch.dispatch_events([image(each) for each in told])

    assert sorted(queued(), key=lambda each: each.id) == [told[0], told[2]]


def test_from_the_first_event_on_that_the_bus_refuses_all_come_again(bus: Bus) -> None:
    told = [event(number) for number in range(15)]
    bus.refused = (told[12].id, told[7].id)

    assert dispatch.dispatch_events([image(each) for each in told]) == told[:7]


def test_what_the_queue_refuses_comes_again(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    class Queue:
        def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
            return {"Failed": [{"Id": "1"}]}

    monkeypatch.setattr(notice_queue, "_sqs", Queue)
    told = [event(1), event(2, "account.renewed"), event(3), event(4)]

    assert dispatch.dispatch_events([image(each) for each in told]) == told[:2]


def test_the_bus_of_the_stack_takes_an_event() -> None:
    assert event_bus.put([event(1)]) == set()
