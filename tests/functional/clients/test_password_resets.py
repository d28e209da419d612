"""A client forgot its password: the link, the page behind it, another password; over HTTP, on moto."""

import json
import re
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.gateways import lambdas, sandbox_mail
from tests.functional.clients.browser import Browser, Form
from tests.functional.clients.test_logins import log_in, session
from tests.functional.conftest import TRIAL, Answer, Api, Partner, table_rows

NEW = "correct horse battery"


@pytest.fixture(autouse=True)
def started(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Functions are started as Lambda starts them; what they are given is kept."""
    events: list[dict[str, Any]] = []

    def start(function: str, event: dict[str, Any]) -> None:
        assert function == settings().send_password_reset_function
        events.append(json.loads(json.dumps(event)))
        api.invoke(function, event)

    monkeypatch.setattr(lambdas, "start", start)
    return events


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create(plan=TRIAL)


def ask(api: Api, of: Any, **overrides: str) -> Answer:
    body = {"account": of["name"], "email": of["client"]["email"]}
    return api.ask("POST", "/public/password-resets", body | overrides, key=None)


def mailed_path() -> str:
    """The path of the link in the newest mail."""
    found = re.search(r"https?://[^/\s]+(/public/password-resets/\S+)", sandbox_mail.kept()[-1].text)
    assert found
    return found[1]


def reset(api: Api, path: str, password: str = NEW) -> Answer:
    return api.ask("POST", path, {"password": password}, key=None)


def test_a_link_lifts_no_lock(api: Api, account: Any) -> None:
    for _ in range(5):
        log_in(api, account, "wrong")
    ask(api, account)

    assert reset(api, mailed_path()).status == 200

    for password in (NEW, None, "wrong"):
        locked = log_in(api, account, password)
        assert (locked.status, locked.code) == (429, "too_many_tries")
        assert 0 < int(locked.headers["Retry-After"]) <= 300
    api.forward(minutes=5)
    assert log_in(api, account, NEW).status == 200


def test_a_link_sets_another_password_once_and_ends_sessions(api: Api, account: Any) -> None:
    before = log_in(api, account).json["token"]
    assert ask(api, account).status == 202
    path = mailed_path()

    answer = reset(api, path)

    assert answer.status == 200
    assert session(api, answer.json["token"]).json["account_id"] == account["id"]
    assert session(api, before).code == "session_over"
    assert log_in(api, account, NEW).status == 200
    assert log_in(api, account).status == 401
    assert (reset(api, path, "yet another one").status, reset(api, path).code) == (404, "not_found")


def test_the_mail_goes_to_the_client_in_the_accounts_branding(api: Api, partner: Partner, account: Any) -> None:
    branding = {"product_name": "Bright Mail", "reply_to": "help@bright.example", "color": "#0b6e4f"}
    partner.ask("PUT", f"/v1/accounts/{account['id']}/branding", branding)

    ask(api, account, email=account["client"]["email"].upper())

    (mail,) = sandbox_mail.kept()
    assert mail.to == account["client"]["email"]
    assert mail.subject == "A new password for Bright Mail"
    assert (mail.from_name, mail.reply_to) == ("Bright Mail", "help@bright.example")
    assert "#0b6e4f" in mail.html
    assert mailed_path() in mail.html


def test_the_answer_is_the_same_and_as_much_is_done_whatever_is_true(
    api: Api, account: Any, started: list[dict[str, Any]]
) -> None:
    answers = [
        ask(api, account),
        ask(api, account, email="somebody@else.example"),
        ask(api, account, account="nobody-has-this"),
    ]

    assert {(answer.status, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert len(started) == 3
    assert len(sandbox_mail.kept()) == 1


def test_a_link_is_good_for_an_hour(api: Api, account: Any) -> None:
    ask(api, account)
    path = mailed_path()

    api.forward(minutes=59)
    assert api.ask("GET", path, key=None).status == 200
    api.forward(minutes=1)
    assert api.ask("GET", path, key=None).code == "not_found"
    assert reset(api, path).code == "not_found"


def test_all_links_end_when_the_password_changes(api: Api, account: Any) -> None:
    ask(api, account)
    first = mailed_path()
    ask(api, account)

    assert reset(api, mailed_path()).status == 200
    assert reset(api, first).code == "not_found"


def test_a_link_ends_when_the_client_has_another_email(api: Api, partner: Partner, account: Any) -> None:
    ask(api, account)
    path = mailed_path()
    assert len(path.rpartition("/")[2]) < 250, "an id in a path has 255 characters at most"
    client = account["client"] | {"email": "new.owner@acme.example"}
    assert partner.ask("PATCH", f"/v1/accounts/{account['id']}", {"client": client}).status == 200

    assert reset(api, path).code == "not_found"
    ask(api, account, email="new.owner@acme.example")
    assert reset(api, mailed_path()).status == 200


def test_no_more_than_five_links_an_hour_go_out(api: Api, account: Any) -> None:
    assert [ask(api, account).status for _ in range(7)] == [202] * 7
    assert len(sandbox_mail.kept()) == 5

    api.forward(minutes=61)
    ask(api, account)
    assert len(sandbox_mail.kept()) == 6


def test_one_address_starts_no_function_for_each_request(api: Api, account: Any, started: list[dict[str, Any]]) -> None:
    known = [ask(api, account) for _ in range(8)]
    unknown = [ask(api, account, account="nobody-has-this") for _ in range(8)]

    assert {(answer.status, answer.text) for answer in known + unknown} == {(202, known[0].text)}
    assert len(started) == 10
    assert not [row for row in table_rows()["sublet-guards"] if account["name"] in str(row)]


def test_who_asks_for_links_to_many_accounts_has_to_wait(api: Api, account: Any, started: list[dict[str, Any]]) -> None:
    asked = [ask(api, account, account=f"guessed-{number}") for number in range(40)]

    assert [answer.status for answer in asked] == [202] * 30 + [429] * 10
    assert asked[30].code == ask(api, account).code == "too_many_tries"
    assert len(started) == 30
    api.forward(minutes=10)
    assert ask(api, account).status == 202


def test_the_page_is_branded_uses_nothing_up_and_lets_nothing_in_or_out(
    api: Api, partner: Partner, account: Any
) -> None:
    branding = {"product_name": "<b>O'Brien</b>", "logo_url": "https://cdn.bright.example/logo.png"}
    partner.ask("PUT", f"/v1/accounts/{account['id']}/branding", branding)
    ask(api, account)
    path = mailed_path()

    page = [api.ask("GET", path, key=None) for _ in range(2)][1]

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<b>" not in page.text
    assert "&lt;b&gt;O&#39;Brien" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert "img-src https://cdn.bright.example;" in policy
    assert "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    token = path.rpartition("/")[2]
    assert re.findall(r'(?:src|href|action)="([^"]+)"', page.text) == [branding["logo_url"], f"{token}/form"]
    assert page.text.count(token) == 1
    assert reset(api, path).status == 200


def test_the_page_of_a_link_that_is_over_wears_the_accounts_branding(api: Api, partner: Partner, account: Any) -> None:
    branding = {"product_name": "Bright Mail", "color": "#0b6e4f", "background_color": "#fff0fa"}
    partner.ask("PUT", f"/v1/accounts/{account['id']}/branding", branding)
    ask(api, account)
    late = mailed_path()
    api.forward(minutes=61)

    page = api.ask("GET", late, key=None, Accept="text/html")

    assert page.status == 404
    assert "Bright Mail" in page.text
    assert "#fff0fa" in page.text


def test_a_forged_link_has_nobodys_branding(api: Api, partner: Partner, account: Any) -> None:
    partner.ask("PUT", f"/v1/accounts/{account['id']}/branding", {"product_name": "Bright Mail"})
    ask(api, account)
    head, _, seal = mailed_path().rpartition(".")
    forged = f"{head}.{seal[:-5]}{seal[-5:][::-1]}"

    page = api.ask("GET", forged, key=None, Accept="text/html")

    assert page.status == 404
    assert "Bright Mail" not in page.text


def test_the_account_name_is_for_password_managers_and_no_box_to_write_in(api: Api, account: Any) -> None:
    ask(api, account)

    page = api.ask("GET", mailed_path(), key=None).text

    (name,) = re.findall(r'<input name="username"[^>]*>', page)
    assert f'value="{account["name"]}"' in name
    assert name.endswith(" readonly hidden>")
    assert "[hidden] { display: none !important; }" in page  # or the style of inputs would show it all the same


def test_a_browser_gets_a_page_for_a_link_that_is_over(api: Api) -> None:
    answer = api.ask("GET", "/public/password-resets/x.y.z", key=None, Accept="text/html,*/*;q=0.8")

    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "no longer valid" in answer.text


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_only_an_account_that_can_be_logged_in_to_gets_links(api: Api, partner: Partner, end: str) -> None:
    account = partner.create()
    partner.post(f"/v1/accounts/{account['id']}/cancel", {})
    if end == "expire":
        api.forward(days=32)
        api.run_schedules()

    ask(api, account)

    assert len(sandbox_mail.kept()) == (1 if end == "cancel" else 0)


def test_a_session_is_no_reset_link(api: Api, account: Any) -> None:
    token = log_in(api, account).json["token"]

    assert reset(api, f"/public/password-resets/{token}").code == "not_found"


def test_no_link_is_kept_in_a_table_but_the_sandboxs_inbox(api: Api, account: Any) -> None:
    ask(api, account)
    token = mailed_path().rpartition("/")[2]
    reset(api, mailed_path())
    api.stream()

    holding = {name for name, rows in table_rows().items() if token in str(rows) or NEW in str(rows)}

    assert holding == {"sublet-sandbox"}


@pytest.mark.parametrize("password", ["short", "a" * 257, " " * 10], ids=["short", "long", "blanks"])
def test_a_password_out_of_bounds_uses_the_link_up_for_nothing(api: Api, account: Any, password: str) -> None:
    ask(api, account)
    path = mailed_path()

    assert "password" in reset(api, path, password).faults
    assert reset(api, path).status == 200


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


def test_the_page_sets_the_password_and_leads_on_to_the_product(api: Api, browser: Browser, partner: Partner) -> None:
    account = partner.create(plan=TRIAL, language="de")
    ask(api, account)
    path = mailed_path()
    (form,) = browser.open(path).forms

    page = browser.send(form, new_password="  another password ")

    assert (page.status, page.language) == (200, "de")
    assert "Ihr Passwort ist festgelegt" in page.seen
    (onward,) = page.links()
    target, _, token = onward.partition("/#token=")
    assert target == account["login_url"]
    assert session(api, token).json["account_id"] == account["id"]
    assert browser.open(f"/public/accounts/{account['name']}/settings").status == 200
    assert log_in(api, account, "  another password ").status == 200
    over = browser.send(form, new_password="a third password")
    assert (over.status, over.language) == (404, "de")
    assert "Dieser Link gilt nicht mehr" in over.seen


@pytest.mark.parametrize("weak", ["short", "a" * 12, "x" * 300, ""])
def test_a_weak_password_is_asked_for_again_on_the_page(api: Api, browser: Browser, account: Any, weak: str) -> None:
    ask(api, account)
    (form,) = browser.open(mailed_path()).forms

    page = browser.send(form, new_password=weak)

    assert (page.status, "too weak" in page.seen) == (422, True)
    assert browser.send(page.forms[0], new_password="another password").status == 200


def test_the_pages_form_can_be_sent_from_nowhere_else(api: Api, browser: Browser, account: Any) -> None:
    ask(api, account)
    (form,) = browser.open(mailed_path()).forms

    for refused in (
        browser.send(form, site="cross-site", new_password="another password"),
        browser.send(Form(form.to), new_password="another password"),
        Browser(api).send(form, new_password="another password"),
    ):
        assert (refused.status, refused.forms[0].to) == (403, form.to)
    assert browser.send(form, new_password="another password").status == 200


def test_a_disabled_accounts_link_shows_what_its_partner_wrote(
    api: Api, browser: Browser, partner: Partner, account: Any
) -> None:
    ask(api, account)
    (form,) = browser.open(mailed_path()).forms
    partner.post(f"/v1/accounts/{account['id']}/disable", {"message": "Call <us>"})

    page = browser.send(form, new_password="another password")

    assert (page.status, "Call <us>" in page.seen) == (409, True)
    assert page.links() == [f"http://localhost/public/accounts/{account['name']}/login"]
