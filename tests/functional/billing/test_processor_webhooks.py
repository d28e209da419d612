"""Stripe's webhook: who may report, and that a report decides nothing, however often it comes."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import stripe
from aws_lambda_powertools.utilities import parameters

from chalicelib.config import settings
from chalicelib.domain.ids import new_id
from chalicelib.domain.money import Money
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways.payments import Declined, OutcomeUnknown
from chalicelib.gateways.sandbox_payments import MemoryRow, SandboxPayments
from chalicelib.services.billing import disputes, failed_refunds, processor_webhooks, refunds
from chalicelib.services.charging import cards
from chalicelib.services.charging.results import ChargeOutcomeUnknown
from chalicelib.services.partners import billing_profiles
from chalicelib.services.schedule.worker import take_due_steps
from tests.books import Books
from tests.functional.conftest import Answer, Api
from tests.world import World

WEBHOOKS = "/public/stripe/webhooks"
SECRET = "whsec_test_secret"


@pytest.fixture
def reported_by_stripe(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The webhook is open; cards are still the sandbox's, whose gateway the charges are given."""
    boto3.client("ssm").put_parameter(Name="/test/hook", Value=SECRET, Type="SecureString", Overwrite=True)
    monkeypatch.setenv("PAYMENT_PROCESSOR", "stripe")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET_PARAMETER", "/test/hook")
    settings.cache_clear()
    parameters.clear_caches()
    with (
        patch.object(cards, "payment_gateway", SandboxPayments),
        patch.object(billing_profiles, "payment_gateway", SandboxPayments),
    ):
        yield
    monkeypatch.undo()
    settings.cache_clear()


def event(kind: str = "payment_intent.succeeded", *, subject: str = "txn_1", key: str = "txn_1-1") -> bytes:
    intent = {"id": "pi_1", "object": "payment_intent", "metadata": {"subject": subject, "charge_key": key}}
    return json.dumps(
        {"id": "evt_1", "object": "event", "type": kind, "data": {"object": intent}}, ensure_ascii=False
    ).encode()


def signed(payload: bytes, *, secret: str = SECRET, age_seconds: int = 0) -> str:
    return stripe.WebhookSignature.generate_signature_header(
        payload.decode(), secret, timestamp=int(time.time()) - age_seconds
    )


def report(api: Api, payload: bytes, signature: str | None) -> Answer:
    headers = {} if signature is None else {"Stripe_Signature": signature}
    return api.ask("POST", WEBHOOKS, key=None, raw=payload, **headers)


class Silent(SandboxPayments):
    """It charges, but its answer never arrives."""

    def charge(self, **asked: Any) -> Any:
        super().charge(**asked)
        raise OutcomeUnknown("no answer")


def with_a_purchase_cut_off() -> tuple[World, str]:
    """A partner whose purchase was charged to its card, but nobody here knows."""
    world = World()
    purchase_id = new_id("txn", at=world.now)
    card = world.card()
    with patch.object(cards, "payment_gateway", Silent), pytest.raises(ChargeOutcomeUnknown):
        world.buy(5_000, card=card, id=purchase_id)
    return world, purchase_id


def with_a_renewal_cut_off() -> tuple[World, str]:
    world = World()
    account = world.create()
    world.advance(days=27)
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    with patch.object(cards, "payment_gateway", Silent):
        world.run_schedules()
    assert world.account(account.id).charge is not None
    world.now += timedelta(minutes=10)  # the alarm rang behind the sweeps' back
    return world, account.id


def take(payload: bytes) -> bool:
    return processor_webhooks.receive_webhook(payload=payload, signature=signed(payload))


@pytest.mark.usefixtures("reported_by_stripe")
class TestWhoMayReport:
    def test_what_stripe_signed_is_taken(self, api: Api) -> None:
        payload = event()

        answer = report(api, payload, signed(payload))

        assert (answer.status, answer.text) == (204, "")

    def test_the_bytes_count_not_what_they_mean(self, api: Api) -> None:
        payload = b'{ "type":"charge.refunded",\n "id":"evt_1", "data":{"object":{"id":"ch_\xc3\xa9"}},"data2":1.0 }'

        assert report(api, payload, signed(payload)).status == 204
        assert report(api, json.dumps(json.loads(payload)).encode(), signed(payload)).status == 400

    @pytest.mark.parametrize(
        "signature",
        [
            pytest.param(None, id="none"),
            pytest.param("", id="empty"),
            pytest.param("t=,v1=", id="nonsense"),
            pytest.param(signed(event(), secret="whsec_other"), id="another secret"),
            pytest.param(signed(b"{}"), id="another body"),
            pytest.param(signed(event(), age_seconds=310), id="older than five minutes"),
        ],
    )
    def test_anybody_else_is_refused(self, api: Api, signature: str | None) -> None:
        answer = report(api, event(), signature)

        assert (answer.status, answer.code) == (400, "invalid_signature")

    def test_four_minutes_are_not_too_late(self, api: Api) -> None:
        payload = event()

        assert report(api, payload, signed(payload, age_seconds=240)).status == 204

    def test_what_is_no_text_is_refused(self, api: Api) -> None:
        assert report(api, b"\xff\xfe", signed(b"{}")).code == "invalid_signature"

    def test_an_idempotency_key_is_not_looked_at(self, api: Api) -> None:
        payload = event()

        answers = [
            api.ask("POST", WEBHOOKS, key=None, raw=payload, Stripe_Signature=signature, Idempotency_Key="one")
            for signature in ("t=1,v1=x", signed(payload), "t=1,v1=x")
        ]

        assert [answer.status for answer in answers] == [400, 204, 400]

    def test_a_body_beyond_all_bounds_is_refused_unread(self, api: Api) -> None:
        assert report(api, b"x" * 1_000_001, "t=1,v1=x").code == "body_too_large"


def test_where_cards_are_not_stripes_there_is_no_such_webhook(api: Api) -> None:
    payload = event()

    assert report(api, payload, signed(payload)).code == "not_found"


def test_the_document_says_that_the_body_is_stripes(api: Api) -> None:
    operation = api.ask("GET", "/openapi.json", key=None).json["paths"][WEBHOOKS]["post"]

    assert operation["requestBody"]["content"] == {"application/json": {"schema": {"type": "object"}}}
    assert {"204", "400", "404", "413"} <= operation["responses"].keys()
    assert [parameter["name"] for parameter in operation["parameters"]] == []


@pytest.mark.usefixtures("reported_by_stripe")
class TestWhatAReportDoes:
    @pytest.mark.parametrize("kind", ["succeeded", "payment_failed", "canceled"])
    def test_it_wakes_the_worker_for_a_charge_in_progress(self, kind: str) -> None:
        world, purchase_id = with_a_purchase_cut_off()

        assert take(event(f"payment_intent.{kind}", subject=purchase_id, key=f"{purchase_id}-1"))

        [due] = world.receive()
        assert (due.payer, due.subjects) == (world.partner_id, (purchase_id,))

    def test_the_worker_believes_the_processor_not_the_report(self) -> None:
        world, purchase_id = with_a_purchase_cut_off()

        take(event("payment_intent.payment_failed", subject=purchase_id, key=f"{purchase_id}-1"))
        for due in world.receive():
            take_due_steps(due, now=world.now)

        assert world.wallet.balance.amount == 5_000

    def test_a_renewal_cut_off_is_finished(self) -> None:
        world, account_id = with_a_renewal_cut_off()
        charge = world.account(account_id).charge
        assert charge is not None

        assert take(event(subject=account_id, key=charge.key))
        for due in world.receive():
            take_due_steps(due, now=world.now)

        assert world.account(account_id).charge is None
        assert [invoice.status for invoice in world.invoices()] == ["paid", "paid"]
        Books(world).check()

    def test_ten_at_once_have_one_effect(self) -> None:
        world, purchase_id = with_a_purchase_cut_off()
        payload = event(subject=purchase_id, key=f"{purchase_id}-1")

        with ThreadPoolExecutor(max_workers=10) as pool:
            woke = list(pool.map(take, [payload] * 10))
        messages = world.receive()
        again = Due(world.partner_id, (purchase_id,), "card_reports", "as if all had come through")
        with ThreadPoolExecutor(max_workers=10) as pool:
            list(pool.map(lambda due: take_due_steps(due, now=world.now), [*messages, *[again] * 9]))

        assert woke == [True] * 10
        assert len(messages) == 1
        assert [(entry.id, entry.amount.amount) for entry in world.journal()] == [(purchase_id, 5_000)]
        assert world.wallet.balance.amount == 5_000
        assert MemoryRow.get(f"key#{purchase_id}-1").amount == "5000 USD"
        Books(world).check()

    def test_one_for_a_settled_charge_changes_nothing(self) -> None:
        world = World()
        bought = world.buy(5_000)

        assert not take(event(subject=bought.id, key=f"{bought.id}-1"))

        assert world.receive() == []
        assert len(world.journal()) == 1

    @pytest.mark.parametrize(
        "payload",
        [
            pytest.param(event(subject="txn_nobody"), id="of another installation"),
            pytest.param(event("charge.refunded"), id="a refund"),
            pytest.param(event("customer.created"), id="anything else"),
        ],
    )
    def test_others_are_only_noted(self, payload: bytes) -> None:
        world = World()

        assert not take(payload)

        assert world.receive() == []

    def test_one_for_an_earlier_attempt_wakes_nobody(self) -> None:
        world, account_id = with_a_renewal_cut_off()
        charge = world.account(account_id).charge
        assert charge is not None

        assert not take(event(subject=account_id, key=f"{charge.id}-0"))

        assert world.receive() == []


@pytest.mark.usefixtures("reported_by_stripe")
class TestADispute:
    KINDS = ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")

    def dispute_event(self, kind: str, reference: str, *, id: str = "evt_1") -> bytes:
        about = {"id": reference, "object": "dispute", "status": "lost", "charge": "ch_1", "metadata": {}}
        return json.dumps({"id": id, "type": f"charge.dispute.{kind}", "data": {"object": about}}).encode()

    def run(self, world: World) -> None:
        with patch.object(disputes, "payment_gateway", SandboxPayments):
            for due in world.receive():
                take_due_steps(due, now=world.now)

    def paid(self) -> tuple[World, str]:
        world = World()
        world.create(billing_profile_id=world.card("pm_card_createDisputeLost"))
        world.receive()
        return world, f"du_{world.invoices()[0].id}-1"

    @pytest.mark.parametrize("kind", KINDS)
    def test_each_report_wakes_a_look_at_the_processor_which_is_believed(self, kind: str) -> None:
        world, reference = self.paid()

        assert take(self.dispute_event(kind, reference))
        self.run(world)

        (invoice,) = world.invoices()
        assert [dispute.status for dispute in invoice.disputes] == ["open"]  # whatever the report said
        assert invoice.refunded.amount == 0

    def test_in_any_order_and_twice_they_have_one_effect(self) -> None:
        world, reference = self.paid()
        SandboxPayments().find_dispute(reference=reference, now=world.now)
        world.now += timedelta(days=8)

        for number, kind in enumerate(("closed", "created", "closed", "updated", "created")):
            take(self.dispute_event(kind, reference, id=f"evt_{number}"))
        self.run(world)

        (invoice,) = world.invoices()
        assert [dispute.status for dispute in invoice.disputes] == ["lost"]
        assert [(entry.kind, entry.to_card) for entry in world.journal()] == [("dispute_lost", Money(4_900, "USD"))]

    def test_ten_at_once_have_one_effect(self) -> None:
        world, reference = self.paid()
        SandboxPayments().find_dispute(reference=reference, now=world.now)
        world.now += timedelta(days=8)
        assert take(self.dispute_event("closed", reference))
        (due,) = world.receive()

        with patch.object(disputes, "payment_gateway", SandboxPayments), ThreadPoolExecutor(max_workers=10) as pool:
            list(pool.map(lambda due: take_due_steps(due, now=world.now), [due] * 10))

        assert len(world.journal()) == 1
        assert world.invoices()[0].refunded.amount == 4_900

    def test_one_of_a_charge_unknown_here_is_only_noted(self) -> None:
        world, _ = self.paid()

        for reference in ("du_nobody-1", "du_", "", "du_inv_x-1'; drop"):
            assert take(self.dispute_event("created", reference, id=f"evt_{len(reference)}"))
        self.run(world)

        assert world.invoices()[0].disputes == ()


class Failing(SandboxPayments):
    """A processor that learnt later that the card takes nothing back."""

    def find_refund(self, **asked: Any) -> Any:
        return Declined("expired_or_canceled_card")


def refund_event(refund_id: str, payer: str, *, kind: str = "refund.failed", id: str = "evt_1") -> bytes:
    metadata = {"subject": refund_id, "refund_key": f"{refund_id}-1", "payer": payer}
    refund = {"id": "re_1", "object": "refund", "status": "failed", "metadata": metadata}
    return json.dumps({"id": id, "object": "event", "type": kind, "data": {"object": refund}}).encode()


def with_a_purchase_refunded() -> tuple[World, str]:
    world = World()
    bought = world.buy(5_000)
    refund, _ = refunds.refund_purchase(
        refund_id=new_id("txn", at=world.now),
        payer=world.partner_id,
        purchase_id=bought.id,
        amount=3_000,
        now=world.now,
        actor="operator",
    )
    return world, refund.id


@pytest.mark.usefixtures("reported_by_stripe")
class TestARefundThatFailedLater:
    @pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
    def test_it_is_undone_once_however_often_it_is_reported(self, kind: str) -> None:
        world, refund_id = with_a_purchase_refunded()
        payload = refund_event(refund_id, world.partner_id, kind=kind)

        with patch.object(failed_refunds, "payment_gateway", Failing):
            assert take(payload)
            (due,) = world.receive()
            with ThreadPoolExecutor(max_workers=5) as pool:
                list(pool.map(lambda due: take_due_steps(due, now=world.now), [due] * 5))

        kinds = [(entry.kind, entry.amount.amount, entry.to_card) for entry in world.journal()]
        assert kinds[2:] == [("returned", 3_000, Money(-3_000, "USD"))]
        assert world.wallet.balance.amount == 5_000
        assert world.journal()[0].refunded is None

    def test_the_processor_is_believed_and_not_the_report(self) -> None:
        world, refund_id = with_a_purchase_refunded()

        with patch.object(failed_refunds, "payment_gateway", SandboxPayments):
            take(refund_event(refund_id, world.partner_id))
            for due in world.receive():
                take_due_steps(due, now=world.now)

        assert world.wallet.balance.amount == 2_000

    def test_of_nobodys_refund_nobody_is_woken(self) -> None:
        world, refund_id = with_a_purchase_refunded()
        bought = world.journal()[0].id

        assert not take(refund_event("txn_nobody", world.partner_id))
        assert not take(refund_event(refund_id, World().partner_id))
        assert not take(refund_event(bought, world.partner_id))

        assert world.receive() == []
