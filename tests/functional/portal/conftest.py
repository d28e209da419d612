"""The portal as browsers meet it: events of API Gateway through the app, on moto."""

import re
from dataclasses import dataclass, field, replace
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

import app
from chalicelib.api import clock
from chalicelib.domain.people.roles import Role
from chalicelib.domain.people.sessions import Session
from chalicelib.models.people import persons as person_rows
from chalicelib.models.transactions import commit
from chalicelib.services.people import sessions
from tests.functional.conftest import Api
from tests.people import make_person

HOST = "portal.example"
ORIGIN = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Page:
    """An answer of the portal."""

    status: int
    headers: dict[str, str]
    html: str

    @property
    def text(self) -> str:
        """What a reader sees, on one line."""
        body = re.sub(r"(?s)<(head|script|svg)\b.*?</\1>", " ", self.html)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@dataclass(frozen=True)
class Visitor:
    """A browser of somebody; signed in if there is a session."""

    token: str = ""
    session: Session | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Page:
        return self._ask("GET", path, b"", headers)

    def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Page:
        """Send a form as its page does: with the session's secret, from our origin."""
        guarded = {"csrf": self.session.csrf} if self.session else {}
        body = urlencode(guarded | (fields or {}), doseq=True).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, body, form | ORIGIN | {n.replace("_", "-"): v for n, v in headers.items()})

    def part(self, path: str, element: str) -> Page:
        """What htmx gets for one element of a page."""
        return self.get(path, HX_Request="true", HX_Target=element)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Page:
        asked = urlsplit(path)
        cookie = {"Cookie": f"other=é; a[b]={{}}; portal={self.token}"} if self.session else {}
        sent = {"Host": HOST} | cookie | self.headers | {n.replace("_", "-"): v for n, v in headers.items()}
        event = {
            "requestContext": {"httpMethod": method, "resourcePath": "/portal/{proxy+}", "requestId": "req_1"},
            "multiValueQueryStringParameters": parse_qs(asked.query, keep_blank_values=True) or None,
            "headers": sent,
            "pathParameters": {"proxy": asked.path},
            "body": body.decode("latin-1"),
            "isBase64Encoded": False,
            "stageVariables": None,
        }
        answer = app.app(event, SimpleNamespace(aws_request_id="req_1"))
        joined = {name: ", ".join(values) for name, values in (answer.get("multiValueHeaders") or {}).items()}
        return Page(answer["statusCode"], answer["headers"] | joined, answer["body"])


def signed_in(team: str, role: Role = Role.OWNER, *, language: str = "en") -> Visitor:
    """The browser of somebody with that role in a partner's team, or in the vendor's."""
    person = make_person(f"{role}-{language}@bright.example", team=team, role=role)
    commit([person_rows.put(replace(person, language=language))])
    begun = sessions.begin(person_id=person.id, team_id=team, now=clock.machine_now())
    return Visitor(begun.token, begun.session)


@pytest.fixture
def stranger(api: Api) -> Visitor:
    """A browser that has not signed in."""
    return Visitor()
