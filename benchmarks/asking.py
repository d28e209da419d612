"""Who asks the product over HTTP: a key's client of the API, and somebody's browser on the portal."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from infra.local import demo_people

CPU = "X-CPU-Milliseconds"
"""The header with what the product itself took, of an answer by `benchmarks.served`."""


class Caller:
    """One key's client of the API."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The document of an answer; ends the program if it is a refusal."""
        return self.answer(method, path, body).json()

    def answer(self, method: str, path: str, body: Any = None) -> requests.Response:
        """An answer; ends the program if it is a refusal."""
        response = self._session.request(method, self._base_url + path, json=body, timeout=60)
        if response.status_code not in (200, 201):
            raise SystemExit(f"{method} {path}: {response.status_code} {response.text}")
        return response


class Reader:
    """The browser of a partner's owner, who has signed in to the portal.

    She joins the team in this process, whose settings have to be those of the product that she asks.
    """

    def __init__(self, base_url: str, *, partner_id: str) -> None:
        self._portal = f"{base_url}/portal"
        self._session = requests.Session()
        email = "owner@many.example"
        demo_people.join(partner_id, email)
        here = urlsplit(base_url)
        form = {"email": email, "password": demo_people.PASSWORD}
        origin = {"Origin": f"{here.scheme}://{here.netloc}"}
        page = self._session.post(f"{self._portal}/sign-in", form, headers=origin, timeout=60)
        if not page.url.endswith("/portal/home"):
            raise SystemExit(f"The sign-in led to {page.url}: {page.status_code}")

    def read(self, path: str, *, element: str = "") -> requests.Response:
        """A page, or what htmx gets for one element of it; ends the program if there is another page instead."""
        headers = {"HX-Request": "true", "HX-Target": element} if element else {}
        page = self._session.get(f"{self._portal}/{path}", headers=headers, timeout=60, allow_redirects=False)
        if page.status_code != 200:
            raise SystemExit(f"portal/{path}: {page.status_code}")
        return page


@dataclass
class Answered:
    """What was answered first, and the milliseconds that each answer took: on the clock, and of CPU."""

    answer: requests.Response
    milliseconds: list[float]
    cpu: list[float]

    @property
    def kilobytes(self) -> float:
        return len(self.answer.content) / 1000


def in_turns(asking: Mapping[str, Callable[[], requests.Response]], *, times: int) -> dict[str, Answered]:
    """Ask each once, and then all of them one after the other so many times."""
    answered = {name: Answered(asks(), [], []) for name, asks in asking.items()}
    for _ in range(times):
        for name, asks in asking.items():
            began = time.perf_counter()
            answer = asks()
            answered[name].milliseconds.append((time.perf_counter() - began) * 1000)
            answered[name].cpu.append(float(answer.headers[CPU]))
    return answered
