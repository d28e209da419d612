"""A partner logs in to an account it manages by a link; over HTTP, on moto."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.services.clients import tokens
from tests.builders import NOW
from tests.functional.clients.browser import Browser
from tests.functional.clients.test_logins import change, log_in, session
from tests.functional.conftest import TRIAL, Answer, Api, Partner, table_rows
from tests.paying_clients import let_client_pay


def make(partner: Partner, account: Any, **headers: str) -> Answer:
    return partner.post(f"/v1/accounts/{account['id']}/login-link", **headers)


def path_of(link: Answer) -> str:
    assert link.status == 200, link.text
    return urlsplit(link.json["url"]).path


def use(api: Api, path: str) -> Answer:
    return api.ask("POST", path, {}, key=None)


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create(plan=TRIAL)


def test_a_link_opens_a_session_once(api: Api, partner: Partner, account: Any) -> None:
    path = path_of(make(partner, account))

    opened, again = use(api, path), use(api, path)

    assert session(api, opened.json["token"]).json | {"expires_at": ""} == {
        "account_id": account["id"],
        "account": account["name"],
        "username": "admin",
        "opened_by": "partner",
        "expires_at": "",
    }
    assert (again.status, again.code) == (404, "not_found")


def test_a_link_lasts_sixty_seconds(api: Api, partner: Partner, account: Any) -> None:
    early, late = path_of(make(partner, account)), path_of(make(partner, account))

    api.forward(seconds=55)
    assert use(api, early).status == 200
    api.forward(seconds=5)
    assert use(api, late).code == "not_found"
    assert api.ask("GET", late, key=None).code == "not_found"


def test_fetching_the_page_uses_the_link_up_for_nothing(api: Api, partner: Partner, account: Any) -> None:
    partner.ask("PUT", f"/v1/accounts/{account['id']}/branding", {"product_name": "Bright Mail", "color": "#0b6e4f"})
    path = path_of(make(partner, account))

    pages = [api.ask("GET", path, key=None) for _ in range(3)]

    assert {page.status for page in pages} == {200}
    assert "Bright Mail" in pages[0].text
    assert "#0b6e4f" in pages[0].text
    assert pages[0].headers["Referrer-Policy"] == "same-origin"
    nonces = [re.findall("nonce-([^']+)'", page.headers["Content-Security-Policy"])[0] for page in pages]
    assert len(set(nonces)) == 3
    assert use(api, path).status == 200
    assert api.ask("GET", path, key=None).code == "not_found"


def test_the_page_of_a_link_that_is_over_wears_the_accounts_branding(api: Api, partner: Partner, account: Any) -> None:
    partner.ask("PUT", f"/v1/accounts/{account['id']}/branding", {"product_name": "Bright Mail"})
    path = path_of(make(partner, account))
    api.forward(seconds=61)

    page = api.ask("GET", path, key=None, Accept="text/html")

    assert page.status == 404
    assert "Bright Mail" in page.text


def test_a_canceled_account_is_refused_and_says_what_is_possible(api: Api, partner: Partner) -> None:
    account = partner.create()
    path = path_of(make(partner, account))
    partner.post(f"/v1/accounts/{account['id']}/cancel", {})

    refused = make(partner, account)

    assert (refused.status, refused.code) == (409, "transition_refused")
    assert (refused.json["account_status"], refused.json["action"]) == ("canceled", "login")
    assert "login" not in refused.json["allowed_actions"]
    assert use(api, path).code == "transition_refused", "a link from before opens it no more than a new one"


def test_a_disabled_account_keeps_out_its_client_and_says_why_but_not_its_partner(
    api: Api, partner: Partner, account: Any
) -> None:
    clients = log_in(api, account).json["token"]
    partner.post(f"/v1/accounts/{account['id']}/disable", {"message": "Please call us: ☎ 555"})

    refused = log_in(api, account)
    partners = use(api, path_of(make(partner, account))).json["token"]

    assert (refused.status, refused.code) == (409, "transition_refused")
    assert refused.json["reason"] == refused.json["detail"] == "Please call us: ☎ 555"
    assert log_in(api, account, "wrong").code == "wrong_credentials", "only the right password gets the reason"
    assert session(api, clients).code == "session_over"
    assert session(api, partners).status == 200
    partner.post(f"/v1/accounts/{account['id']}/enable")
    assert session(api, clients).status == 200


def test_a_changed_password_ends_the_partners_session_too(api: Api, partner: Partner, account: Any) -> None:
    token = use(api, path_of(make(partner, account))).json["token"]

    change(api, account, "another password")

    assert session(api, token).code == "session_over"


def test_who_made_a_link_and_that_it_was_used_are_events(api: Api, partner: Partner, account: Any) -> None:
    use(api, path_of(make(partner, account)))
    make(partner, account)
    api.stream()

    events = partner.get(f"/v1/accounts/{account['id']}/events")["data"]

    types = [event["type"] for event in events]
    assert types.count("account.login_link_created") == 2
    assert {event["actor"].partition(":")[0] for event in events} == {"api_key"}


def test_a_link_is_shown_once_and_kept_nowhere(api: Api, partner: Partner, account: Any) -> None:
    first = make(partner, account, Idempotency_Key="k1")
    again = make(partner, account, Idempotency_Key="k1")

    assert again.json == first.json | {"url": None}
    assert path_of(first).rpartition("/")[2] not in str(table_rows())


def test_tokens_of_one_kind_open_nothing_of_another(api: Api, partner: Partner, account: Any) -> None:
    link = path_of(make(partner, account)).rpartition("/")[2]
    opened = log_in(api, account).json["token"]

    assert session(api, link).code == "session_over"
    assert use(api, f"/public/login-links/{opened}").code == "not_found"
    assert api.ask("POST", f"/public/password-resets/{link}", {"password": "a" * 12}, key=None).code == "not_found"


def set_password(api: Api, token: str, new_password: str = "another password") -> Answer:
    return api.ask("POST", "/public/password", {"new_password": new_password}, key=token)


def test_a_partner_who_logged_in_by_link_sets_a_new_password_and_the_event_says_who_did(
    api: Api, partner: Partner, account: Any
) -> None:
    clients = log_in(api, account).json["token"]
    key = partner.post("/v1/api-keys", {"name": "Support desk", "scopes": ["read", "write"]}).json
    link = api.ask("POST", f"/v1/accounts/{account['id']}/login-link", key=key["key"])
    partners = use(api, path_of(link)).json["token"]

    answer = set_password(api, partners)

    assert answer.status == 200
    assert session(api, answer.json["token"]).json["opened_by"] == "partner"
    assert {session(api, token).code for token in (clients, partners)} == {"session_over"}
    assert log_in(api, account).status == 401
    assert log_in(api, account, "another password").status == 200
    api.stream()
    (event,) = partner.get("/v1/events?type=account.password_changed")["data"]
    assert (event["actor"], event["account_id"]) == (f"api_key:{key['id']}", account["id"])
    assert event["data"] == {"account_id": account["id"], "by": "partner"}


def test_a_partner_sets_no_password_that_opens_the_card_of_a_client_who_pays(
    api: Api, partner: Partner, account: Any
) -> None:
    let_client_pay(account["id"], relationship=Relationship.MANAGED)
    token = use(api, path_of(partner.post(f"/v1/accounts/{account['id']}/login-link"))).json["token"]

    answer = set_password(api, token)

    assert (answer.status, answer.code) == (409, "client_pays")
    assert log_in(api, account).status == 200


def test_a_password_set_by_the_partner_leaves_the_lock(api: Api, partner: Partner, account: Any) -> None:
    for _ in range(5):
        log_in(api, account, "wrong")

    assert set_password(api, use(api, path_of(make(partner, account))).json["token"]).status == 200

    assert log_in(api, account, "another password").status == 429
    api.forward(minutes=5)
    assert log_in(api, account, "another password").status == 200


def test_the_partners_password_has_the_same_bounds(api: Api, partner: Partner, account: Any) -> None:
    token = use(api, path_of(make(partner, account))).json["token"]

    assert set_password(api, token, " " * 10).faults.keys() == {"new_password"}
    assert session(api, token).status == 200


def test_links_and_sessions_end_with_the_key_that_made_them(api: Api, partner: Partner, account: Any) -> None:
    key = partner.post("/v1/api-keys", {"name": "Stolen", "scopes": ["read", "write"]}).json
    made = [api.ask("POST", f"/v1/accounts/{account['id']}/login-link", key=key["key"]) for _ in range(2)]
    token = use(api, path_of(made[0])).json["token"]
    own = use(api, path_of(make(partner, account))).json["token"]

    partner.ask("DELETE", f"/v1/api-keys/{key['id']}")

    assert use(api, path_of(made[1])).code == "not_found"
    assert session(api, token).code == "session_over"
    assert set_password(api, token).code == "session_over"
    assert session(api, own).status == 200


def test_a_partner_logs_out_of_its_session(api: Api, partner: Partner, account: Any) -> None:
    token = use(api, path_of(make(partner, account))).json["token"]

    assert api.ask("POST", "/public/logout", key=token).status == 204

    assert session(api, token).code == "session_over"
    assert set_password(api, token).code == "session_over"


@pytest.mark.parametrize("kind", ["link", "reset", "api key"])
def test_no_other_secret_sets_a_password(api: Api, partner: Partner, account: Any, kind: str) -> None:
    secrets = {
        "link": path_of(make(partner, account)).rpartition("/")[2],
        "reset": tokens.sign_token("reset", {"sub": account["id"], "generation": 0}, now=NOW, ends_at=NOW),
        "api key": partner.key,
    }

    assert set_password(api, secrets[kind]).code == "session_over"


def test_the_page_goes_on_to_the_product_in_the_partners_session(api: Api, partner: Partner, account: Any) -> None:
    browser = Browser(api)
    page = browser.open(path_of(make(partner, account)))
    assert "requestSubmit" in page.text, "the button is pressed once the page is really looked at"

    opened = browser.send(page.forms[0])

    target, _, token = opened.leads_to.partition("/#token=")
    assert target == account["login_url"]
    assert session(api, token).json["opened_by"] == "partner"
    assert list(browser.cookies) == ["form"], "the client's settings stay the client's"
    again = browser.send(page.forms[0])
    assert (again.status, "works once, within 60 seconds" in again.seen) == (404, True)


def test_the_pages_form_can_be_sent_from_nowhere_else(api: Api, partner: Partner, account: Any) -> None:
    browser = Browser(api)
    (form,) = browser.open(path_of(make(partner, account))).forms

    refused = browser.send(form, site="cross-site")

    assert (refused.status, refused.forms[0].to) == (403, form.to)
    assert "requestSubmit" not in refused.text, "nothing presses the button again and again"
    assert browser.send(refused.forms[0]).status == 200


def test_the_page_of_a_canceled_account_says_that_it_is_closed(api: Api, partner: Partner) -> None:
    account = partner.create()
    browser = Browser(api)
    (form,) = browser.open(path_of(make(partner, account))).forms
    partner.post(f"/v1/accounts/{account['id']}/cancel", {})

    page = browser.send(form)

    assert (page.status, "does not allow a log-in now" in page.seen) == (409, True)
