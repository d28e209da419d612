"""Guesses made at the same time, on the deployed stack: none slips by the count."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from infra.local.advance import move
from infra.local.stack import LocalStack
from tests.proving import at_once
from tests.stack.client import TRIAL, new_partner

pytestmark = pytest.mark.stack


def test_six_parallel_wrong_log_ins_lock_at_five(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    account = partner.post("/v1/accounts", partner.account_body("guessed-at", plan=TRIAL))
    password = account["credentials"]["password"]

    def log_in(password: str) -> requests.Response:
        body = {"account": "guessed-at", "username": "admin", "password": password}
        return requests.post(f"{stack.base_url}/public/login", json=body, timeout=60)

    with ThreadPoolExecutor(6) as clients:
        guessed = list(clients.map(log_in, [f"wrong {number}" for number in range(6)]))

    assert Counter(told.status_code for told in guessed) == {401: 5, 429: 1}
    locked = log_in(password)
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 0
    move(stack.deployed, days=1)
    opened = log_in(password)
    assert opened.status_code == 200
    token = {"Authorization": f"Bearer {opened.json()['token']}"}
    session = requests.get(f"{stack.base_url}/public/session", headers=token, timeout=60)
    assert session.json()["account_id"] == account["id"]


def test_a_mailed_link_sets_another_password_once(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    account = partner.post("/v1/accounts", partner.account_body("forgetful", plan=TRIAL))
    asked = {"account": "forgetful", "email": account["client"]["email"]}

    told = requests.post(f"{stack.base_url}/public/password-resets", json=asked, timeout=60)
    assert told.status_code == 202
    link = _mailed_link(stack, "forgetful")
    page = requests.get(link, timeout=60)
    again = [requests.post(link, json={"password": "correct horse battery"}, timeout=60) for _ in range(2)]

    assert page.headers["Content-Type"].startswith("text/html")
    assert [told.status_code for told in again] == [200, 404]


@at_once(4, prove=12)
def test_a_login_link_used_at_once_opens_one_session(stack: LocalStack, at_once: int) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    account = partner.post("/v1/accounts", partner.account_body(f"linked-to-by-{at_once}", plan=TRIAL))
    url = partner.post(f"/v1/accounts/{account['id']}/login-link", status=200)["url"]

    page = requests.get(url, timeout=60)
    with ThreadPoolExecutor(at_once) as clients:
        opened = list(clients.map(lambda _: requests.post(url, json={}, timeout=60).status_code, range(at_once)))

    assert page.status_code == 200
    assert Counter(opened) == {200: 1, 404: at_once - 1}


def _mailed_link(stack: LocalStack, name: str) -> str:
    """The link in the mail about an account, which a function sends that nobody waits for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        kept = stack.deployed.dynamodb.scan(TableName=stack.deployed.outputs["SandboxTable"])["Items"]
        for text in (row["text"]["S"] for row in kept if row["payer"]["S"] == "inbox"):
            if f"account {name} " in text:
                return next(line for line in text.splitlines() if line.startswith("http"))
        time.sleep(0.1)
    raise AssertionError("no mail came")
