"""Guesses made at the same time, on the deployed stack: none slips by the count."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from infra.local.advance import move
from infra.local.stack import LocalStack
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
