"""Calling another function, over the wire to a stand-in for Lambda."""

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.gateways import lambdas

DRAWN = {"key": "invoices/1.pdf"}


class Lambda(BaseHTTPRequestHandler):
    """Answers each invocation the same way, or not at all."""

    status, headers_sent, body = 200, {}, b""
    silent = threading.Event()
    asked = 0
    statuses: Sequence[int] = ()
    """Of the first invocations, where they are not answered like the others."""

    def do_POST(self) -> None:
        type(self).asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.status == 0:
            self.silent.wait(5)
            return
        self.send_response(self.statuses[self.asked - 1] if self.asked <= len(self.statuses) else self.status)
        for name, value in {"Content-Length": str(len(self.body)), **self.headers_sent}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Lambda]]:
    answering = type("Answering", (Lambda,), {"silent": threading.Event()})
    server = HTTPServer(("127.0.0.1", 0), answering)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(lambdas, "_LONGEST_WAIT_SECONDS", 0.2)
    lambdas._lambda.cache_clear()
    yield answering
    answering.silent.set()
    server.shutdown()
    server.server_close()
    lambdas._lambda.cache_clear()


def test_what_the_function_returns_is_handed_on(function: type[Lambda]) -> None:
    function.body = json.dumps(DRAWN).encode()

    assert lambdas.call("render_invoice", {}) == DRAWN


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        pytest.param(0, {}, {}, id="it does not answer"),
        pytest.param(429, {"X-Amzn-ErrorType": "TooManyRequestsException"}, {"Reason": "Rate"}, id="it is throttled"),
        pytest.param(500, {"X-Amzn-ErrorType": "ServiceException"}, {}, id="Lambda fails"),
        pytest.param(
            200,
            {"X-Amz-Function-Error": "Unhandled"},
            {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out after 10.00 seconds"},
            id="it was stopped for its time",
        ),
    ],
)
def test_a_function_that_is_late_or_throttled_may_be_called_again(
    function: type[Lambda], status: int, headers: dict[str, str], body: Any
) -> None:
    function.status, function.headers_sent, function.body = status, headers, json.dumps(body).encode()

    with pytest.raises(lambdas.FunctionLate):
        lambdas.call("render_invoice", {})

    assert function.asked == 1  # asking twice would take longer than the request has


def test_an_event_that_could_not_be_handed_over_is_handed_over_again(function: type[Lambda]) -> None:
    function.statuses, function.status = [500], 202

    lambdas.start("sweep_renewals", {})

    assert function.asked == 2


def test_a_function_that_raised_has_failed(function: type[Lambda]) -> None:
    function.headers_sent = {"X-Amz-Function-Error": "Unhandled"}
    function.body = json.dumps({"errorType": "LookupError", "errorMessage": "no such invoice"}).encode()

    with pytest.raises(lambdas.FunctionFailed, match="no such invoice"):
        lambdas.call("render_invoice", {})


def test_a_function_that_may_not_be_called_is_an_error(function: type[Lambda]) -> None:
    function.status, function.headers_sent = 403, {"X-Amzn-ErrorType": "AccessDeniedException"}

    with pytest.raises(ClientError):
        lambdas.call("render_invoice", {})
