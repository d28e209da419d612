"""A stand-in for the vendor's product, so that log-ins on this machine lead to a page.

Each account has an address of its own, `http://NAME.localhost:PORT`; browsers look up names under `localhost` on this
machine by themselves. The page shows the account's branding and a log-in form, and in a session whose it is. Log-ins go
to the API as the product's would. Branding is read from the stack's tables: a real product learns of it from events.
Where no account is, at `http://localhost:PORT`, are the mails and the clock of the stack (`control_page.py`).
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import requests

from chalicelib.domain.setup.branding import PLAIN, Branding
from infra.local.control_page import POLICY, ControlPage, NotDays
from infra.local.deployed import DeployedStack
from infra.local.emulator import HOST, free_port, is_free
from infra.local.product_pages import Page, account_page, nobody_page

SUFFIX = ".localhost"
SECONDS = 30
MOST_BYTES = 10_000
ROUTES = {"/log-in": "/public/login", "/forgotten": "/public/password-resets"}
"""What the pages' forms are sent to, and the route of the API it is passed on to."""
CONTROL_HOSTS = ("localhost", HOST)


class Product:
    """The stand-in on a port of the loopback interface, as a context manager."""

    def __init__(self, *, beside: int) -> None:
        """It takes the port after `beside` if that is free, else any."""
        self.port = beside + 1 if beside < 65_535 and is_free(beside + 1) else free_port()
        self.login_url = f"http://{{name}}{SUFFIX}:{self.port}"
        self.control_url = f"http://localhost:{self.port}/"
        self._server = _Server((HOST, self.port), _Handler)
        self._server.control_url = self.control_url

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def connect(self, deployed: DeployedStack) -> None:
        """Serve the accounts of this stack. Before that every page says that the stack is being started."""
        self._server.control = ControlPage(deployed, self.port)
        self._server.deployed = deployed


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    deployed: DeployedStack | None = None
    control: ControlPage | None = None
    control_url = ""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SECONDS

    def do_GET(self) -> None:
        deployed, name = self.server.deployed, self._name()
        if self.path == "/session":
            self._pass_on("GET", "/public/session", {"Authorization": self.headers.get("Authorization", "")})
        elif self.server.control is not None and self._host() in CONTROL_HOSTS:
            self._show_control(self.server.control)
        elif self.path != "/":
            self._answer_page(nobody_page("There is no such page."), status=404)
        elif deployed is None:
            self._answer_page(nobody_page("The stack is being started. Reload in a moment."), status=503)
        elif (branding := branding_of(deployed, name)) is None:
            self._answer_page(nobody_page(f"There is no account {name}."), status=404)
        else:
            self._answer_page(account_page(name, branding, control_url=self.server.control_url))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path == "/clock" and self.server.control is not None and length <= MOST_BYTES:
            self._move_clock(self.server.control, self.rfile.read(length))
            return
        route = ROUTES.get(self.path)
        if route is None or not 0 < length <= MOST_BYTES:
            self.send_error(404 if route is None else 413)
            return
        self._pass_on("POST", route, {"Content-Type": "application/json"}, self.rfile.read(length))

    def log_message(self, *_: Any) -> None:
        """Requests are not logged."""

    def _show_control(self, control: ControlPage) -> None:
        _, place, number = ["", *self.path.split("/")][-3:]
        html = control.show() if self.path == "/" else control.show_mail(number) if place == "mails" else None
        page = nobody_page("There is no such page.") if html is None else Page(html, POLICY)
        self._answer_page(page, status=404 if html is None else 200)

    def _move_clock(self, control: ControlPage, form: bytes) -> None:
        """Move the clock as the page's form says; another site's form moves nothing."""
        if self._host() not in CONTROL_HOSTS or self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            self.send_error(403)
            return
        try:
            control.move_clock(parse_qs(form.decode("ascii", "replace")).get("days", [""])[-1])
        except NotDays as refused:
            self._answer_page(nobody_page(str(refused)), status=422)
            return
        self._answer(303, "text/plain", b"", {"Location": "/"})

    def _name(self) -> str:
        """The account's name in the address that was asked for; empty without one."""
        host = self._host()
        return host.removesuffix(SUFFIX) if host.endswith(SUFFIX) else ""

    def _host(self) -> str:
        return (self.headers.get("Host") or "").partition(":")[0].lower()

    def _pass_on(self, method: str, route: str, headers: dict[str, str], body: bytes | None = None) -> None:
        """Ask the API, and answer as it does."""
        if self.server.deployed is None:
            self._answer(503, "application/json", json.dumps({"detail": "The stack is being started."}).encode())
            return
        url = self.server.deployed.base_url + route
        answer = requests.request(method, url, headers=headers, data=body, timeout=SECONDS)
        self._answer(answer.status_code, answer.headers.get("Content-Type", "application/json"), answer.content)

    def _answer_page(self, page: Page, *, status: int = 200) -> None:
        self._answer(status, "text/html; charset=utf-8", page.html.encode(), {"Content-Security-Policy": page.policy})

    def _answer(self, status: int, media: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        fixed = {"Content-Type": media, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        for name, value in (fixed | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def branding_of(deployed: DeployedStack, name: str) -> Branding | None:
    """How the account of this name looks; None if there is none."""
    tables = deployed.environment
    row = deployed.dynamodb.get_item(TableName=tables["NAMES_TABLE"], Key={"name": {"S": name}}).get("Item")
    if row is None:
        return None
    key = {"id": {"S": f"branding#{row['account_id']['S']}"}}
    kept = deployed.dynamodb.get_item(TableName=tables["ACCESS_TABLE"], Key=key).get("Item")
    return Branding(**json.loads(kept["branding"]["S"])) if kept else PLAIN
