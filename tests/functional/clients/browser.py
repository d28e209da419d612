"""A browser without JavaScript: it keeps cookies, reads pages and sends their forms."""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

from tests.functional.conftest import Answer, Api


@dataclass
class Form:
    """A form of a page: where it goes and what it sends unless somebody writes into it."""

    to: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What a reader sees, the forms, and every element with its attributes."""

    def __init__(self, answer: Answer, path: str) -> None:
        super().__init__(convert_charrefs=True)
        self.status, self.headers, self.text, self.path = answer.status, answer.headers, answer.text, path
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[Form] = []
        self.choices: dict[str, list[str]] = {}
        """The values of each choice."""
        self.choice = ""
        self.open = ""
        self.feed(answer.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.open = tag
        self.elements.append((tag, given))
        if tag == "form":
            assert given["method"] == "post"
            self.forms.append(Form(urljoin(self.path, given.get("action") or "")))
        if tag == "input" and self.forms:
            self.forms[-1].fields[given["name"] or ""] = given.get("value") or ""
        if tag == "select":
            self.choice = given["name"] or ""
            self.choices[self.choice] = []
        if tag == "option":
            self.choices[self.choice].append(given["value"] or "")
            if "selected" in given or len(self.choices[self.choice]) == 1:
                self.forms[-1].fields[self.choice] = given["value"] or ""

    def handle_data(self, data: str) -> None:
        if self.open not in {"style", "script"}:
            self.words.append(data)

    @property
    def seen(self) -> str:
        """The words on the page."""
        return " ".join(" ".join(self.words).split())

    @property
    def language(self) -> str | None:
        return next(attributes["lang"] for tag, attributes in self.elements if tag == "html")

    @property
    def leads_to(self) -> str:
        """Where the page goes on to by itself."""
        found = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', self.text)
        return urljoin(self.path, unescape(found[1])) if found else ""

    def links(self) -> list[str]:
        return [urljoin(self.path, attributes["href"] or "") for tag, attributes in self.elements if tag == "a"]


@dataclass
class Browser:
    """One browser of a client's."""

    api: Api
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    set: list[str] = field(default_factory=list)
    """The cookies as they were set, with their attributes."""

    def open(self, path: str, **headers: str) -> Page:
        return self._page("GET", path, b"", headers)

    def send(self, form: Form, *, site: str | None = "same-origin", **written: str) -> Page:
        """Send a form with what is written into it."""
        headers = {"Content_Type": "application/x-www-form-urlencoded"}
        if site is not None:
            headers["Sec_Fetch_Site"] = site
        return self._page("POST", form.to, urlencode(form.fields | written).encode(), headers)

    def post(self, path: str, raw: bytes, **headers: str) -> Page:
        return self._page("POST", path, raw, headers)

    def fetch(self, path: str) -> Answer:
        """What is no page: where it leads."""
        return self._ask("GET", path, b"", {})

    def _page(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> Page:
        answer = self._ask(method, path, raw, headers)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8", answer.text
        return Page(answer, path)

    def _ask(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> Answer:
        sent = {"Accept": "text/html,*/*;q=0.8", "Accept_Language": self.language} | headers
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.api.ask(method, path, raw=raw, key=None, **sent)
        if "Set-Cookie" in answer.headers:
            self._keep(answer.headers["Set-Cookie"])
        return answer

    def _keep(self, header: str) -> None:
        self.set.append(header)
        name, _, value = header.partition(";")[0].partition("=")
        self.cookies[name] = value
        if "Max-Age=0" in header:
            del self.cookies[name]
