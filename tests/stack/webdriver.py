"""A real browser, driven by the WebDriver protocol: plain HTTP, so it needs no package of its own."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

ENTER, TAB = "\ue007", "\ue004"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_SECONDS = 30
PHONE = {"width": 360, "height": 740}


def chromedriver() -> str | None:
    """Where the driver of Chromium or Chrome is; None if there is none on this machine."""
    return shutil.which("chromedriver")


@dataclass
class Browser:
    """One window."""

    session: str

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    @property
    def url(self) -> str:
        return str(self._get("url"))

    @property
    def heading(self) -> str:
        return self._text("h1")

    @property
    def body(self) -> str:
        return self._text("body")

    def write(self, text: str) -> None:
        """Type into whatever has the focus, as a keyboard does."""
        self._post(f"element/{self._get('element/active')[_ELEMENT]}/value", {"text": text})

    def wait_for_url(self, start: str) -> str:
        return self._wait(lambda: self.url if self.url.startswith(start) else None, f"to be at {start}")

    def wait_for_heading(self, words: str) -> None:
        self._wait(lambda: self.heading == words or None, f"for {words}")

    def wait_for_text(self, words: str) -> None:
        self._wait(lambda: words in self.body or None, f"for {words}")

    def _text(self, selector: str) -> str:
        found = self._post("elements", {"using": "css selector", "value": selector})
        return str(self._get(f"element/{found[0][_ELEMENT]}/text")) if found else ""

    def _wait(self, look: Any, what: str) -> Any:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            try:
                if seen := look():
                    return seen
            except requests.HTTPError:  # the page went away between two questions
                pass
            time.sleep(0.05)
        raise AssertionError(f"waited in vain {what}: the browser is at {self.url}")

    def _get(self, path: str) -> Any:
        answer = requests.get(f"{self.session}/{path}", timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json()["value"]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.session}/{path}", json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json()["value"]


@contextmanager
def a_phone(driver: str) -> Iterator[Browser]:
    """A browser with a phone's window, in which no JavaScript of pages runs. It reaches this machine alone.

    Each step waits for the page that the step before asked for.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(base)
        options = {
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                f"--window-size={PHONE['width']},{PHONE['height']}",
                "--host-resolver-rules=MAP * 127.0.0.1",
            ],
            "prefs": {"profile.managed_default_content_settings.javascript": 2},
        }
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        created = requests.post(f"{base}/session", json=wanted, timeout=_SECONDS)
        created.raise_for_status()
        session = f"{base}/session/{created.json()['value']['sessionId']}"
        try:
            yield Browser(session)
        finally:
            requests.delete(session, timeout=_SECONDS)
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS)


def _wait_until_ready(base: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{base}/status", timeout=1).json()["value"]["ready"]:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the driver of the browser did not start")
