"""Webhooks from the request that makes one to the event that arrives at a receiver that really listens (rules §11)."""

import io
import json
import logging
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from standardwebhooks import WebhookVerificationError

from chalicelib.api.observability import logger
from chalicelib.config import settings
from chalicelib.domain.events import webhooks as domain
from chalicelib.domain.events.deliveries import DELAYS
from chalicelib.domain.events.event_types import TYPES
from chalicelib.gateways import receivers
from chalicelib.models.events import deliveries as delivery_rows
from infra.package import PROJECT
from tests.functional.conftest import TRIAL, Api, Partner, table_rows
from tests.receiver import Receiver, receiver


def made(partner: Partner, url: str, **body: Any) -> Any:
    told = partner.post("/v1/webhooks", {"url": url, **body})
    assert told.status == 201, told.text
    return told.json


def deliver(api: Api) -> None:
    """Let streams tell what happened, and every wake-up message be worked, each twice: that must change nothing."""
    api.stream()
    for message in api.queued(settings().deliveries_queue_url):
        for _ in range(2):
            api.invoke("deliver_webhooks", {"Records": [message]})


def later(api: Api, **span: float) -> None:
    """Move the clock, and let the schedule find what fell due meanwhile."""
    api.forward(**span)
    api.invoke("sweep_deliveries")
    for message in api.queued(settings().deliveries_queue_url):
        api.invoke("deliver_webhooks", {"Records": [message]})


def deliveries(partner: Partner, webhook: Any, **query: str) -> list[Any]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return partner.all(f"/v1/webhooks/{webhook['id']}/deliveries" + (f"?{asked}" if asked else ""))


class TestMakingOne:
    def test_the_secret_is_shown_once(self, partner: Partner) -> None:
        webhook = made(partner, "https://hooks.agency.example/sublet", events=["account.*"], description="Ours")

        assert webhook["id"].startswith("whk_")
        assert webhook["secret"].startswith("whsec_")
        secret = webhook.pop("secret")
        assert partner.get(f"/v1/webhooks/{webhook['id']}") == webhook
        assert partner.get("/v1/webhooks")["data"] == [webhook]
        assert secret not in str(table_rows())
        assert webhook["enabled"]
        assert webhook["disabled_reason"] is None

    def test_a_repeated_request_makes_one_and_shows_no_secret_again(self, partner: Partner) -> None:
        body = {"url": "https://hooks.agency.example/"}
        first = partner.post("/v1/webhooks", body, Idempotency_Key="k")
        again = partner.post("/v1/webhooks", body, Idempotency_Key="k")

        assert again.json == {**first.json, "secret": None}
        partner.api.forward(days=2)
        assert partner.post("/v1/webhooks", body, Idempotency_Key="k").json["secret"] is None
        other = partner.post("/v1/webhooks", {"url": "https://else.example/"}, Idempotency_Key="k")
        assert other.json["code"] == "idempotency_key_reused" or other.status == 422
        assert len(partner.get("/v1/webhooks")["data"]) == 1

    def test_all_faults_come_at_once_and_name_what_there_is(self, partner: Partner) -> None:
        told = partner.post("/v1/webhooks", {"url": "ftp://x", "events": ["account.born", "account.*"]})

        assert told.faults["url"].startswith("must begin with https://")
        assert told.faults["events"].startswith("has account.born, which is no type of event")
        assert all(each in told.faults["events"] for each in TYPES)

    def test_in_production_only_https_to_a_domain(self, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STAGE", "prod")
        monkeypatch.setenv("PUBLIC_URL", "https://api.example")
        settings.cache_clear()
        told = [partner.post("/v1/webhooks", {"url": url}) for url in ("http://a.example/", "https://127.0.0.1/")]
        monkeypatch.undo()
        settings.cache_clear()

        assert [sorted(each.faults) for each in told] == [["url"], ["url"]]

    def test_ten_are_enough(self, partner: Partner) -> None:
        webhooks = [made(partner, f"https://hooks.agency.example/{number}") for number in range(10)]

        told = partner.post("/v1/webhooks", {"url": "https://hooks.agency.example/11"})
        assert (told.status, told.code) == (409, "too_many_webhooks")
        assert partner.ask("DELETE", f"/v1/webhooks/{webhooks[0]['id']}").status == 204
        assert made(partner, "https://hooks.agency.example/11")

    def test_made_and_deleted_again_and_again_they_stay_few_to_read(
        self, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(domain, "MOST_WITH_DELETED", 3)
        for number in range(3):
            webhook = made(partner, f"https://hooks.agency.example/{number}")
            assert partner.ask("DELETE", f"/v1/webhooks/{webhook['id']}").status == 204

        told = partner.post("/v1/webhooks", {"url": "https://hooks.agency.example/4"})

        assert (told.status, told.code) == (409, "too_many_webhooks")
        assert partner.get("/v1/webhooks") == {"data": [], "next_cursor": None}

    def test_without_a_master_key_none_is_made(self, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASTER_KEY_PARAMETER", "/nowhere")
        settings.cache_clear()
        told = partner.post("/v1/webhooks", {"url": "https://hooks.agency.example/"})
        monkeypatch.undo()
        settings.cache_clear()

        assert (told.status, told.code) == (503, "webhooks_not_set_up")
        assert partner.get("/v1/webhooks")["data"] == []


class TestChangingOne:
    def test_what_is_changed_is_told_and_what_stays_the_same_is_not(self, api: Api, partner: Partner) -> None:
        path = f"/v1/webhooks/{made(partner, 'https://hooks.agency.example/')['id']}"

        for body in ({"events": ["invoice.*"]}, {"enabled": True}, {"enabled": False}, {"enabled": True}, {}):
            assert partner.ask("PATCH", path, body).status == 200
        partner.post(f"{path}/rotate-secret")
        partner.ask("DELETE", path)
        api.stream()

        told = [event["type"] for event in partner.all("/v1/events") if event["type"].startswith("webhook.")]
        assert told[::-1] == [
            f"webhook.{what}" for what in ("created", "updated", "disabled", "enabled", "secret_rotated", "deleted")
        ]
        assert partner.ask("GET", path).code == "not_found"
        assert partner.get("/v1/webhooks")["data"] == []

    def test_a_stale_if_match_changes_nothing(self, partner: Partner) -> None:
        path = f"/v1/webhooks/{made(partner, 'https://hooks.agency.example/')['id']}"
        etag = partner.ask("GET", path).headers["ETag"]

        assert partner.ask("PATCH", path, {"description": "a"}, If_Match=etag).status == 200
        assert partner.ask("PATCH", path, {"description": "b"}, If_Match=etag).status == 412


class TestDelivering:
    def test_an_event_arrives_signed_as_the_log_shows_it(self, api: Api, partner: Partner) -> None:
        with receiver() as here:
            webhook = made(partner, here.url, events=["account.*"])
            partner.create(plan=TRIAL)
            deliver(api)

            (request,) = here.requests
            (logged,) = [event for event in partner.all("/v1/events") if event["type"] == "account.created"]
            assert request.verified(webhook["secret"]) == logged
            assert request.headers["webhook-id"] == logged["id"]
            assert request.headers["content-type"] == "application/json"
            with pytest.raises(WebhookVerificationError):
                request.verified("whsec_" + "c2VjcmV0" * 6)
            (delivery,) = deliveries(partner, webhook)
            assert (delivery["status"], delivery["event_id"]) == ("delivered", logged["id"])
            assert delivery["attempts"][0]["status_code"] == 204
            assert delivery["attempts"][0]["milliseconds"] >= 0
            assert delivery["next_attempt_at"] is None

    def test_the_check_in_the_documentation_takes_it_and_nothing_else(self, api: Api, partner: Partner) -> None:
        blocks = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8").split("```python\n")
        sample: dict[str, Any] = {}
        exec(next(block for block in blocks if "def is_ours" in block).partition("```")[0], sample)
        with receiver() as here:
            webhook = made(partner, here.url, events=["account.created"])
            partner.post(f"/v1/webhooks/{webhook['id']}/rotate-secret")
            partner.create(plan=TRIAL)
            deliver(api)

            (request,) = here.requests
            assert sample["is_ours"](webhook["secret"], request.headers, request.body)
            assert not sample["is_ours"](webhook["secret"], request.headers, request.body + b" ")
            late = request.headers | {"webhook-timestamp": str(int(request.headers["webhook-timestamp"]) - 600)}
            assert not sample["is_ours"](webhook["secret"], late, request.body)

    def test_with_the_clock_moved_the_signed_time_is_the_receivers(self, api: Api, partner: Partner) -> None:
        with receiver() as here:
            webhook = made(partner, here.url, events=["account.created"])
            api.forward(days=400)
            partner.create(plan=TRIAL)
            deliver(api)

            assert here.requests[0].verified(webhook["secret"])["type"] == "account.created"

    def test_each_partner_gets_its_own_events_and_only_those_it_asked_for(self, api: Api, partner: Partner) -> None:
        other = api.partner()
        with receiver() as mine, receiver() as theirs:
            made(partner, mine.url, events=["account.created", "invoice.paid"])
            made(other, theirs.url)
            account, foreign = partner.create(), other.create(plan=TRIAL)
            deliver(api)

            assert sorted(told(mine)) == ["account.created", "invoice.paid"]
            assert account["id"] in str(mine.requests)
            assert foreign["id"] not in str(mine.requests)
            assert partner.id not in str(theirs.requests)
            assert account["id"] not in str(theirs.requests)

    def test_a_stream_that_repeats_itself_undoes_and_doubles_nothing(self, api: Api, partner: Partner) -> None:
        with receiver() as here:
            webhook = made(partner, here.url, events=["account.*"])
            deliver(api)
            partner.create(plan=TRIAL)
            api.stream()
            api.streamed.clear()
            deliver(api)
            api.streamed.clear()
            deliver(api)

            assert len(here.requests) == len(deliveries(partner, webhook)) == 1

    def test_after_a_rotation_old_and_new_secret_verify_for_a_day(self, api: Api, partner: Partner) -> None:
        with receiver() as here:
            webhook = made(partner, here.url, events=["account.created"])
            new = partner.post(f"/v1/webhooks/{webhook['id']}/rotate-secret").json["secret"]
            assert new != webhook["secret"]
            partner.create(plan=TRIAL)
            deliver(api)
            api.forward(hours=24)
            partner.create(plan=TRIAL)
            deliver(api)

            for secret in (new, webhook["secret"]):
                here.requests[0].verified(secret)
            here.requests[1].verified(new)
            with pytest.raises(WebhookVerificationError):
                here.requests[1].verified(webhook["secret"])

    def test_a_lost_message_costs_a_minute(self, api: Api, partner: Partner) -> None:
        with receiver() as here:
            made(partner, here.url, events=["account.created"])
            partner.create(plan=TRIAL)
            api.stream()
            assert api.queued(settings().deliveries_queue_url)

            later(api, minutes=1)

            assert told(here) == ["account.created"]

    def test_in_production_an_address_of_ours_is_not_reached(
        self, api: Api, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with receiver() as here:
            webhook = made(partner, here.url, events=["account.created"])
            partner.create(plan=TRIAL)
            monkeypatch.setenv("STAGE", "staging")
            settings.cache_clear()
            deliver(api)
            monkeypatch.undo()
            settings.cache_clear()

            assert here.requests == []
            assert deliveries(partner, webhook)[0]["attempts"][0]["failure"] == "address_not_allowed"


class TestFailing:
    def test_it_is_tried_again_until_it_is_taken_under_the_same_id(self, api: Api, partner: Partner) -> None:
        statuses = iter([500, 302, 200])
        with receiver(lambda _: next(statuses)) as here:
            webhook = made(partner, here.url, events=["account.created"])
            partner.create(plan=TRIAL)
            deliver(api)
            assert deliveries(partner, webhook, status="pending")
            assert partner.get(f"/v1/webhooks/{webhook['id']}")["failing_since"]

            later(api, seconds=50)
            assert len(here.requests) == 1
            later(api, seconds=12)
            later(api, minutes=5, seconds=2)

            assert len(set(here.event_ids())) == 1
            (delivery,) = deliveries(partner, webhook, status="delivered")
            assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500, 302, 200]
            assert partner.get(f"/v1/webhooks/{webhook['id']}")["failing_since"] is None

    def test_one_that_hangs_holds_up_no_other(
        self, api: Api, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receivers.post, "__kwdefaults__", {**receivers.post.__kwdefaults__, "seconds": 0.3})
        with receiver(lambda _: None) as hangs, receiver() as here:
            hanging = made(partner, hangs.url, events=["account.created"])
            made(partner, here.url, events=["account.created"])
            for _ in range(3):
                partner.create(plan=TRIAL)
            deliver(api)

            assert len(here.requests) == 3
            failures = [each["attempts"][0]["failure"] for each in deliveries(partner, hanging)]
            assert failures == ["timeout"] * 3

    def test_messages_of_one_webhook_come_one_after_the_other(self, api: Api, partner: Partner) -> None:
        webhooks = [made(partner, f"https://hooks.agency.example/{number}") for number in range(2)]
        partner.create(plan=TRIAL)
        api.stream()

        groups = [message["attributes"]["MessageGroupId"] for message in api.queued(settings().deliveries_queue_url)]

        assert sorted(set(groups)) == sorted(webhook["id"] for webhook in webhooks)

    def test_after_a_day_an_event_is_given_up_and_after_three_the_webhook(self, api: Api, partner: Partner) -> None:
        with receiver(lambda _: 500) as here, receiver() as good:
            webhook = made(partner, here.url, events=["account.created"])
            other = made(partner, good.url, events=["webhook.*"])
            partner.create(plan=TRIAL)
            deliver(api)
            for delay in DELAYS:
                later(api, seconds=delay.total_seconds() + 2)
            (delivery,) = deliveries(partner, webhook)
            assert (delivery["status"], len(delivery["attempts"])) == ("failed", 10)

            api.forward(days=2, minutes=20)
            partner.create(plan=TRIAL)
            deliver(api)
            disabled = partner.get(f"/v1/webhooks/{webhook['id']}")
            assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "failing")
            later(api, minutes=2)
            partner.create(plan=TRIAL)
            deliver(api)

            assert len(here.requests) == 11
            assert [each["status"] for each in deliveries(partner, webhook)] == ["failed", "failed"]
            events = [event["type"] for event in partner.all("/v1/events")]
            assert events.count("webhook.disabled") == 1
            assert "webhook.disabled" in told(good)
            assert partner.get(f"/v1/webhooks/{other['id']}")["enabled"]

    def test_its_own_failures_are_no_events_that_would_fail_again(self, api: Api, partner: Partner) -> None:
        with receiver(lambda _: 500) as here:
            webhook = made(partner, here.url)
            for _ in range(3):
                deliver(api)
            before = len(deliveries(partner, webhook))
            for _ in range(3):
                later(api, hours=1)
                deliver(api)

            assert len(deliveries(partner, webhook)) == before

    def test_redelivered_it_arrives_once_more_under_the_same_id(self, api: Api, partner: Partner) -> None:
        with receiver() as here:
            webhook = made(partner, here.url, events=["account.created"])
            partner.create(plan=TRIAL)
            deliver(api)
            path = f"/v1/webhooks/{webhook['id']}"
            (delivery,) = deliveries(partner, webhook)

            again = partner.post(f"{path}/deliveries/{delivery['id']}/redeliver")
            assert (again.status, again.json["status"]) == (202, "pending")
            deliver(api)

            assert len(here.requests) == 2
            assert len(set(here.event_ids())) == 1
            assert len(deliveries(partner, webhook)[0]["attempts"]) == 2
            partner.ask("PATCH", path, {"enabled": False})
            refused = partner.post(f"{path}/deliveries/{delivery['id']}/redeliver")
            assert (refused.status, refused.code) == (409, "webhook_disabled")
            assert partner.post(f"{path}/deliveries/dlv_x/redeliver").code == "not_found"


def test_secrets_are_in_no_table_log_or_event(api: Api, partner: Partner, capfd: pytest.CaptureFixture[str]) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    logger.addHandler(handler)
    with receiver(lambda request: 500 if len(here.requests) < 3 else 204) as here:
        webhook = made(partner, here.url)
        rotated = partner.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", Idempotency_Key="k").json["secret"]
        partner.create(plan=TRIAL)
        deliver(api)
        later(api, minutes=2)
    logger.removeHandler(handler)

    master = boto3.client("ssm").get_parameter(Name=settings().master_key_parameter, WithDecryption=True)
    kept = str(table_rows()) + lines.getvalue() + "".join(capfd.readouterr())
    for secret in (webhook["secret"], rotated, master["Parameter"]["Value"]):
        assert secret not in kept
        assert secret.removeprefix("whsec_") not in kept
    assert "whsec_" not in kept
    assert "delivered" in kept


def test_one_kind_of_deliveries_is_looked_for_among_so_many_at_a_time(
    api: Api, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_rows, "_SEARCHED_AT_ONCE", 2)
    monkeypatch.setattr(delivery_rows, "_SEARCHES", 2)
    with receiver(lambda request: 500 if len(here.requests) == 1 else 204) as here:
        webhook = made(partner, here.url, events=["account.created"])
        for _ in range(7):
            partner.create(plan=TRIAL)
            deliver(api)
    path = f"/v1/webhooks/{webhook['id']}/deliveries"

    first = partner.get(f"{path}?status=pending")

    assert first["data"] == []
    assert first["next_cursor"]
    (pending,) = deliveries(partner, webhook, status="pending")
    assert pending["attempts"][0]["status_code"] == 500
    delivered = [each["id"] for each in deliveries(partner, webhook, status="delivered", limit="1")]
    assert len(set(delivered)) == len(delivered) == 6


def told(here: Receiver) -> list[str]:
    return [json.loads(request.body)["type"] for request in here.requests]


def test_deliveries_are_forgotten_after_a_while(api: Api, partner: Partner) -> None:
    made(partner, "https://hooks.agency.example/")
    api.stream()

    row = table_rows()["sublet-deliveries"][0]

    created = datetime.fromisoformat(row["created_at"]["S"]).timestamp()
    assert int(row["expires_at"]["N"]) == int(created + timedelta(days=30).total_seconds())
