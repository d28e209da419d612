"""PayPal's webhook: it wakes the worker, which asks PayPal; nothing in it is believed (docs/rules.md §10)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.audit import Kind
from chalicelib.gateways.paypal_client import PayPalClient
from chalicelib.gateways.paypal_payouts import PayPalPayouts
from chalicelib.services.audit import payer_audits, readings
from chalicelib.services.earnings import payout_reports, payout_sending
from tests.functional.conftest import OPERATOR, Api
from tests.functional.earnings.test_payouts import earning, run_today
from tests.paypal import SIGNED, Double, double_of_paypal

WEBHOOKS = "/public/paypal/webhooks"


@pytest.fixture
def paypal(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """Partners are paid by a double of PayPal."""
    with double_of_paypal() as double:
        gateway = PayPalPayouts(PayPalClient(double.url, lambda: "client:secret"), webhook_id="WH-1")
        monkeypatch.setattr(payout_sending, "payout_gateway", lambda: gateway)
        monkeypatch.setattr(payout_reports, "paypal_payouts", lambda: gateway)
        monkeypatch.setenv("PAYOUT_PROCESSOR", "paypal")
        monkeypatch.setenv("PAYPAL_WEBHOOK_ID", "WH-1")
        settings.cache_clear()
        yield double
    monkeypatch.undo()
    settings.cache_clear()


def report(api: Api, item_id: str, status: str, **headers: str) -> Any:
    body = {"event_type": "PAYMENT.PAYOUTS-ITEM.SUCCEEDED", "resource": {"payout_item_id": item_id, "status": status}}
    return api.ask("POST", WEBHOOKS, body, key=None, **{**SIGNED, **headers})


def test_a_report_wakes_the_worker_which_believes_only_paypal_itself(api: Api, paypal: Double) -> None:
    partner = earning(api, 6_000)
    paypal.status = "UNCLAIMED"
    run_today(api, partner)
    (payout,) = partner.get("/v1/payouts")["data"]
    assert (payout["status"], payout["cause"]) == ("unclaimed", "unregistered")
    item = f"{payout['id']}-1"
    reference = f"ITEM-{item.replace('_', '')}"

    def status() -> str:
        for message in api.queued():
            api.work(message)
        found: str = partner.get(f"/v1/payouts/{payout['id']}")["status"]
        return found

    assert report(api, reference, "SUCCESS").status == 204
    assert status() == "unclaimed"
    paypal.statuses[item] = "SUCCESS"
    assert report(api, reference, "FAILED", **{"PAYPAL-TRANSMISSION-SIG": "bad"}).status == 400
    assert status() == "unclaimed"
    for _ in range(2):
        assert report(api, reference, "FAILED").status == 204
    assert status() == "paid"
    paypal.statuses[item] = "REVERSED"
    assert report(api, reference, "REVERSED").status == 204
    assert status() == "paid"
    returned = partner.get("/v1/earnings?kind=payout_returned")["data"]
    assert [(line["amount"], line["status"]) for line in returned] == [(6_000, "payable")]
    assert returned[0]["reason"] == "PayPal has reversed the payment. It is added to the next payout."
    assert report(api, "ITEM-unknown", "SUCCESS").status == 204
    paypal.answers_instead = [(503, {})]
    assert report(api, reference, "SUCCESS").status == 503


def test_a_report_about_a_batch_whose_answer_was_lost_makes_up_for_it(api: Api, paypal: Double) -> None:
    partner = earning(api, 6_000)
    paypal.loses_answers = 1
    run_today(api, partner)
    (payout,) = partner.get("/v1/payouts")["data"]
    item = f"ITEM-{payout['id'].replace('_', '')}-1"

    assert report(api, item, "SUCCESS").status == 204
    for message in api.queued():
        api.work(message)

    assert partner.get(f"/v1/payouts/{payout['id']}")["status"] == "paid"
    assert len(paypal.batches) == 1
    assert paypal.asked.count(("POST", "/v1/payments/payouts")) == 1


def test_a_report_after_the_payout_was_given_up_is_found_by_the_audit(
    api: Api, paypal: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = earning(api, 6_000)
    paypal.loses_answers = 1
    run_today(api, partner)
    api.forward(days=30)
    api.run_schedules()
    (payout,) = partner.get("/v1/payouts?status=sent")["data"]
    api.ask("POST", f"/v1/operator/payouts/{payout['id']}/give-up", {}, key=OPERATOR)
    assert partner.get(f"/v1/payouts/{payout['id']}")["status"] == "failed"

    assert report(api, f"ITEM-{payout['id'].replace('_', '')}-1", "SUCCESS").status == 204
    for message in api.queued():
        api.work(message)

    assert partner.get(f"/v1/payouts/{payout['id']}")["status"] == "failed"
    monkeypatch.setattr(readings, "payout_gateway", payout_sending.payout_gateway)
    audits = payer_audits.audit_with_clients(partner_id=partner.id, now=datetime.now(UTC))
    found = [finding.kind for each in audits for finding in each.findings if finding.subject == payout["id"]]
    assert found == [Kind.PAYOUT_OUTCOME]


def test_a_batch_whose_answer_was_lost_is_not_sent_again_as_another(api: Api, paypal: Double) -> None:
    partner = earning(api, 6_000)
    paypal.loses_answers = 1
    run_today(api, partner)
    (payout,) = partner.get("/v1/payouts")["data"]
    assert payout["status"] == "sent"

    api.forward(minutes=3)
    api.run_schedules()

    assert partner.get(f"/v1/payouts/{payout['id']}")["status"] == "paid"
    (batch,) = paypal.batches.values()
    assert batch["sender_batch_header"]["sender_batch_id"] == payout["id"]
