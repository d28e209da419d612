"""Webhooks: filters, secrets, the schedule of tries, and when a receiver is given up (rules §11)."""

import ast
import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import chalicelib
from chalicelib.domain.events import deliveries, webhooks
from chalicelib.domain.events.deliveries import DELAYS, Attempt, DeliveryStatus, Failure
from chalicelib.domain.events.event_types import TYPES
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.webhooks import DisabledReason, Webhook

NOW = datetime(2026, 11, 21, 15, 0, 0, 250_000, tzinfo=UTC)
KEY = b"thirty-two bytes and not one more"


def webhook(**overrides: Any) -> Webhook:
    fields: dict[str, Any] = {
        "id": "whk_1",
        "partner_id": "prt_1",
        "url": "https://hooks.example/",
        "events": ("*",),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Webhook(**fields | overrides)


def event(type: str = "account.renewed", **overrides: Any) -> Event:
    fields: dict[str, Any] = {"id": "evt_1", "partner_id": "prt_1", "type": type, "at": NOW, "actor": "x"}
    return Event(**fields | overrides)


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "wanted"),
        [
            pytest.param(["*"], True, id="everything"),
            pytest.param(["account.*"], True, id="everything of its subject"),
            pytest.param(["account.renewed"], True, id="just this"),
            pytest.param(["invoice.paid", "account.renewed"], True, id="this among others"),
            pytest.param(["account.created"], False, id="another of its subject"),
            pytest.param(["invoice.*"], False, id="another subject"),
        ],
    )
    def test_an_event_is_wanted_by_its_type(self, filters: list[str], wanted: bool) -> None:
        assert webhook(events=tuple(filters)).wants(event()) is wanted

    def test_nothing_of_another_partner_is_wanted(self) -> None:
        assert not webhook().wants(event(partner_id="prt_2"))

    def test_nothing_is_wanted_while_disabled_or_deleted(self) -> None:
        assert not webhook(disabled_reason=DisabledReason.FAILING).wants(event())
        assert not webhook(deleted_at=NOW).wants(event())

    def test_what_names_nothing_there_is_is_found(self) -> None:
        filters = ["*", "account.*", "account.renewed", "account.born", "acc*", "**", "account.", "nothing.*"]

        assert webhooks.unknown_filters(filters, known=TYPES) == ["account.born", "acc*", "**", "account.", "nothing.*"]


def test_every_type_of_event_the_product_writes_is_one_a_webhook_can_ask_for() -> None:
    house = Path(chalicelib.__file__).parent
    files = [file for room in ("domain", "models", "services") for file in (house / room).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    subjects = {each.partition(".")[0] for each in TYPES}

    written = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    of_subjects = {
        text for text in written if re.fullmatch(r"\w+\.[a-z_]+", text) and text.partition(".")[0] in subjects
    }
    given = {
        keyword.value.value
        for node in nodes
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "event" and isinstance(keyword.value, ast.Constant) and keyword.value.value
    }

    missing = {
        text for text in (of_subjects | given) - set(TYPES) if not text.endswith("_")
    }  # not what more follows on
    assert not missing, "add these to domain/events/event_types.py"
    assert list(TYPES) == sorted(set(TYPES))


class TestSecrets:
    def test_a_secret_is_32_bytes_and_the_same_whenever_it_is_asked_for(self) -> None:
        secret = webhooks.secret_of("whk_1", 1, key=KEY)

        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
        assert secret == webhooks.secret_of("whk_1", 1, key=KEY)

    def test_each_webhook_rotation_and_installation_has_its_own(self) -> None:
        asked = [("whk_1", 1, KEY), ("whk_2", 1, KEY), ("whk_1", 2, KEY), ("whk_1", 1, KEY + b"!")]

        assert len({webhooks.secret_of(id, generation, key=key) for id, generation, key in asked}) == 4

    def test_for_a_day_after_a_rotation_both_secrets_sign(self) -> None:
        rotated = webhooks.rotated(webhook(), now=NOW)
        day = timedelta(days=1)

        assert webhooks.generations(webhook(), now=NOW) == [1]
        assert webhooks.generations(rotated, now=NOW + day - timedelta(milliseconds=1)) == [2, 1]
        assert webhooks.generations(rotated, now=NOW + day) == [2]


class TestSchedule:
    def test_ten_tries_with_growing_delays_end_within_24_hours(self) -> None:
        delivery, now, tries = deliveries.delivery_of(event(), webhook()), NOW, [timedelta(0)]

        while delivery.status is DeliveryStatus.PENDING:
            delivery = deliveries.answered(delivery, Attempt(at=now, milliseconds=1, status_code=500), now=now)
            if delivery.due_at:
                now = delivery.due_at
                tries.append(now - NOW)

        assert len(tries) == len(delivery.attempts) == 10
        assert list(DELAYS) == sorted(DELAYS)
        assert timedelta(hours=23) < tries[-1] <= timedelta(hours=24)
        assert (delivery.status, delivery.due_at) == (DeliveryStatus.FAILED, None)

    def test_it_is_due_when_it_happened_and_not_a_started_second_later(self) -> None:
        assert deliveries.delivery_of(event(), webhook()).due_at == NOW.replace(microsecond=0)

    @pytest.mark.parametrize(
        ("status_code", "well"), [(199, False), (200, True), (299, True), (302, False), (410, False)]
    )
    def test_only_a_2xx_is_a_success(self, status_code: int, well: bool) -> None:
        assert Attempt(at=NOW, milliseconds=1, status_code=status_code).well is well

    def test_no_answer_is_no_success(self) -> None:
        assert not Attempt(at=NOW, milliseconds=1, failure=Failure.TIMEOUT).well

    def test_redelivered_it_has_the_whole_schedule_before_it_and_remembers_the_last_20_attempts(self) -> None:
        delivery = deliveries.delivery_of(event(), webhook())
        for number in range(30):
            again = deliveries.redelivered(delivery, now=NOW)
            delivery = deliveries.answered(again, Attempt(at=NOW, milliseconds=number, status_code=500), now=NOW)

        assert delivery.due_at == NOW + DELAYS[0]
        assert [attempt.milliseconds for attempt in delivery.attempts] == list(range(10, 30))

    def test_an_event_has_one_delivery_for_each_webhook(self) -> None:
        ids = [deliveries.delivery_of(event(), webhook(id=id)).id for id in ("whk_1", "whk_1", "whk_2")]

        assert ids[0] == ids[1] != ids[2]


class TestFailingReceivers:
    def test_three_days_of_failures_disable_it_and_not_a_millisecond_less(self) -> None:
        failing = webhooks.answered(webhook(), well=False, now=NOW)
        third_day = NOW + timedelta(days=3)

        before = webhooks.answered(failing, well=False, now=third_day - timedelta(milliseconds=1))
        after = webhooks.answered(failing, well=False, now=third_day)

        assert before.enabled
        assert before.failing_since == NOW
        assert (after.disabled_reason, after.disabled_at) == (DisabledReason.FAILING, third_day)

    def test_one_success_begins_the_count_anew(self) -> None:
        failing = webhook(failing_since=NOW)

        recovered = webhooks.answered(failing, well=True, now=NOW + timedelta(days=2))

        assert recovered.failing_since is None
        assert webhooks.answered(recovered, well=False, now=NOW + timedelta(days=4)).enabled

    def test_switched_on_again_its_failures_are_forgotten(self) -> None:
        off = webhook(failing_since=NOW, disabled_reason=DisabledReason.FAILING, disabled_at=NOW)

        assert webhooks.set_enabled(off, True, now=NOW) == webhook()
        assert webhooks.set_enabled(off, False, now=NOW) == off
        assert webhooks.set_enabled(webhook(), False, now=NOW) == replace(
            webhook(), disabled_reason=DisabledReason.BY_REQUEST, disabled_at=NOW
        )
