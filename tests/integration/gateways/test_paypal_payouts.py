"""What goes over the wire to PayPal, and what is made of its answers: a double of its documented API, on loopback."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.domain.earnings.payout_causes import cause_of
from chalicelib.domain.earnings.payout_items import ItemStatus
from chalicelib.domain.money import Money
from chalicelib.gateways import paypal_client
from chalicelib.gateways.payouts import (
    Accepted,
    BatchState,
    BatchStatus,
    OutcomeUnknown,
    PayoutItem,
    ProcessorMisconfigured,
    Refused,
)
from chalicelib.gateways.paypal_client import PayPalClient
from chalicelib.gateways.paypal_payouts import NotSigned, PayPalPayouts
from tests.builders import NOW
from tests.paypal import SIGNED, Double, double_of_paypal

ITEMS = [PayoutItem(f"pay_{n}", f"partner{n}@acme.example", Money(n * 1000 + 5, "USD")) for n in (1, 2, 3)]


@pytest.fixture
def paypal() -> Iterator[Double]:
    with double_of_paypal() as double:
        yield double


@pytest.fixture
def gateway(paypal: Double) -> PayPalPayouts:
    return PayPalPayouts(PayPalClient(paypal.url, lambda: "client:secret"), webhook_id="WH-1", page_size=2)


def duplicate(*details: Any) -> dict[str, Any]:
    return {"name": "USER_BUSINESS_ERROR", "details": list(details)}


def send(gateway: PayPalPayouts, batch_id: str = "prun_1-prt_1") -> Accepted | Refused:
    return gateway.send(batch_id=batch_id, items=ITEMS, now=NOW)


def test_a_batch_is_sent_with_our_ids_and_two_decimals(paypal: Double, gateway: PayPalPayouts) -> None:
    assert send(gateway) == Accepted("BATCH1")

    sent = paypal.batches["BATCH1"]
    assert sent["sender_batch_header"] == {"sender_batch_id": "prun_1-prt_1", "recipient_type": "EMAIL"}
    assert sent["items"][0] == {
        "recipient_type": "EMAIL",
        "receiver": "partner1@acme.example",
        "sender_item_id": "pay_1",
        "amount": {"value": "10.05", "currency": "USD"},
    }


def test_a_batch_whose_answer_was_lost_is_found_by_the_link_of_its_duplicate(
    paypal: Double, gateway: PayPalPayouts
) -> None:
    paypal.loses_answers = 1
    with pytest.raises(OutcomeUnknown):
        send(gateway)

    assert send(gateway) == Accepted("BATCH1")
    assert len(paypal.batches) == 1
    assert {path for _, path in paypal.asked} == {"/v1/oauth2/token", "/v1/payments/payouts"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(422, {"name": "INSUFFICIENT_FUNDS", "message": "Too little."}, id="too little money"),
        pytest.param(400, {"name": "VALIDATION_ERROR"}, id="invalid"),
        pytest.param(400, {"name": "USER_BUSINESS_ERROR", "details": [{"field": "items"}]}, id="another fault of ours"),
    ],
)
def test_a_batch_that_is_refused_was_not_sent(paypal: Double, gateway: PayPalPayouts, status: int, body: Any) -> None:
    paypal.answers_instead = [(status, body)]

    assert send(gateway) == Refused(body["name"], body.get("message", body["name"]))
    assert paypal.batches == {}


@pytest.mark.parametrize("field", ["items[0].receiver", "/items/0/receiver", "RECEIVER"])
def test_a_refusal_that_names_the_address_is_one_for_good(paypal: Double, gateway: PayPalPayouts, field: str) -> None:
    paypal.answers_instead = [(400, {"name": "VALIDATION_ERROR", "details": [{"field": "items"}, {"field": field}]})]

    refused = send(gateway)

    assert isinstance(refused, Refused)
    assert cause_of(refused.code).is_for_good


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(400, duplicate({"field": "SENDER_BATCH_ID"}), id="a duplicate without a link"),
        pytest.param(
            400,
            duplicate({"field": "sender_batch_header.sender_batch_id", "link": [{"href": "https://x.example/"}]}),
            id="a duplicate with another link",
        ),
        pytest.param(400, duplicate(), id="a duplicate perhaps"),
        pytest.param(500, {}, id="a fault of PayPal's"),
        pytest.param(429, {}, id="too many requests"),
        pytest.param(409, {}, id="a conflict"),
        pytest.param(302, {}, id="a redirect"),
        pytest.param(201, {}, id="no batch"),
        pytest.param(201, b"<html>", id="no JSON"),
        pytest.param(201, [1], id="no object"),
    ],
)
def test_whatever_is_no_clear_answer_is_unknown(paypal: Double, gateway: PayPalPayouts, status: int, body: Any) -> None:
    paypal.answers_instead = [(status, body)]

    with pytest.raises(OutcomeUnknown):
        send(gateway)


def test_no_answer_is_unknown_and_says_nothing_of_the_credentials() -> None:
    gateway = PayPalPayouts(PayPalClient("http://127.0.0.1:9", lambda: "client:secret"))

    with pytest.raises(OutcomeUnknown) as unknown:
        send(gateway)

    assert "secret" not in str(unknown.value)
    assert "secret" not in repr(gateway.client)


def test_a_token_is_kept_until_shortly_before_it_ends(
    paypal: Double, gateway: PayPalPayouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(paypal_client.time, "monotonic", lambda: now)
    for later, tokens in ((0, 1), (32_339, 1), (32_341, 2)):
        now = 1000.0 + later
        gateway.find_item(reference="ITEM-none", now=NOW)
        assert paypal.tokens == tokens


def test_a_token_that_was_withdrawn_is_replaced_once(paypal: Double, gateway: PayPalPayouts) -> None:
    send(gateway, "prun_1")
    paypal.withdrawn = {"Bearer token-1"}

    assert send(gateway, "prun_2") == Accepted("BATCH2")
    assert paypal.tokens == 2


@pytest.mark.parametrize("credentials", ["client:wrong", "other:secret"])
def test_credentials_that_paypal_refuses_are_not_shown(paypal: Double, credentials: str) -> None:
    gateway = PayPalPayouts(PayPalClient(paypal.url, lambda: credentials))

    with pytest.raises(ProcessorMisconfigured) as refused:
        send(gateway)

    assert credentials.partition(":")[2] not in str(refused.value)


def test_what_the_account_may_not_do_is_a_matter_of_its_set_up(paypal: Double, gateway: PayPalPayouts) -> None:
    paypal.answers_instead = [(403, {"name": "SENDER_ACCOUNT_UNVERIFIED"})]

    with pytest.raises(ProcessorMisconfigured, match="SENDER_ACCOUNT_UNVERIFIED"):
        send(gateway)


def test_a_batch_is_read_page_by_page_each_item_with_its_own_outcome(paypal: Double, gateway: PayPalPayouts) -> None:
    send(gateway)
    paypal.statuses = {"pay_1": "UNCLAIMED", "pay_2": "ONHOLD"}

    found = gateway.find_batch(reference="BATCH1", now=NOW)

    assert found is not None
    assert found.status is BatchStatus.DONE
    assert [(item.id, item.status, item.code, item.amount.amount) for item in found.items] == [
        ("pay_1", ItemStatus.UNCLAIMED, "RECEIVER_UNREGISTERED", 1005),
        ("pay_2", ItemStatus.HELD, None, 2005),
        ("pay_3", ItemStatus.PAID, None, 3005),
    ]
    assert gateway.find_batch(reference="BATCH9", now=NOW) is None


def test_an_item_that_cannot_be_understood_hides_no_other(paypal: Double, gateway: PayPalPayouts) -> None:
    send(gateway)
    paypal.statuses = {"pay_1": "LOST_IN_SPACE"}

    found = gateway.find_batch(reference="BATCH1", now=NOW)

    assert found is not None
    assert [item.id for item in found.items] == ["pay_2", "pay_3"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "ten", "1.005", "", 10])
def test_an_amount_that_is_none_is_unknown(paypal: Double, gateway: PayPalPayouts, value: Any) -> None:
    send(gateway)
    paypal.batches["BATCH1"]["items"][1]["amount"]["value"] = value

    found = gateway.find_batch(reference="BATCH1", now=NOW)

    assert found is not None
    assert [item.id for item in found.items] == ["pay_1", "pay_3"]


def test_a_denied_batch_is_that_whatever_its_items_lack(paypal: Double, gateway: PayPalPayouts) -> None:
    header = {"payout_batch_id": "BATCH1", "batch_status": "DENIED"}
    gateway.find_item(reference="ITEM-none", now=NOW)
    paypal.answers_instead = [(200, {"batch_header": header, "items": [{"payout_item": {}}], "total_pages": 2})]

    assert gateway.find_batch(reference="BATCH1", now=NOW) == BatchState("BATCH1", BatchStatus.DENIED, ())


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("PENDING", ItemStatus.PROCESSING),
        ("RETURNED", ItemStatus.RETURNED),
        ("REFUNDED", ItemStatus.REFUNDED),
        ("REVERSED", ItemStatus.REVERSED),
        ("BLOCKED", ItemStatus.BLOCKED),
        ("FAILED", ItemStatus.FAILED),
    ],
)
def test_an_item_is_looked_up_by_its_reference(
    paypal: Double, gateway: PayPalPayouts, told: str, status: ItemStatus
) -> None:
    send(gateway)
    paypal.statuses = {"pay_2": told}

    found = gateway.find_item(reference="ITEM-pay2", now=NOW)

    assert found is not None
    assert (found.id, found.status, found.batch) == ("pay_2", status, "BATCH1")


def test_a_status_that_we_do_not_know_is_unknown(paypal: Double, gateway: PayPalPayouts) -> None:
    send(gateway)
    paypal.statuses = {"pay_2": "LOST_IN_SPACE"}

    with pytest.raises(OutcomeUnknown, match="LOST_IN_SPACE"):
        gateway.find_item(reference="ITEM-pay2", now=NOW)


def test_only_an_unclaimed_item_is_taken_back(paypal: Double, gateway: PayPalPayouts) -> None:
    send(gateway)
    paypal.statuses = {"pay_1": "UNCLAIMED"}

    taken_back = gateway.cancel_item(reference="ITEM-pay1", now=NOW)

    assert taken_back is not None
    assert taken_back.status is ItemStatus.RETURNED
    assert gateway.cancel_item(reference="ITEM-pay3", now=NOW) is None


def test_a_reference_never_leads_elsewhere(gateway: PayPalPayouts) -> None:
    with pytest.raises(ValueError, match="no reference"):
        gateway.find_item(reference="../../v1/oauth2/token", now=NOW)


def report(change: Callable[[dict[str, str], dict[str, Any]], None] | None = None) -> tuple[dict[str, str], bytes]:
    headers, event = (
        dict(SIGNED),
        {
            "event_type": "PAYMENT.PAYOUTS-ITEM.UNCLAIMED",
            "resource": {"payout_item_id": "ITEM-pay1", "transaction_status": "UNCLAIMED"},
        },
    )
    if change:
        change(headers, event)
    return headers, json.dumps(event).encode()


def test_a_signed_report_names_the_item_to_ask_about(paypal: Double, gateway: PayPalPayouts) -> None:
    assert gateway.reported_item(*report()) == "ITEM-pay1"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda headers, _: headers.update({"PAYPAL-TRANSMISSION-SIG": "bad"}), id="signed by somebody else"
        ),
        pytest.param(lambda headers, _: headers.pop("PAYPAL-CERT-URL"), id="without a certificate"),
    ],
)
def test_a_report_that_paypal_has_not_signed_is_refused(gateway: PayPalPayouts, change: Any) -> None:
    with pytest.raises(NotSigned):
        gateway.reported_item(*report(change))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _, event: event.update(resource={}), id="about no item"),
        pytest.param(lambda _, event: event["resource"].update(payout_item_id="../x"), id="with a hostile id"),
        pytest.param(lambda _, event: event.update(resource="text"), id="without a resource"),
    ],
)
def test_a_report_about_no_item_names_none(gateway: PayPalPayouts, change: Any) -> None:
    assert gateway.reported_item(*report(change)) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 5000])
def test_a_report_that_is_no_object_is_refused(gateway: PayPalPayouts, body: bytes) -> None:
    with pytest.raises(NotSigned):
        gateway.reported_item(SIGNED, body)
