"""`python -m infra.local listen`: a webhook receiver for trying webhooks, on this machine only."""

import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import requests
from rich.console import Console
from standardwebhooks import Webhook, WebhookVerificationError

from infra.local import access
from infra.local.access import Access, NothingRuns
from infra.local.emulator import HOST, PortTaken

MOST_BYTES = 1_000_000
SECONDS = 30


CHECK_SECONDS = 1.0


class NotRegistered(Exception):
    """The API did not accept the webhook."""


class StackEnded(Exception):
    """The stack has stopped."""


@dataclass
class Listener:
    """Verifies and prints events; marks those that came before. `print_line` prints one line."""

    print_line: Callable[[str], None]
    secret: str = ""
    seen: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, headers: dict[str, str], body: bytes) -> int:
        """Verify and print what was posted; returns the status code to answer with."""
        try:
            event = Webhook(self.secret).verify(body, headers)
        except (WebhookVerificationError, ValueError) as refused:
            self.print_line(f"[red]refused[/]  {_plain(str(refused) or 'the signature is wrong')}")
            return 401
        with self.lock:
            again = event["id"] in self.seen
            self.seen.add(event["id"])
        self.print_line(line_of(event, again=again))
        return 204


def line_of(event: dict[str, Any], *, again: bool) -> str:
    """An event on one line: its time, type, account, and what changed."""
    changed = ", ".join(
        f"{name} {_short(event['before'].get(name))} → {_short(value)}"
        for name, value in event["after"].items()
        if event["before"].get(name) is not None
    )
    about = changed or ", ".join(f"{name} {_short(value)}" for name, value in event["data"].items())
    whose = event["account_id"] or ""
    repeated = "  [yellow](again)[/]" if again else ""
    return f"[dim]{event['at']}[/]  [bold]{event['type']:<28}[/] {_plain(whose):<31} {_plain(about)}{repeated}"


def listen(*, program: str, port: int, events: Sequence[str], as_json: bool) -> None:
    """Register as a webhook of a demo partner of the running stack, print its events, and deregister on Ctrl-C.

    Raises NothingRuns, PortTaken and NotRegistered, and StackEnded when the stack ends first.
    """
    console = Console(highlight=False, soft_wrap=True)
    listener = Listener(print_line=console.print)
    if as_json:
        listener.print_line = lambda _: None
    server = _server(port, listener, echo=print if as_json else None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://{HOST}:{server.server_address[1]}/"
    try:
        reach = access.announced()
        with _Registered(reach, program=program, url=url, events=events) as webhook:
            listener.secret = webhook["secret"]
            if not as_json:
                console.print(
                    f"[green]Listening[/] at {url} as {webhook['id']} of the {program} partner, "
                    f"for {', '.join(webhook['events'])}. Ctrl-C ends it.\n"
                )
            while still_runs(reach):
                time.sleep(CHECK_SECONDS)
            raise StackEnded(
                "The stack has stopped; no more events will come. Start it with `make run`, then listen again."
            )
    finally:
        server.shutdown()
        server.server_close()


def still_runs(reach: Access) -> bool:
    """Whether the stack that was announced still runs, and its address answers."""
    try:
        if access.announced() != reach:
            return False
        address = urlsplit(reach.base_url)
        socket.create_connection((address.hostname or HOST, address.port or 80), timeout=SECONDS).close()
    except (NothingRuns, ConnectionRefusedError):
        return False
    except OSError:
        return True  # busy
    return True


class _Registered:
    """The webhook, registered for as long as the block lasts."""

    def __init__(self, reach: Access, *, program: str, url: str, events: Sequence[str]) -> None:
        if program not in reach.partners:
            raise NotRegistered(f"There is no partner {program} here, only {', '.join(reach.partners)}.")
        self._base = f"{reach.base_url}/v1/webhooks"
        self._headers = {"Authorization": f"Bearer {reach.partners[program].key}"}
        self._body = {"url": url, "events": list(events), "description": "python -m infra.local listen"}
        self._id = ""

    def __enter__(self) -> dict[str, Any]:
        try:
            answer = requests.post(self._base, json=self._body, headers=self._headers, timeout=SECONDS)
        except requests.ConnectionError as lost:
            raise NothingRuns("Nothing answers at the address of the stack. Start one with `make run`.") from lost
        if answer.status_code != 201:
            raise NotRegistered(f"The webhook was not accepted: {answer.json().get('detail', answer.text)}")
        webhook: dict[str, Any] = answer.json()
        self._id = webhook["id"]
        return webhook

    def __exit__(self, *_raised: object) -> None:
        with suppress(requests.RequestException):  # the stack may have stopped first
            requests.delete(f"{self._base}/{self._id}", headers=self._headers, timeout=SECONDS)


def _server(port: int, listener: Listener, *, echo: Callable[[str], None] | None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            if length > MOST_BYTES:
                self.send_error(413)
                return
            body = self.rfile.read(length)
            status = listener.receive(dict(self.headers.items()), body)
            if echo is not None and status == 204:
                echo(json.dumps(json.loads(body), ensure_ascii=False))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Events are printed, requests are not."""

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as taken:
        raise PortTaken(f"Port {port} on {HOST} is taken; choose another with --port.") from taken


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"


def _plain(text: str) -> str:
    """A text without rich's markup."""
    return text.replace("[", r"\[")
