"""What goes over the wire to the product's platform, and what is made of its answers: a real server on loopback."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from chalicelib.config import settings
from chalicelib.domain.setup.templates import Template
from chalicelib.gateways import provisioning
from chalicelib.gateways.provisioning import Failed, Ready, SandboxPlatform, Undecided, WebhookPlatform
from tests.builders import NOW, make_account

SECRET = "a secret of the platform's"
LETTER = Template("tmpl_1", "acct_1", "prt_1", "Welcome", "<p>ż</p>", NOW, NOW)


@dataclass
class Server:
    """Answers every request alike and keeps what it was asked."""

    status: int = 200
    body: bytes = b'{"status": "ready"}'
    location: str | None = None
    pause_seconds: float = 0.0
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append((self.path, dict(self.headers), content))
            time.sleep(told.pause_seconds)
            self.send_response(told.status)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *args: Any) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{running.server_port}/prepare"
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("PROVISIONING_URL", told.url)
    monkeypatch.setenv("PROVISIONING_SECRET_PARAMETER", "/test/provisioning")
    settings.cache_clear()
    boto3.client("ssm").put_parameter(Name="/test/provisioning", Value=SECRET, Type="SecureString", Overwrite=True)
    yield told
    running.shutdown()
    running.server_close()
    settings.cache_clear()


def ask(server: Server) -> provisioning.Answer:
    return provisioning.platform().prepare(make_account(), [LETTER], now=NOW)


def test_it_is_asked_about_the_account_with_a_signature_only_we_can_make(server: Server) -> None:
    assert ask(server) == Ready()
    assert ask(server) == Ready()

    (path, headers, content), (_, _, again) = server.asked
    told = json.loads(content)
    at, signed = (part.partition("=")[2] for part in headers["Sublet-Signature"].split(","))
    assert (path, again) == ("/prepare", content)
    assert headers["Idempotency-Key"] == told["account_id"] == "acct_1"
    assert told["plan"]["tier"] == "plus"
    assert told["templates"] == [{"id": "tmpl_1", "name": "Welcome", "subject": "", "html": "<p>ż</p>"}]
    assert int(at) == int(NOW.timestamp())
    assert signed == hmac.new(SECRET.encode(), f"{at}.".encode() + content, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, b'{"status": "ready", "more": 1}', Ready()),
        (200, b'{"status": "failed", "reason": "No room."}', Failed("No room.")),
        (200, b'{"status": "failed"}', Failed("The platform gave no reason.")),
        (200, b'{"status": "failed", "reason": "' + b"x" * 600 + b'"}', Failed("x" * 500)),
        (202, b"", Undecided()),
        (200, rb'{"status": "failed", "reason": "No\r\nroom\u0000 \ud800"}', Failed("No room ?")),
        (200, b'{"status": "perhaps"}', Undecided()),
        (200, b"[" * 9_000, Undecided()),
        (200, b"\xff", Undecided()),
        (200, b"[]", Undecided()),
        (200, b'{"status": "ready"' + b" " * 20_000 + b"}", Undecided()),
        (404, b'{"status": "failed"}', Undecided()),
        (500, b'{"status": "ready"}', Undecided()),
    ],
)
def test_only_a_clear_answer_decides(server: Server, status: int, body: bytes, answer: provisioning.Answer) -> None:
    server.status, server.body = status, body

    assert ask(server) == answer


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.status, server.location = 307, server.url

    assert ask(server) == Undecided()
    assert len(server.asked) == 1


def test_who_is_slow_or_away_has_not_decided(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "_READ_SECONDS", 0.05)
    server.pause_seconds = 0.3

    assert ask(server) == Undecided()
    assert WebhookPlatform("http://127.0.0.1:9/").prepare(make_account(), [], now=NOW) == Undecided()


def test_without_its_secret_nobody_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISIONING_SECRET_PARAMETER", "/test/none")
    settings.cache_clear()

    assert ask(server) == Undecided()
    assert server.asked == []


def test_production_has_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"sandbox_provisioning": "failed"}
    in_sandbox = provisioning.platform()
    monkeypatch.setenv("STAGE", "prod")
    settings.cache_clear()

    in_production = provisioning.platform()
    settings.cache_clear()

    assert isinstance(in_sandbox, SandboxPlatform)
    assert not in_sandbox.is_instant(told)
    assert in_production.is_instant(told)
