"""A double of PayPal's documented API on loopback, as far as payouts go."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

SIGNED = {
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
    status: str = "SUCCESS"
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
        status = self.statuses.get(item["sender_item_id"], self.status)
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


@contextmanager
def double_of_paypal() -> Iterator[Double]:
    """A double that listens until it is closed."""
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
    try:
        yield double
    finally:
        running.shutdown()
        running.server_close()
