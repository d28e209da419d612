"""The portal in a real browser, on a deployed stack: one stack, one browser, a partner with accounts.

`make browser` runs these tests, with Debian's Chromium. A test opens pages by `visit`, which is signed in, and checks
them by `checks.py`. At its end no page may have logged anything: that is how a breach of the policy shows.
"""

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from subprocess import PIPE
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright

from chalicelib.domain.people.roles import VENDOR
from infra.local.emulator import CREDENTIALS
from infra.local.stack import LocalStack
from infra.package import PROJECT
from tests.browser.checks import PHONE, WIDE, checked
from tests.stack.client import TRIAL, Client, new_partner

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * 127.0.0.1",
]
"""Switches of a browser that asks nobody but this machine."""
SHAPES: dict[str, dict[str, Any]] = {
    "wide": {"viewport": WIDE},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
    "no-script": {"viewport": WIDE, "java_script_enabled": False},
}
EXPECTED = ("401", "402", "403", "404", "409", "422", "429")
"""Statuses that the browser logs and that pages mean."""
BY_TESTS = "Autofocus processing was blocked because a document already has a focused element"
"""What the browser logs when a test is quicker than the page that focuses its first fault."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


def pytest_sessionfinish(session: pytest.Session) -> None:
    workeroutput = getattr(session.config, "workeroutput", None)
    if workeroutput is not None:
        workeroutput["axe"] = dict(checked)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of xdist tells what it has checked."""
    checked.update(getattr(node, "workeroutput", {}).get("axe", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if checked:
        terminalreporter.write_line(f"axe: {checked.total()} pages and states ({len(checked)} pages), 0 violations")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    if CHROMIUM is None:
        tell = pytest.fail if os.environ.get("BROWSER") == "required" else pytest.skip
        tell("needs Chromium: apt-get install chromium fonts-inter")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The deployed stack."""
    with LocalStack(home=tmp_path_factory.mktemp("stack")) as running:
        yield running


def run_on(stack: LocalStack, module: str, *arguments: str) -> str:
    """What a module prints, run in a process of its own with the stack's settings in its environment."""
    settings = stack.deployed.environment | {"AWS_ENDPOINT_URL": stack.deployed.endpoint}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        env=os.environ | CREDENTIALS | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SignIn = Callable[[str, str, str], str]
"""Begins a session of a team's person with a role and a language, once for each; returns its token."""


@pytest.fixture(scope="session")
def sign_in(stack: LocalStack) -> Iterator[SignIn]:
    """A process that begins sessions on the stack."""
    settings = stack.deployed.environment | {"AWS_ENDPOINT_URL": stack.deployed.endpoint}
    command = [sys.executable, "-m", "tests.browser.sign_in"]
    with subprocess.Popen(
        command, cwd=PROJECT, env=os.environ | CREDENTIALS | settings, stdin=PIPE, stdout=PIPE, text=True, bufsize=1
    ) as process:

        @cache
        def begin(*who: str) -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            print(*who, file=process.stdin, flush=True)
            token = process.stdout.readline().strip()
            assert token, "the process that signs in has ended, and says above why"
            return token

        yield begin


@dataclass
class Team:
    """A partner (or the vendor) on the stack, whose people can sign in."""

    stack: LocalStack
    sign_in: SignIn
    id: str
    client: Client | None = None

    def token(self, role: str = "owner", language: str = "en") -> str:
        """The token of a session, begun once for each role and language."""
        return self.sign_in(self.id, role, language)


@pytest.fixture(scope="session")
def new_team(stack: LocalStack, sign_in: SignIn) -> Callable[..., Team]:
    """Makes a partner of a program, without anything."""

    def make(program: str = "agency") -> Team:
        client = new_partner(stack.base_url, stack.operator_key, program=program)
        return Team(stack, sign_in, client.get("/v1/partner")["id"], client)

    return make


@pytest.fixture(scope="session")
def team(new_team: Callable[..., Team]) -> Team:
    """A partner with ten accounts of all kinds, a card and prepaid money."""
    made = new_team()
    assert made.client is not None
    card = made.client.card()
    names = ("acme", "amber-lane", "bay-windows", "blue-heron-yoga", "cedar-stone", "copper-kettle", "dahlia-florists")
    for name in names:
        client = {"name": name.replace("-", " ").title(), "email": f"owner@{name}.example"}
        made.client.post("/v1/accounts", made.client.account_body(name, client=client, billing_profile_id=card))
    for name in ("first-steps", "new-leaf"):
        made.client.post("/v1/accounts", made.client.account_body(name, plan=TRIAL))
    disabled = made.client.all("/v1/accounts")[3]
    made.client.post(f"/v1/accounts/{disabled['id']}/disable", {}, status=200)
    made.client.post("/v1/credits/prepaid/purchases", {"billing_profile_id": card, "amount": 50_000})
    return made


@pytest.fixture(scope="session")
def vendor(stack: LocalStack, sign_in: SignIn) -> Team:
    """The vendor's own team."""
    return Team(stack, sign_in, VENDOR)


@dataclass
class Window:
    """A window of the browser, and what was logged in it."""

    page: Page
    logged: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, browser: Browser, shape: str) -> "Window":
        """A new one, of this shape."""
        context = browser.new_context(**SHAPES[shape])
        context.set_default_timeout(20_000)
        window = cls(context.new_page())
        window.page.on("console", lambda message: window.logged.append(_line(message)))
        window.page.on("pageerror", lambda error: window.logged.append(str(error)))
        window.page.on("dialog", window.answer)
        return window

    def answer(self, dialog: Dialog) -> None:
        """Leave pages that ask whether to; nothing else may ask."""
        if dialog.type != "beforeunload":
            self.logged.append(f"{dialog.type}: {dialog.message}")
        dialog.accept()

    def left(self, origin: str) -> list[str]:
        """Leave it empty for the next test, of what pages of ``origin`` have stored too; returns what was logged."""
        self.page.unroute_all()
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        devtools.detach()
        logged, self.logged = self.logged, []
        meant = (BY_TESTS, *(f"status of {status}" for status in EXPECTED))
        return [line for line in logged if not any(text in line for text in meant)]


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Mapping[str, list[Window]]:
    """Windows that no test uses just now, by shape: opening one takes as long as several pages."""
    return defaultdict(list)


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, windows: Mapping[str, list[Window]], team: Team) -> Iterator[Visit]:
    """`visit("accounts")` opens a page as an owner; also `shape="phone"`, `role=…`, `language=…`, `team=…`, or
    `signed_in=False`. The same person's next page opens in the same window. Nothing may be logged by the test's end."""
    used: dict[tuple[str, str], Window] = {}

    def open_page(path: str, *, shape: str = "wide", signed_in: bool = True, **who: Any) -> Page:
        whose: Team = who.pop("team", team)
        base, token = whose.stack.base_url, whose.token(**who) if signed_in else ""
        window = used.get((shape, token))
        if window is None:
            window = used[shape, token] = windows[shape].pop() if windows[shape] else Window.opened(browser, shape)
        if signed_in:
            window.page.context.add_cookies([{"name": "portal", "value": token, "url": base, "httpOnly": True}])
        window.page.goto(f"{base}/portal/{path}")
        return window.page

    yield open_page
    address = urlsplit(team.stack.base_url)
    origin = f"{address.scheme}://{address.netloc}"
    logged = [line for window in used.values() for line in window.left(origin)]
    for (shape, _), window in used.items():
        windows[shape].append(window)
    assert logged == []


def _line(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text} ({message.location.get('url')})"


@contextmanager
def swapped(page: Page, element: str = "#list") -> Iterator[None]:
    """Waits until htmx has put something into an element."""
    page.evaluate("selector => document.querySelector(selector).dataset.old = 'yes'", element)
    yield
    page.wait_for_selector(f"{element}:not([data-old])")
