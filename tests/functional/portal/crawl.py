"""Goes everywhere in the portal: follows each link from a page on, and finds the forms of every page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from chalicelib.portal import site
from tests.functional.portal.conftest import Page, Visitor

UNSENT = {"button", "file", "image", "reset"}
GUARD = {"csrf", "once"}


@dataclass(frozen=True)
class Form:
    """A form as one of its buttons sends it, if nobody writes into it; without what guards it."""

    method: str
    path: str
    fields: dict[str, list[str]]
    texts: tuple[str, ...]
    """The fields that somebody writes into."""
    on: str = ""
    """The page that it is on."""

    @property
    def name(self) -> str:
        """What it does, as the portal declares it: `POST services/{service_request_id}/margin`."""
        return f"{self.method} {declared(self.method, self.path)}"


@dataclass(frozen=True)
class Opened:
    """A page that was opened, where it is, and how many clicks it took."""

    path: str
    page: Page
    clicks: int


@dataclass
class Crawled:
    """The pages that links lead to, by their declared paths, and the forms on them by what they do; each once."""

    pages: dict[str, Opened] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)


def declared(method: str, path: str) -> str:
    """A path as the portal declares it: `accounts/{account_id}`; empty if there is no such page."""
    found = site.find(method, urlsplit(path).path)
    return found.page.path if found and found.page else ""


def crawl(visitor: Visitor, *, start: str) -> Crawled:
    """Go everywhere from a page on. Drawings of documents are left out, which another function makes."""
    found, waiting = Crawled(), [(start, 0)]
    while waiting:
        path, clicks = waiting.pop(0)
        name = declared("GET", path)
        if not name or name in found.pages or name.endswith("/pdf"):
            continue
        page = visitor.get(path)
        found.pages[name] = Opened(path, page, clicks)
        if "Location" in page.headers:
            waiting.append((_from(path, page.headers["Location"]), clicks))
        if page.headers.get("Content-Type", "").startswith("text/html"):
            waiting += [(_from(path, unescape(href)), clicks + 1) for href in links_of(page)]
            for form in forms_of(page, path):
                found.forms.setdefault(form.name, form)
    return found


def links_of(page: Page) -> list[str]:
    """Where a page leads: its links, and those of its rows' menu, which a script makes for the row that opens it."""
    entries = dict(re.findall(r'data-entry="(\d)" data-path="([^"]*)"', page.html))
    rows = re.findall(r'(?s)<tr\b(?:(?!</tr>).)*?href="([^"]+)"(?:(?!</tr>).)*?data-menu="(\d*)"', page.html)
    return re.findall(r'href="([^"#:]+)"', page.html) + [to + entries[each] for to, menu in rows for each in menu]


def forms_of(page: Page, path: str) -> list[Form]:
    """The forms of a page, once for each button that sends one elsewhere or with something else."""
    reader = _Reader()
    reader.feed(page.html)
    return [replace(form, path=_from(path, form.path), on=path) for form in reader.forms()]


def _from(path: str, href: str) -> str:
    return urljoin(f"/{path}", href).lstrip("/")


@dataclass
class _Drawn:
    method: str
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads the forms of a page, also controls that belong to one by its id."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn: dict[str, _Drawn] = {}
        self._form = ""
        self._chosen: list[str] | None = None
        self._written: list[str] | None = None

    def forms(self) -> Iterator[Form]:
        for drawn in self._drawn.values():
            for action, name, value in drawn.buttons or [("", "", "")]:
                fields = drawn.fields | ({name: [value]} if name else {})
                sent = {name: values for name, values in fields.items() if name not in GUARD}
                yield Form(drawn.method, action or drawn.action, sent, tuple(drawn.texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = given.get("id") or f"form {len(self._drawn)}"
            self._drawn[self._form] = _Drawn(given.get("method", "get").upper(), given.get("action", ""))
        elif tag == "option" and self._chosen is not None:
            if "selected" in given or not self._chosen:
                self._chosen[:] = [given.get("value", "")]
        elif tag in {"input", "select", "textarea", "button"}:
            form = self._drawn.get(given.get("form", self._form))
            if form is not None:
                self._control(form, tag, given)

    def _control(self, form: _Drawn, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text" if tag == "input" else tag)
        if tag == "button":
            form.buttons += [(given.get("formaction", ""), name, given.get("value", ""))] if kind != "button" else []
        elif name and tag == "select":
            self._chosen = form.fields.setdefault(name, [])
        elif name and tag == "textarea":
            self._written = form.fields.setdefault(name, [""])
            form.texts.append(name)
        elif name and kind in {"checkbox", "radio"}:
            form.fields.setdefault(name, []).extend([given.get("value", "on")] if "checked" in given else [])
        elif name and kind not in UNSENT:
            form.fields[name] = [given.get("value", "")]
            form.texts += [name] if kind != "hidden" else []

    def handle_data(self, data: str) -> None:
        if self._written is not None:
            self._written[0] += data.lstrip("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"select", "textarea"}:
            self._chosen = self._written = None
        elif tag == "form":
            self._form = ""
