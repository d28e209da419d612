"""A receiver of webhooks on this machine that answers as a test wants."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Request:
    """What was posted."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> Any:
        """The event, after its signature was checked as a partner checks it."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers each request with what ``answer`` says: a status, or None to say nothing until the end."""

    url: str
    answer: Callable[[Request], int | None] = lambda _: 204
    requests: list[Request] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def event_ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]


@contextmanager
def receiver(
    answer: Callable[[Request], int | None] = lambda _: 204, *, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A receiver on a free port of 127.0.0.1, for as long as the block lasts; over HTTPS with ``tls``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.path, headers, self.rfile.read(int(headers["content-length"])))
            made.requests.append(request)
            status = made.answer(request)
            if status is None:
                made.over.wait(30)
                return
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", made.url + "redirected")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made = Receiver(f"http://127.0.0.1:{server.server_address[1]}/", answer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def speaking(say: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a server that reads a request and then writes what ``say`` likes to the bare connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(20)
                    connection.recv(65536)
                    say(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.close()
        thread.join(5)
