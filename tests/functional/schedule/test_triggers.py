"""Schedules, queue and streams: each function is invoked with the event AWS would send it."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from chalice.local import LambdaContext

from chalicelib.config import settings
from chalicelib.gateways import due_queue, sandbox_mail
from chalicelib.gateways.due_queue import Due
from chalicelib.services.charging import cards
from chalicelib.services.events import dispatch
from tests.functional.conftest import SANDBOX, SCHEDULED, TRIAL, Api, Partner, record, table_rows

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
REMINDER = datetime(2026, 12, 14, 6, 0, 1, tzinfo=UTC)
RENEWAL = datetime(2026, 12, 21, 6, 0, 1, tzinfo=UTC)


@pytest.fixture
def api(api: Api) -> Api:
    api.at(NOW)
    return api


def due(partner: Partner, *accounts: str, id: str) -> dict[str, Any]:
    return record(Due(partner.id, accounts, sweep="renewals", run="run_1").body(), group=partner.id, id=id)


def invoices(partner: Partner) -> list[str]:
    return sorted(invoice["number"] for invoice in partner.get("/v1/invoices")["data"])


def break_account(account_id: str) -> None:
    """Make an account's row unreadable."""
    boto3.resource("dynamodb").Table("sublet-accounts").update_item(
        Key={"id": account_id},
        UpdateExpression="SET #period = :nonsense",
        ExpressionAttributeNames={"#period": "period"},
        ExpressionAttributeValues={":nonsense": "the day after tomorrow"},
    )


class TestSchedules:
    def test_a_paid_account_renews_on_its_day(self, api: Api, partner: Partner) -> None:
        account = partner.create()

        api.at(datetime(2026, 12, 21, 5, 58, tzinfo=UTC))  # the clock goes on while the schedules run
        api.run_schedules()
        assert invoices(partner) == ["000001"]

        api.at(RENEWAL)
        api.run_schedules()
        assert invoices(partner) == ["000001", "000002"]
        renewed = partner.get(f"/v1/accounts/{account['id']}")
        assert renewed["current_period"] == {"start": "2026-12-21", "end": "2027-01-21"}
        assert renewed["renews_at"] == "2027-01-21T06:00:00Z"

    def test_a_trial_ends_after_its_days(self, api: Api, partner: Partner) -> None:
        trial, sandbox = partner.create(plan=TRIAL), partner.create(plan=SANDBOX)

        api.at(datetime(2026, 12, 5, 6, 0, 1, tzinfo=UTC))
        api.run_schedules()

        assert partner.get(f"/v1/accounts/{trial['id']}")["status"] == "expired"
        assert partner.get(f"/v1/accounts/{sandbox['id']}")["status"] == "active"

    def test_prepaid_money_is_watched_every_morning(self, api: Api, partner: Partner) -> None:
        account = partner.create()
        partner.buy(1000)

        for day in (22, 23):
            api.at(datetime(2026, 11, day, 12, 0, 1, tzinfo=UTC))
            api.run_schedules()
        api.stream()

        (event,) = partner.get("/v1/events?type=prepaid.running_out")["data"]
        assert event["data"] == {"date": "2026-12-21", "account_id": account["id"], "balance": 1000, "currency": "USD"}
        assert event["actor"].startswith("schedule:")

    def test_a_sweep_twice_at_once_renews_once(self, api: Api, partner: Partner) -> None:
        for _ in range(3):
            partner.create()
        api.at(REMINDER)
        api.run_schedules()
        api.at(RENEWAL)

        found = [api.invoke("sweep_renewals"), api.invoke("sweep_renewals")]
        messages = api.queued()

        assert found == [{"renewals": 3}, {"renewals": 3}]
        assert api.work(*messages) == {"batchItemFailures": []}
        assert invoices(partner) == [f"{number:06d}" for number in range(1, 7)]

    def test_a_sweep_out_of_time_goes_on_at_its_next_runs(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        partners = [api.partner() for _ in range(2)]
        for partner in partners:
            for _ in range(2):
                partner.create()
        api.at(RENEWAL)
        monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _: 9_999)

        found = [api.invoke("sweep_renewals")["renewals"] for _ in range(5)]

        assert found[:4] == [1, 1, 1, 1]
        monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _: 120_000)
        for message in api.queued():
            assert api.work(message) == {"batchItemFailures": []}
        assert [invoices(partner) for partner in partners] == [["000001", "000002", "000003", "000004"]] * 2

    def test_healing_sends_again_what_a_lost_message_was_about(self, api: Api, partner: Partner) -> None:
        partner.create()
        api.at(RENEWAL)
        api.run_schedules()
        partner.create()
        api.at(datetime(2027, 1, 21, 6, 0, 1, tzinfo=UTC))
        api.invoke("sweep_renewals")
        assert api.queued()  # and lost
        api.forward(minutes=10)
        assert api.invoke("sweep_renewals") == {"renewals": 0}

        healed = api.invoke("heal")

        assert healed["renewals"] == 2
        for message in api.queued():
            api.work(message)
        assert invoices(partner) == ["000001", "000002", "000003", "000004", "000005"]

    def test_healing_sends_again_what_a_lost_message_was_to_deliver(self, api: Api, partner: Partner) -> None:
        partner.post("/v1/webhooks", {"url": "https://hooks.agency.example/"})
        partner.create(plan=TRIAL)
        api.stream()
        assert api.queued(settings().deliveries_queue_url)  # and lost
        api.forward(hours=1)

        assert api.invoke("heal")["deliveries"] > 0
        assert api.queued(settings().deliveries_queue_url)

    def test_what_has_nothing_to_do_does_nothing(self, api: Api, partner: Partner) -> None:
        for schedule in ("sweep_renewals", "sweep_trials", "sweep_prepaid", "heal"):
            assert set(api.invoke(schedule).values()) == {0}
        assert api.queued() == []


class TestQueue:
    def test_a_poisoned_message_holds_its_payers_later_ones_and_nobody_elses(self, api: Api) -> None:
        poisoned, healthy = api.partner(), api.partner()
        waiting, renewed = poisoned.create(), healthy.create()
        api.at(RENEWAL)

        answer = api.work(
            record("{not json", group=poisoned.id, id="m1"),
            due(healthy, renewed["id"], id="m2"),
            due(poisoned, waiting["id"], id="m3"),
        )

        assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}
        assert invoices(healthy) == ["000001", "000002"]
        assert invoices(poisoned) == ["000001"]
        assert api.work(due(poisoned, waiting["id"], id="m3")) == {"batchItemFailures": []}
        assert invoices(poisoned) == ["000001", "000002"]

    def test_an_account_that_breaks_the_worker_is_parked(self, api: Api, partner: Partner) -> None:
        broken, sound = partner.create(), partner.create()
        api.at(RENEWAL)
        break_account(broken["id"])

        answer = api.work(due(partner, broken["id"], sound["id"], id="m1"))

        assert answer == {"batchItemFailures": []}
        assert invoices(partner) == ["000001", "000002", "000003"]
        assert api.invoke("heal")["renewals"] == 0

    def test_a_broken_account_alone_in_its_message_is_parked_as_well(self, api: Api, partner: Partner) -> None:
        broken = partner.create()
        api.at(RENEWAL)
        break_account(broken["id"])

        answer = api.work(due(partner, broken["id"], id="m1"))

        assert answer == {"batchItemFailures": []}
        assert api.invoke("heal")["renewals"] == 0

    def test_a_message_delivered_again_charges_nothing(self, api: Api, partner: Partner) -> None:
        account = partner.create()
        api.at(RENEWAL)

        for id in ("m1", "m1", "m2"):
            assert api.work(due(partner, account["id"], id=id)) == {"batchItemFailures": []}

        assert invoices(partner) == ["000001", "000002"]

    def test_short_of_time_nothing_more_is_begun_and_the_rest_is_given_back_at_once(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        partners = [api.partner() for _ in range(2)]
        accounts = [(partner, partner.create()["id"]) for partner in partners for _ in range(2)]
        api.at(RENEWAL)
        given_back: list[str] = []
        monkeypatch.setattr(due_queue, "give_back", given_back.extend)
        messages = [due(partner, account, id=f"m{n}") for n, (partner, account) in enumerate(accounts)]
        asked: list[int] = []

        while messages:
            cards_asked = _time_for_cards(monkeypatch, 1)
            answer = api.work(*messages)
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            messages = [message for message in messages if message["messageId"] in failed]
            asked.append(cards_asked())
            assert given_back == [message["receiptHandle"] for message in messages]
            given_back.clear()

        assert asked == [1, 1, 1, 1]
        assert [invoices(partner) for partner in partners] == [["000001", "000002", "000003", "000004"]] * 2

    def test_out_of_time_in_the_middle_of_a_message_the_cards_not_asked_stay_frozen_and_are_asked_once(
        self, api: Api, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accounts = [partner.create()["id"] for _ in range(3)]
        api.at(RENEWAL)
        asked = _time_for_cards(monkeypatch, 1)

        api.work(due(partner, *accounts, id="m1"))

        assert asked() == 1
        assert len(invoices(partner)) == 4
        monkeypatch.undo()
        monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _: 120_000)
        api.forward(minutes=3)
        api.run_schedules()
        assert len(invoices(partner)) == 6
        assert len(table_rows()["sublet-sandbox"]) == len({row["id"]["S"] for row in table_rows()["sublet-sandbox"]})

    def test_a_message_that_cannot_be_given_back_comes_again_by_itself(
        self, api: Api, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = partner.create()
        api.at(RENEWAL)
        monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _: 59_999)

        answer = api.work(due(partner, account["id"], id="m1"))

        assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
        assert invoices(partner) == ["000001"]

    @pytest.mark.parametrize("subject", ["acct_gone", "txn_gone", "something else"])
    def test_what_is_not_there_any_more_is_no_failure(self, api: Api, partner: Partner, subject: str) -> None:
        assert api.work(due(partner, subject, id="m1")) == {"batchItemFailures": []}


class TestStreams:
    def test_changes_that_arrive_twice_and_in_any_order_are_the_same_events(self, api: Api, partner: Partner) -> None:
        account = partner.create()
        partner.buy(5000)
        partner.post(f"/v1/accounts/{account['id']}/cancel")
        changes = api.stream()
        once = table_rows()["sublet-events"]

        random.Random(7).shuffle(changes)
        api.invoke("publish_changes", {"Records": changes + changes})

        assert _by_id(table_rows()["sublet-events"]) == _by_id(once)
        types = [event["type"]["S"] for event in once]
        assert sorted(types) == sorted(
            [
                "account.canceled",
                "account.created",
                "api_key.created",
                "billing_profile.created",
                "billing_profile.created",
                "invoice.paid",
                "partner.created",
                "prepaid.purchased",
            ]
        )

    def test_what_is_not_published_makes_no_event(self, api: Api, partner: Partner) -> None:
        api.stream()
        partner.get("/v1/partner")  # a key is used
        declined = partner.wanted(billing_profile_id=partner.card("pm_card_chargeDeclined"))
        partner.post("/v1/accounts", declined)
        api.stream()

        assert {event["type"] for event in partner.get("/v1/events")["data"]} == {
            "partner.created",
            "api_key.created",
            "billing_profile.created",
        }

    def test_what_was_deleted_makes_no_event(self, api: Api, partner: Partner) -> None:
        (made,) = [c for c in api.changes() if "sublet-partners" in c["eventSourceARN"]]
        image = made["dynamodb"]
        gone = {
            **made,
            "eventName": "REMOVE",
            "dynamodb": {"OldImage": image["NewImage"], "SequenceNumber": image["SequenceNumber"]},
        }

        assert api.invoke("publish_changes", {"Records": [gone]}) == {"events": 0}


class TestEvents:
    """The event log's own stream: new entries are spread, what expires is not."""

    @pytest.fixture
    def added(self, api: Api, partner: Partner) -> list[dict[str, Any]]:
        partner.card()
        api.invoke("publish_changes", {"Records": api.changes()})
        return api.changes()

    def test_from_the_first_event_on_that_somebody_refused_all_are_asked_for_again(
        self, api: Api, added: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatch, "_channels", lambda: (lambda events: {events[1].id, events[2].id},))

        answer = api.invoke("spread_events", {"Records": added})

        assert len(added) == 3
        assert answer == {"batchItemFailures": [{"itemIdentifier": added[1]["dynamodb"]["SequenceNumber"]}]}

    @pytest.mark.parametrize("name", ["REMOVE", "MODIFY"])
    def test_an_entry_that_expires_or_is_written_over_by_itself_is_not_published(
        self, api: Api, added: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        sent: list[str] = []
        monkeypatch.setattr(dispatch, "_channels", lambda: (lambda events: sent.extend(e.id for e in events) or set(),))
        expired = {**added[1], "eventName": name}

        assert api.invoke("spread_events", {"Records": [added[0], expired, added[2]]}) == {"batchItemFailures": []}

        assert sent == [record["dynamodb"]["NewImage"]["id"]["S"] for record in (added[0], added[2])]


def _time_for_cards(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[[], int]:
    """Let a worker's time be up once that many cards were asked; returns what counts them."""
    asked: list[str] = []
    real = cards.ask_card
    monkeypatch.setattr(
        cards, "ask_card", lambda intent, *a, **k: (asked.append(intent.subject), real(intent, *a, **k))[1]
    )
    monkeypatch.setattr(cards, "_card_pool", lambda: _OneByOne())
    left = lambda _: 120_000 if len(asked) < number else 59_999  # noqa: E731
    monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", left)
    return lambda: len(asked)


class _OneByOne:
    """A pool without threads."""

    map = staticmethod(map)


class TestNotices:
    """The queue of notices, and what SES reports of the mails."""

    def test_a_notice_that_fails_comes_again_and_holds_up_no_other(self, api: Api, partner: Partner) -> None:
        partner.create()
        api.at(REMINDER)
        api.run_schedules()
        api.stream()
        (reminder,) = queued_notices()

        answer = api.invoke(
            "send_notices", {"Records": [message("{not json", "m1"), message(reminder, "m2"), message("{}", "m3")]}
        )

        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        assert failed == ["m1", "m3"]
        assert [mail.subject for mail in sandbox_mail.kept()] == ["acme-1 renews on 21 December 2026"]

    def test_an_address_that_bounced_is_in_the_partners_log(self, api: Api, partner: Partner) -> None:
        report = {
            "eventType": "Bounce",
            "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "gone@bright.example"}]},
            "mail": {"messageId": "1", "tags": {"partner": [partner.id]}},
        }

        assert api.invoke("suppress_addresses", {**SCHEDULED, "detail": report}) == {"suppressed": 1}
        api.stream()

        (event,) = partner.get("/v1/events?type=notice.bounced")["data"]
        assert event["data"]["address"] == "gone@bright.example"


def queued_notices() -> list[str]:
    found = boto3.client("sqs").receive_message(QueueUrl=settings().notices_queue_url, MaxNumberOfMessages=10)
    return [each["Body"] for each in found.get("Messages", [])]


def message(body: str, id: str) -> dict[str, Any]:
    return record(body, group="", id=id)


def _by_id(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["id"]["S"]: row for row in rows}
