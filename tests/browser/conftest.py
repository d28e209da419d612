"""The portal in a real browser, on a deployed stack: one stack, one browser, a partner with accounts.

`make browser` runs these tests, with Debian's Chromium. A test opens pages by `visit`, which is signed in, and checks
them by `checks.py`. At its end no page may have logged anything: that is how a breach of the policy shows.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from chalicelib.domain.people.roles import VENDOR
from infra.local.emulator import CREDENTIALS
from infra.local.stack import LocalStack
from infra.package import PROJECT
from tests.stack.client import TRIAL, Client, new_partner

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * 127.0.0.1"),
]
"""Switches of a browser that asks nobody but this machine."""
SHAPES: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "no-script": {"viewport": {"width": 1440, "height": 900}, "java_script_enabled": False},
}
EXPECTED = ("401", "402", "403", "404", "409", "422")
"""Statuses that the browser logs and that pages mean."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


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


@dataclass
class Team:
    """A partner (or the vendor) on the stack, whose people can sign in."""

    stack: LocalStack
    id: str
    client: Client | None = None
    _token: Callable[[str, str], str] = field(init=False)

    def __post_init__(self) -> None:
        self._token = cache(self._begin)

    def token(self, role: str = "owner", language: str = "en") -> str:
        """The token of a session, begun once for each role and language."""
        return self._token(role, language)

    def _begin(self, role: str, language: str) -> str:
        settings = self.stack.deployed.environment | {"AWS_ENDPOINT_URL": self.stack.deployed.endpoint}
        done = subprocess.run(
            [sys.executable, "-m", "tests.browser.sign_in", self.id, role, language],
            cwd=PROJECT,
            env=os.environ | CREDENTIALS | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="session")
def new_team(stack: LocalStack) -> Callable[..., Team]:
    """Makes a partner of a program, without anything."""

    def make(program: str = "agency") -> Team:
        client = new_partner(stack.base_url, stack.operator_key, program=program)
        return Team(stack, client.get("/v1/partner")["id"], client)

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
def vendor(stack: LocalStack) -> Team:
    """The vendor's own team."""
    return Team(stack, VENDOR)


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, team: Team) -> Iterator[Visit]:
    """`visit("accounts")` opens a page as an owner; also `shape="phone"`, `role=…`, `language=…`, `team=…`, or
    `signed_in=False`. Nothing may be logged by the test's end."""
    contexts: list[BrowserContext] = []
    logged: list[str] = []

    def open_page(path: str, *, shape: str = "wide", signed_in: bool = True, **who: Any) -> Page:
        whose: Team = who.pop("team", team)
        context = browser.new_context(**SHAPES[shape])
        context.set_default_timeout(20_000)
        contexts.append(context)
        base = whose.stack.base_url
        if signed_in:
            context.add_cookies([{"name": "portal", "value": whose.token(**who), "url": base, "httpOnly": True}])
        page = context.new_page()
        page.on("console", lambda message: logged.append(_line(message)))
        page.on("pageerror", lambda error: logged.append(str(error)))
        page.goto(f"{base}/portal/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [line for line in logged if not any(f"status of {status}" in line for status in EXPECTED)] == []


def _line(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text} ({message.location.get('url')})"


@contextmanager
def swapped(page: Page, element: str = "#list") -> Iterator[None]:
    """Waits until htmx has put something into an element."""
    page.evaluate("selector => document.querySelector(selector).dataset.old = 'yes'", element)
    yield
    page.wait_for_selector(f"{element}:not([data-old])")
