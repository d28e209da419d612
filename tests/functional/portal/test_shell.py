"""What every page of the portal passes: who it is, whether it may, its form, and the headers of its answer."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.api.base import Body, MinorUnits
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.models.transactions import Busy
from chalicelib.portal import entry_point, site
from chalicelib.portal.declared import Download, Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.people import sessions
from tests.functional.conftest import SANDBOX, TRIAL, Api, Partner
from tests.functional.portal.conftest import ORIGIN, Visitor, signed_in

pages = Pages()
MADE: list[tuple[str, str, str]] = []
"""What the form of these pages has made: an id, the name and who made it."""


class Thing(Body):
    name: str
    amount: MinorUnits = 0


class Taken(Refusal):
    code = "taken"
    title = "The name is taken"


class Gone(Refusal):
    code = "gone"
    title = "The request is over"


@pages.get("things", scope="read")
def show_things(visit: Visit) -> View:
    return View("things.html")


@pages.post("things", scope="write", again=show_things)
def make_thing(visit: Visit) -> Redirect:
    thing = visit.form(Thing, amounts=["amount"])
    if thing.name == "taken":
        raise Taken("Something else has that name.")
    if thing.name == "odd":
        raise Invalid(errors=[("name", "must not be odd")])
    if thing.name == "cheap":
        raise Invalid(errors=[("amount", "must be at least 5000 (minor units)")])
    if thing.name == "late":
        raise Gone("mgr_1 is open until 2026-12-28. Wait for the answer, or withdraw it.")
    MADE.append((visit.derived_id("thg"), f"{thing.name} {thing.amount}", visit.actor))
    return Redirect("things", done="made")


@pages.get("things/public", scope="public")
def show_everybody(visit: Visit) -> View:
    return View("things.html")


@pages.get("things/file", scope="read")
def download(visit: Visit) -> Download:
    return Download("a,b\r\n", "text/csv", "things.csv")


@pages.get("things/{thing_id}", scope="read")
def show_thing(visit: Visit, thing_id: str) -> View:
    refusals: dict[str, Exception] = {
        "none": NotFound.of("thing", thing_id),
        "busy": Busy("Try again."),
        "broken": KeyError(),
    }
    raise refusals[thing_id]


TEMPLATE = """
{% extends "layout.html" %}{% block title %}Things{% endblock %}
{% block main %}{% call ui.head("Things") %}{% endcall %}
{% call ui.form("things") %}{{ ui.field("name", "Name", hint="Short") }}{{ ui.field("amount", "Amount") }}
{{ ui.button("Make", "primary") }}{% endcall %}
{% block part %}<div id="part">{{ url("things/other", q="a b", none="") }}</div>{% endblock %}{% endblock %}
"""


@pytest.fixture
def partner(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Partner]:
    """A partner, and a portal that has the pages above."""
    from jinja2 import DictLoader

    from chalicelib.portal import rendering

    environment = rendering.environment()
    loader: Any = environment.loader
    known = loader.get_source
    added = DictLoader({"things.html": TEMPLATE})

    def get_source(env: Any, name: str) -> Any:
        return added.get_source(env, name) if name == "things.html" else known(env, name)

    monkeypatch.setattr(loader, "get_source", get_source)
    monkeypatch.setattr(site, "MODULES", {**site.MODULES, "things": "things"})
    monkeypatch.setattr(
        site,
        "import_module",
        lambda name: SimpleNamespace(pages=pages) if name.endswith(".things") else __import__(name, fromlist=["pages"]),
    )
    site._starts.cache_clear()
    MADE.clear()
    yield api.partner()
    site._starts.cache_clear()
    site.pages_of.cache_clear()


def test_an_overview_shows_what_a_partner_has_and_nothing_of_others(api: Api) -> None:
    partner, other = api.partner(), api.partner()
    partner.create(name="blue-door", plan=TRIAL, client={"name": "Blue <b>Door</b>", "email": "a@b.example"})
    partner.create(name="green-hill", plan=SANDBOX)
    other.create(name="not-yours", plan=TRIAL)
    visitor = signed_in(partner.id, Role.READ_ONLY)

    page = visitor.get("accounts")

    assert page.status == 200
    assert "blue-door" in page.text
    assert "Blue &lt;b&gt;Door&lt;/b&gt;" in page.html
    assert "Sandbox" in page.text
    assert "not-yours" not in page.text
    assert "Log in" not in page.text  # it needs write
    assert "Bright Agency" in page.text
    part = visitor.part("accounts?q=green&plan=&status=", "list")
    assert (part.status, "<html" in part.html) == (200, False)
    assert "green-hill" in part.text
    assert "blue-door" not in part.text
    assert part.headers["HX-Push-Url"] == "/portal/accounts?q=green"
    assert "Keine passenden Accounts" in signed_in(partner.id, language="de-AT").get("accounts?q=nobody").text
    lines = visitor.get("accounts.csv?sort=name").html.splitlines()
    assert [line.split(",")[0] for line in lines] == ["name", "blue-door", "green-hill"]
    assert visitor.get("accounts?sort=colour").status == 422
    assert [visitor.get(f"accounts?{odd}").status for odd in ("path=x&self=y", "metadata=x&metadata.y=z")] == [200, 422]
    assert "Hello Ann" in visitor.get("home").text


def test_an_overview_goes_on_page_by_page_and_leads_into_accounts(api: Api) -> None:
    partner = api.partner()
    account = partner.create(name="a-1", plan=TRIAL)
    partner.create(name="a-2", plan=TRIAL)
    visitor = signed_in(partner.id)

    first = visitor.get("accounts?limit=1&plan=trial")
    following = re.search(r'href="(accounts\?[^"]*cursor=[^"]*)"', first.html)
    assert following is not None
    second = visitor.get(following[1].replace("&amp;", "&") + "&limit=1")

    assert ("a-1" in first.text, "a-2" in first.text) == (True, False)
    assert ("a-1" in second.text, "a-2" in second.text) == (False, True)
    entered = visitor.post(f"accounts/{account['id']}/log-in")
    assert entered.status == 303
    assert entered.headers["Location"].startswith("http://portal.example/public/login-links/")
    assert signed_in(api.partner().id).post(f"accounts/{account['id']}/log-in").status == 404


def test_the_first_page_says_what_needs_attention_and_what_is_ahead(api: Api) -> None:
    partner = api.partner()
    visitor = signed_in(partner.id)
    card = {"name": "Company card", "payment_method": "pm_card_visa", "next": "home"}
    assert "1 Put a card on file" in visitor.get("home").text
    assert visitor.post("billing/cards", card).headers["Location"] == "../home?done=card_added"
    elsewhere = visitor.post("billing/cards", card | {"next": "https://evil.example", "once": "2"})
    assert elsewhere.headers["Location"] == "../billing?done=card_added"
    assert "Put a card on file (done)" in visitor.get("home").text
    assert "Nothing will be charged" in visitor.part("home", "ahead").text

    partner.create(name="renews")
    assert "First steps" not in visitor.get("home").text
    assert "There is nothing to do" in visitor.get("home").text
    partner.create(name="ends-soon", plan=TRIAL)
    api.forward(days=10)

    assert "Trial ends-soon" in visitor.get("home").text
    ahead = visitor.part("home", "ahead").text
    assert re.search(
        r"1 payment, ([0-9.]+) USD\. Your card pays \1 USD of it, first on \d+ \w+ *\. If you buy \1 USD today", ahead
    )


def test_a_view_keeps_filters_for_its_person_alone(api: Api) -> None:
    partner = api.partner()
    visitor, colleague = signed_in(partner.id, Role.READ_ONLY), signed_in(partner.id)
    form = {"name": "Trials <b>", "filters.plan": "trial", "filters.status": "active", "sort": "name"}

    saved = visitor.post("accounts/views?plan=trial&status=active", form)

    assert saved.headers["Location"] == "../accounts?status=active&plan=trial&sort=name&order=asc&done=view_saved"
    page = visitor.get("accounts?done=view_saved&plan=trial")
    assert "The view is saved" in page.text
    assert "Trials &lt;b&gt;" in page.html
    assert 'name="filters.plan" value="trial"' in page.html
    assert "Trials" not in colleague.get("accounts").text.replace("Trial ", "")
    again = visitor.post("accounts/views?plan=trial", form)
    assert (again.status, 'role="alert"' in again.html) == (409, True)
    assert 'name="filters.plan" value="trial"' in again.html
    view = re.search(r"accounts/views/(view_\w+)/delete", page.html)
    assert view is not None
    assert colleague.post(f"accounts/views/{view[1]}/delete").status == 404
    assert visitor.post(f"accounts/views/{view[1]}/delete").status == 303
    assert "Trials" not in visitor.get("accounts").html


def test_a_stranger_is_led_to_the_sign_in_and_back(partner: Partner, stranger: Visitor) -> None:
    assert stranger.get("things").headers["Location"] == "sign-in?next=things"
    assert stranger.get("things?q=a").headers["Location"] == "sign-in?next=things%3Fq%3Da"
    assert stranger.get("things/none").headers["Location"] == "../sign-in?next=things/none"
    assert stranger.post("things", {"name": "x"}).headers["Location"] == "sign-in"
    part = stranger.part("things", "part")
    assert (part.status, part.headers["HX-Redirect"]) == (401, "/portal/sign-in")
    assert Visitor("not-a-token").get("home").status == 303
    assert MADE == []
    assert stranger.get("things/public").status == 200


def test_a_role_opens_what_it_has_the_right_to(partner: Partner) -> None:
    reader, billing, operator = (
        signed_in(partner.id, Role.READ_ONLY),
        signed_in(partner.id, Role.BILLING),
        signed_in(VENDOR, Role.OPERATOR),
    )

    assert reader.get("things").status == 200
    assert [each.post("things", {"name": "x"}).status for each in (reader, billing)] == [403, 403]
    assert operator.get("things").status == 403
    assert operator.get("home").headers["Location"] == "vendor/partners"
    assert MADE == []


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"csrf": ""}, {}, 403),
        ({"csrf": "guessed"}, {}, 403),
        ({"csrf": "é"}, {}, 403),
        ({}, {"Sec_Fetch_Site": "cross-site"}, 403),
        ({}, {"Sec_Fetch_Site": "same-site"}, 403),
        ({}, {"Sec_Fetch_Site": "", "Origin": "https://evil.example"}, 403),
        ({}, {"Sec_Fetch_Site": "", "Origin": "null"}, 403),
        ({}, {"Sec_Fetch_Site": "", "Origin": ""}, 403),
        ({}, {"Sec_Fetch_Site": "", "Origin": ORIGIN["Origin"]}, 303),
        ({}, {"Content_Type": "multipart/form-data; boundary=x"}, 415),
        ({}, {}, 303),
    ],
)
def test_only_our_own_forms_are_taken(
    partner: Partner, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = signed_in(partner.id).post("things", {"name": "x"} | fields, **headers)

    assert answer.status == status
    assert len(MADE) == (status == 303)


def test_a_form_sent_twice_makes_one_thing(partner: Partner) -> None:
    visitor = signed_in(partner.id)
    mark = re.search(r'name="once" value="([^"]+)"', visitor.get("things").html)
    assert mark is not None

    for _ in range(2):
        answer = visitor.post("things", {"name": "x", "amount": "1,234.50", "once": mark[1]})
        assert (answer.status, answer.headers["Location"]) == (303, "things?done=made")
    visitor.post("things", {"name": "y", "once": "another"})

    assert MADE[0] == MADE[1]
    assert MADE[0][1:] == ("x 123450", visitor.session.actor)
    assert MADE[2][0] != MADE[0][0]


def test_faults_show_beside_their_fields_with_what_was_entered(partner: Partner) -> None:
    visitor = signed_in(partner.id)

    faulty = visitor.post("things", {"name": "", "amount": "five <b>"})
    assert faulty.status == 422
    assert "2 entries need another look" in faulty.text
    assert re.search(
        r'id="f-name" name="name" aria-invalid="true" autofocus aria-describedby="f-name-hint f-name-fault"',
        faulty.html,
    )
    assert "Is required" in faulty.text
    assert "Must be an amount, such as 1,234.50" in faulty.text
    assert 'value="five &lt;b&gt;"' in faulty.html
    assert "Must not be odd" in visitor.post("things", {"name": "odd"}).text
    taken = visitor.post("things", {"name": "taken"})
    assert taken.status == 409
    assert 'role="alert"' in taken.html
    assert "Something else has that name." in taken.text
    assert MADE == []


def test_what_services_say_is_in_the_readers_language(partner: Partner) -> None:
    english, german = (signed_in(partner.id, language=language) for language in ("en", "de"))

    faulty = german.post("things", {"name": "", "amount": "five"}).text
    assert "2 Angaben müssen geändert werden. Name: ist erforderlich Amount: muss ein Betrag sein" in faulty
    assert "Ist erforderlich" in faulty
    for visitor, cheap, late in [
        (english, "Must be at least 50.00\u00a0USD", "A request is open until 28 Dec"),
        (german, "Muss mindestens 50,00\u00a0USD sein", "Eine Anfrage ist bis zum 28. Dez. offen."),
    ]:
        assert cheap in visitor.post("things", {"name": "cheap"}).html
        assert late in visitor.post("things", {"name": "late"}).text
    assert "Diese Seite gibt es nicht" in german.get("accounts/acct_0").text
    assert "Es gibt den Account acct_0 nicht." in german.get("accounts/acct_0").text


def test_what_went_wrong_is_a_page_in_plain_words(partner: Partner) -> None:
    visitor = signed_in(partner.id)

    unknown = [
        visitor.get(path).status
        for path in ("nothing", "things/", "things/a/b", "home/", "..%2Fapp", "%00", "assets/x.js")
    ]
    assert unknown == [404] * 7
    assert visitor.post("home").status == 405
    missing = visitor.get("things/none")
    assert (missing.status, "There is no thing none." in missing.text) == (404, True)
    assert visitor.get("things/busy").status == 503
    broken = visitor.get("things/broken")
    assert broken.status == 500
    assert "req_1" in broken.text
    assert "KeyError" not in broken.text


def test_a_table_that_is_away_is_a_page_that_needs_none(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = signed_in(partner.id)

    def away(token: str, *, now: object) -> None:
        raise Busy("The tables are busy.")

    monkeypatch.setattr(sessions, "find", away)
    answer = visitor.get("things")

    assert answer.status == 503
    assert "Something went wrong on our side" in answer.text
    monkeypatch.setattr(entry_point, "_visit_of", away)
    assert visitor.get("things").status == 500


def test_pages_come_with_a_strict_policy_and_are_not_kept(partner: Partner) -> None:
    visitor = signed_in(partner.id)
    page, again = visitor.get("things"), visitor.get("things")

    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce is not None
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert policy != again.headers["Content-Security-Policy"]
    loaded = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*>", page.html)
    assert len(loaded) == 3
    assert all(f'nonce="{nonce[1]}"' in each for each in loaded)
    assert page.headers["Cache-Control"] == "no-store"
    assert not re.search(r"\sstyle=|\son\w+=", page.html)
    assert visitor.token not in page.html
    for path in re.findall(r'(?:src|href)="(assets/[^"]+)"', page.html):
        file = visitor.get(path)
        assert (file.status, file.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    part = visitor.part("things", "part")
    assert part.html.strip() == '<div id="part">things/other?q=a+b</div>'
    file = visitor.get("things/file")
    assert file.headers["Content-Disposition"] == 'attachment; filename="things.csv"'
