"""The demo data is accepted by the API, sign-ups of clients among it."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import demo
from tests.functional.conftest import OPERATOR, Api


def test_the_demo_has_partners_accounts_and_clients_who_pay(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        def __init__(self) -> None:
            self.headers: dict[str, str] = {}

        def _ask(self, method: str, path: str, body: Any = None) -> SimpleNamespace:
            answer = api.ask(method, path, body, key=self.headers["Authorization"].removeprefix("Bearer "))
            return SimpleNamespace(status_code=answer.status, text=answer.text, json=lambda: answer.json)

        def get(self, url: str, *, timeout: int) -> SimpleNamespace:
            return self._ask("GET", url)

        def post(self, url: str, *, json: Any, timeout: int) -> SimpleNamespace:
            return self._ask("POST", url, json)

    monkeypatch.setattr(demo.requests, "Session", Session)

    made = demo.create(base_url="", operator_key=api.operator, with_accounts=True, progress=lambda _: None)

    referred = api.ask("GET", "/v1/accounts?relationship=referred", key=made["solutions"].key).json["data"]
    assert {account["name"] for account in referred} == {"amber-lane", "paper-boat"}
    partners = api.ask("GET", "/v1/operator/partners", key=OPERATOR).json["data"]
    assert len(partners) == len(demo.PARTNERS) + 1  # and the house


def test_the_demo_takes_no_name_that_the_readme_creates() -> None:
    accounts = [account for partner in demo.PARTNERS for account in (*partner.accounts, *partner.referred)]

    created = re.findall(r'"name": "([a-z-]+)",', Path("README.md").read_text())

    assert created
    assert {account.name for account in (*accounts, demo.OF_THE_HOUSE)}.isdisjoint(created)
