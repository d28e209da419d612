"""What goes over the wire to PayPal, and what is made of its answers: a double of its documented API, on loopback."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from chalicelib.domain.earnings.payouts import ItemStatus
from chalicelib.domain.money import Money
from chalicelib.gateways import paypal_client
from chalicelib.gateways.payouts import (
    Accepted,
    BatchStatus,
    OutcomeUnknown,
    PayoutItem,
    ProcessorMisconfigured,
    Refused,
)
from chalicelib.gateways.paypal_client import PayPalClient
from chalicelib.gateways.paypal_payouts import NotSigned, PayPalPayouts
from tests.builders import NOW

ITEMS = [PayoutItem(f"pay_{n}", f"partner{n}@acme.example", Money(n * 1000 + 5, "USD")) for n in (1, 2, 3)]
REPORT = {
    "PAYPAL-AUTH-ALGO": "SHA256withRSA",
    "PAYPAL-CERT-URL": "https://api.paypal.com/cert",
    "PAYPAL-TRANSMISSION-ID": "id-1",
    "PAYPAL-TRANSMISSION-SIG": "good",
    "PAYPAL-TRANSMISSION-TIME": "2026-01-31T15:00:00Z",
}


@dataclass
class Double:
    """PayPal as its documentation describes it, as far as payouts go."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: int = 0
    expires_in: int = 32_400
    withdrawn: set[str] = field(default_factory=set)
    statuses: dict[str, str] = field(default_factory=dict)
    answers_instead: list[tuple[int, Any]] = field(default_factory=list)
    loses_answers: int = 0

    def answer(self, method: str, path: str, headers: Any, content: bytes) -> tuple[int, Any]:
        self.asked.append((method, path))
        if path == "/v1/oauth2/token":
            return self._token(headers, content)
        if (
            headers.get("Authorization")
            not in {f"Bearer token-{n}" for n in range(1, self.tokens + 1)} - self.withdrawn
        ):
            return 401, {"name": "AUTHENTICATION_FAILURE"}
        if self.answers_instead:
            return self.answers_instead.pop(0)
        body = json.loads(content) if content else None
        where = urlparse(path)
        match method, where.path.removeprefix("/v1/").split("/"):
            case "POST", ["payments", "payouts"]:
                return self._send(body)
            case "GET", ["payments", "payouts", batch]:
                return self._batch(batch, parse_qs(where.query))
            case "GET", ["payments", "payouts-item", item]:
                return self._item(item)
            case "POST", ["payments", "payouts-item", item, "cancel"]:
                return self._cancel(item)
            case "POST", ["notifications", "verify-webhook-signature"]:
                good = body["transmission_sig"] == "good" and body["webhook_id"] == "WH-1"
                return 200, {"verification_status": "SUCCESS" if good else "FAILURE"}
        return 404, {"name": "RESOURCE_NOT_FOUND"}

    def _token(self, headers: Any, content: bytes) -> tuple[int, Any]:
        basic = "Basic " + base64.b64encode(b"client:secret").decode()
        if headers.get("Authorization") != basic or content != b"grant_type=client_credentials":
            return 401, {"error": "invalid_client"}
        self.tokens += 1
        return 200, {"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": self.expires_in}

    def _send(self, body: Any) -> tuple[int, Any]:
        batch_id = body["sender_batch_header"]["sender_batch_id"]
        for reference, sent in self.batches.items():
            if sent["sender_batch_header"]["sender_batch_id"] == batch_id:
                href = f"https://api.paypal.com/v1/payments/payouts/{reference}"
                duplicate = {
                    "field": "SENDER_BATCH_ID",
                    "issue": "already exists",
                    "link": [{"href": href, "rel": "self"}],
                }
                return 400, {"name": "USER_BUSINESS_ERROR", "message": "User business error.", "details": [duplicate]}
        reference = f"BATCH{len(self.batches) + 1}"
        self.batches[reference] = body
        if self.loses_answers:
            self.loses_answers -= 1
            return 504, "gateway time-out"
        return 201, {"batch_header": {"payout_batch_id": reference, "batch_status": "PENDING"}}

    def _batch(self, reference: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        if reference not in self.batches:
            return 404, {"name": "RESOURCE_NOT_FOUND"}
        size, page = int(query["page_size"][0]), int(query["page"][0])
        items = [self._told(reference, each) for each in self.batches[reference]["items"]]
        return 200, {
            "batch_header": {"payout_batch_id": reference, "batch_status": "SUCCESS"},
            "total_pages": -(-len(items) // size),
            "items": items[(page - 1) * size : page * size],
        }

    def _told(self, reference: str, item: dict[str, Any]) -> dict[str, Any]:
        status = self.statuses.get(item["sender_item_id"], "SUCCESS")
        told = {
            "payout_item_id": f"ITEM-{item['sender_item_id'].replace('_', '')}",
            "transaction_status": status,
            "payout_batch_id": reference,
            "payout_item": item,
        }
        if status == "UNCLAIMED":
            told["errors"] = {"name": "RECEIVER_UNREGISTERED", "message": "Not registered."}
        return told

    def _item(self, reference: str) -> tuple[int, Any]:
        for batch, sent in self.batches.items():
            for item in sent["items"]:
                told = self._told(batch, item)
                if told["payout_item_id"] == reference:
                    return 200, told
        return 404, {"name": "ITEM_NOT_FOUND"}

    def _cancel(self, reference: str) -> tuple[int, Any]:
        status, told = self._item(reference)
        if status != 200 or told["transaction_status"] != "UNCLAIMED":
            return 400, {"name": "ITEM_ALREADY_COMPLETED"}
        self.statuses[told["payout_item"]["sender_item_id"]] = "RETURNED"
        return self._item(reference)


@pytest.fixture
def paypal() -> Iterator[Double]:
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = double.answer(self.command, self.path, self.headers, content)
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{running.server_port}"
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    yield double
    running.shutdown()
    running.server_close()


@pytest.fixture
def gateway(paypal: Double) -> PayPalPayouts:
    return PayPalPayouts(PayPalClient(paypal.url, lambda: "client:secret"), webhook_id="WH-1", page_size=2)


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


@pytest.mark.parametrize(
    ("status", "body"),
    [
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
    assert (found.id, found.status) == ("pay_2", status)


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
        dict(REPORT),
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
        gateway.reported_item(REPORT, body)
