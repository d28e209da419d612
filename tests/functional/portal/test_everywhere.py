"""What holds wherever links lead in the portal of a partner that has one of everything, and at the vendor's.

A new page is tried without a line here, as soon as a link leads to it; so is its form.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from chalice.test import Client

import app
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.portal.rendering import TEMPLATES
from tests.conftest import reset_aws
from tests.functional.conftest import Api
from tests.functional.estates import NOT_MADE_HERE, Estate
from tests.functional.portal.conftest import Page, Visitor, signed_in
from tests.functional.portal.crawl import Crawled, Form, crawl, forms_of
from tests.functional.portal.test_every_page import PAGES, PARTNERS, asked

CLICKS = 3
ELSE = {
    "me/sessions/{session_id}/end": {303},  # a session that is not one's own is none to end
    "billing/bills/{bill_id}": {409},  # the program has no Single Bill at all
}
"""Where another's id is not simply unknown."""
MARKUP = "markup<script>\"'&pukram"
FITTING = {
    "account": "acme-1",
    "name": "green-hill",
    "amount": "5",
    "below": "5",
    "price": "5",
    "quantity": "1",
    "margin_percent": "5",
    "country": "US",
    "postal_code": "60601",
    "time_zone": "UTC",
    "language": "en",
    "email": "zoe@zoe.example",
    "url": "https://hooks.zoe.example/in",
    "domain": "mail.zoe.example",
}
"""What a field takes, by the last word of its name, if it refuses markup and has no value yet."""
WRITTEN = set(
    re.findall(r'ui\.(?:field|textarea)\("([\w.]+)"', "".join(p.read_text() for p in TEMPLATES.rglob("*.html")))
)
"""The names of all fields that somebody writes into."""


@dataclass
class World:
    """A partner that has one of everything, and those who go through it: its owner, an operator, and a stranger."""

    api: Api
    estate: Estate
    owner: Visitor
    operator: Visitor
    stranger: Visitor
    """Of another partner, who was there before: the vendor's lists begin with the newest."""
    first: dict[str, Crawled]

    @property
    def visitors(self) -> dict[str, Visitor]:
        """Who goes where, by the first page."""
        return {"home": self.owner, "vendor/partners": self.operator, "sign-in": Visitor()}

    def path(self, declared: str) -> str:
        """A declared path with ids of this world, or of nothing."""
        known = (
            NOT_MADE_HERE
            | self.estate.ids
            | {"partner_id": self.estate.partner.id, "session_id": self.owner.session.id}
        )
        return re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], "none_1"), declared)


@pytest.fixture(scope="module")
def world(_mocked: None) -> Iterator[World]:
    """Made once; the tests go through it in the order of this file."""
    reset_aws()
    with Client(app.app) as client:
        api = Api(client)
        stranger = signed_in(api.partner().id, language="de")
        estate = Estate.of(api)
        owner, operator = signed_in(estate.partner.id), signed_in(VENDOR, Role.OPERATOR)
        first = {"home": crawl(owner, start="home"), "vendor/partners": crawl(operator, start="vendor/partners")}
        yield World(api, estate, owner, operator, stranger, first)


@pytest.mark.parametrize("start", ["home", "vendor/partners"])
def test_every_page_is_a_few_clicks_away(world: World, start: str) -> None:
    far = {name: opened.clicks for name, opened in world.first[start].pages.items() if opened.clicks > CLICKS}

    assert far == {}


def test_what_is_anothers_is_not_found(world: World) -> None:
    stranger = world.stranger
    crawled = world.first["home"]

    for page in PAGES:
        if "{" not in page.path or page.scope not in {*PARTNERS, "signed in"}:
            continue
        form = crawled.forms.get(f"POST {page.path}")
        if page.method == "GET":
            opened = crawled.pages.get(page.path)
            answer = stranger.get(opened.path if opened else world.path(page.path))
        elif form is not None:
            answer = stranger.post(form.path, form.fields)
        else:
            answer = stranger.post(world.path(page.path))
        expected = ELSE.get(page.path, {404} if page.method == "GET" else {404, 422})
        assert answer.status in expected, (page.method, page.path, answer.status)
        assert "Secret" not in answer.html, page.path
    assert world.owner.get("me").status == 200  # no stranger has signed her out


def test_markup_is_shown_as_text_wherever_it_comes_back(world: World) -> None:
    sent: set[str] = set()
    for _ in range(2):  # what the first forms make brings forms of its own
        for visitor, crawled in walk(world):
            for form in crawled.forms.values():
                if form.texts and form.name not in sent:
                    sent.add(form.name)
                    fill_in(visitor, form)
    world.api.stream()  # what has happened is in the events
    showing = [name for _, crawled in walk(world) for name, each in crawled.pages.items() if "pukram" in each.page.html]
    assert len(showing) > 20, showing  # most of it was taken

    for page in asked("POST"):  # also where no form shows in this world, and with everything that any form has
        if f"POST {page.path}" not in sent:
            visitor = world.operator if page.scope == "operator" else world.owner
            check(visitor.post(world.path(page.path), dict.fromkeys(WRITTEN, MARKUP)), page.path)


def walk(world: World) -> Iterator[tuple[Visitor, Crawled]]:
    """Everybody's pages, each of them checked."""
    for start, visitor in world.visitors.items():
        crawled = crawl(visitor, start=start)
        for name, opened in crawled.pages.items():
            check(opened.page, name)
        yield visitor, crawled


def fill_in(visitor: Visitor, form: Form) -> Page:
    """Send a form with markup in every field, with markup in those that are written into, and at last with markup in
    those alone that take it."""
    check(send(visitor, form, {name: [MARKUP] for name in form.fields}), form.name)
    written = {name: [MARKUP] for name in form.texts}
    for _ in range(5):
        page = send(visitor, form, form.fields | written)
        check(page, form.name)
        faults = set(re.findall(r'href="#(f-[^"]+)"', page.html))
        assert [each for each in faults if f'id="{each}"' not in page.html] == [], form.name  # it stands nowhere
        refused = [name for name in form.texts if f'id="f-{name.replace(".", "-")}-fault"' in page.html]
        if page.status == 409:  # what it is about was changed since: open it anew
            form = next((again for again in forms_of(visitor.get(form.on), form.on) if again.name == form.name), form)
        elif not refused:
            break
        written |= {name: fitting(form, name) for name in refused}
    return page


def fitting(form: Form, name: str) -> list[str]:
    has = form.fields[name]
    return has if has != [""] else [next((value for last, value in FITTING.items() if name.endswith(last)), "")]


def send(visitor: Visitor, form: Form, fields: dict[str, list[str]]) -> Page:
    if form.method == "POST":
        return visitor.post(form.path, fields)
    return visitor.get(f"{form.path}?{urlencode(fields, doseq=True)}")


def check(page: Page, where: str) -> None:
    """Nothing broke, and the markup is text: each of its signs is escaped, in whatever way."""
    assert page.status < 500, where
    if "attachment" in page.headers.get("Content-Disposition", ""):
        return  # no browser shows it as a page
    assert [
        shown for shown in re.findall("(?is)markup(.{0,100}?)pukram", page.html) if set(shown) & set("<>\"'")
    ] == [], where
