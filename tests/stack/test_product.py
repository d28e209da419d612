"""The stand-in for the vendor's product: an account's log-in on this machine, in its branding."""

import json
from typing import Any

import pytest
import requests

from infra.local.product import Product
from infra.local.stack import LocalStack
from tests.stack.client import TRIAL, new_partner

pytestmark = pytest.mark.stack


def test_the_stand_in_shows_branding_whose_session_it_is_and_what_a_disabled_account_is_left(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    account = partner.post("/v1/accounts", partner.account_body("stood-in-for", plan=TRIAL))
    path = f"/v1/accounts/{account['id']}"

    with Product(beside=stack.port) as product:
        host = {"Host": product.login_url.removeprefix("http://").replace("{name}", "stood-in-for")}

        def ask(method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
            data = None if body is None else json.dumps(body)
            url = f"http://127.0.0.1:{product.port}{path}"
            return requests.request(method, url, data=data, headers=host | headers, timeout=60)

        assert ask("GET", "/").status_code == 503  # the stack is being started
        product.connect(stack.deployed)
        plain = ask("GET", "/").text
        partner.request("PUT", f"{path}/branding", {"product_name": "Bright <Mail>", "color": "#0b6e4f"})
        branded = ask("GET", "/")
        log_in = {"account": "stood-in-for", "username": "admin", "password": account["credentials"]["password"]}
        token = ask("POST", "/log-in", log_in).json()["token"]
        session = ask("GET", "/session", Authorization=f"Bearer {token}")
        partner.post(f"{path}/disable", {"message": "We moved."}, status=200)
        kept_out = ask("POST", "/log-in", log_in)

        assert "Sublet" in plain
        assert "Bright &lt;Mail&gt;" in branded.text
        assert "#0b6e4f" in branded.text
        assert "default-src 'none'" in branded.headers["Content-Security-Policy"]
        assert (session.json()["account"], session.json()["opened_by"]) == ("stood-in-for", "client")
        assert (kept_out.status_code, kept_out.json()["detail"]) == (409, "We moved.")
        assert ask("POST", "/forgotten", {"account": "stood-in-for", "email": "a@b.example"}).status_code == 202
        assert ask("GET", "/", Host="nobody-has-this.localhost").status_code == 404
        assert "NAME.localhost" in ask("GET", "/", Host="localhost").text
        assert ask("POST", "/elsewhere", {}).status_code == 404


def test_mails_and_clock_are_shown_where_no_account_is_and_moved_by_no_other_site(stack: LocalStack) -> None:
    with Product(beside=stack.port) as product:
        product.connect(stack.deployed)
        url = product.control_url.rstrip("/")

        page = requests.get(url, timeout=60)
        elsewhere = requests.post(f"{url}/clock", {"days": "1"}, headers={"Sec-Fetch-Site": "cross-site"}, timeout=60)
        rebound = requests.post(f"{url}/clock", {"days": "1"}, headers={"Host": "evil.example"}, timeout=60)

        assert "Move it 31 days ahead" in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]  # and by default nothing runs
        assert (elsewhere.status_code, rebound.status_code) == (403, 403)
        assert requests.post(f"{url}/clock", {"days": "2"}, timeout=60).status_code == 422
        assert requests.get(f"{url}/mails/100000", timeout=60).status_code == 404
