"""What is shown once is kept nowhere: not in a table, not in a line of a log, not in a later answer."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.api.observability import logger
from chalicelib.gateways import lambdas, sandbox_mail
from chalicelib.services.accounts import names
from tests.functional.conftest import OPERATOR, PARTNER, TRIAL, Api, table_rows


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Every line the product writes."""
    lines = io.StringIO()
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            monkeypatch.setattr(handler, "stream", lines)
    root = logging.StreamHandler(lines)
    logging.getLogger().addHandler(root)
    yield lines
    logging.getLogger().removeHandler(root)


def test_after_all_flows_no_secret_is_in_a_table_or_a_log(
    api: Api, log: io.StringIO, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(api.client)
    secrets = [api.operator]
    created = api.ask("POST", "/v1/operator/partners", PARTNER, key=OPERATOR, Idempotency_Key="their-own-word")
    secrets.append(created.json["api_key"]["key"])
    partner = api.partner()
    secrets.append(partner.key)
    key = partner.post("/v1/api-keys", {"name": "Till", "scopes": ["read"]}, Idempotency_Key="their-own-word").json
    secrets.append(key["key"])
    answers = [
        partner.post("/v1/accounts", partner.wanted(), Idempotency_Key="their-own-word"),
        partner.post("/v1/accounts", partner.wanted(plan=TRIAL)),
        partner.post("/v1/accounts", partner.wanted(billing_profile_id=partner.card("pm_card_timeout"))),
    ]
    secrets += [answer.json["credentials"]["password"] for answer in answers]
    partner.post("/v1/accounts", partner.wanted(billing_profile_id=partner.card("pm_card_expired")))
    partner.post("/v1/accounts", {"name": 5, "api_key": partner.key})
    partner.ask("GET", "/v1/accounts", key=partner.key + "x")
    partner.ask("GET", f"/v1/accounts/{partner.key}")
    partner.post("/v1/accounts", raw=b'{"' + partner.key.encode())
    partner.post(f"/v1/accounts/{answers[0].json['id']}/cancel", {"reason": "Moved"})
    partner.ask("DELETE", f"/v1/api-keys/{key['id']}")
    with monkeypatch.context() as bug:
        bug.setattr(names, "available", lambda name: 1 / 0)
        assert partner.ask("GET", "/v1/account-names/acme").code == "internal_error"
    api.forward(days=40)
    api.run_schedules()
    api.invoke("heal")
    api.stream()

    rows, lines = str(table_rows()), log.getvalue() + "".join(capfd.readouterr())

    assert "ZeroDivisionError" in lines
    assert "worked" in lines
    assert len(secrets) == len(set(secrets)) == 7
    for secret in [*secrets, "their-own-word"]:
        assert secret not in rows
        assert secret not in lines
    assert "Bearer" not in lines
    for personal in ("owner@acme.example", "Acme Inc", "books@bright.example"):
        assert personal not in lines


def test_hashes_stay_in_their_own_tables(api: Api) -> None:
    partner = api.partner()
    account = partner.create()
    api.stream()

    kept = {name for name, rows in table_rows().items() if "$argon2id$" in str(rows)}

    assert kept == {"sublet-names"}
    read = [partner.ask("GET", path).text for path in ("/v1/events", "/v1/accounts", f"/v1/accounts/{account['id']}")]
    assert not [text for text in read if "argon2" in text or "hash" in text]


def test_no_answer_shows_a_key_again(api: Api) -> None:
    partner = api.partner()
    partner.post("/v1/api-keys", {"name": "Till", "scopes": ["read"]})

    for path in ("/v1/api-keys", "/v1/partner", "/v1/events"):
        assert "sk_" not in partner.ask("GET", path).text


def test_a_clients_access_leaves_no_trace_of_its_secrets(
    api: Api, log: io.StringIO, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = api.partner()
    account = partner.create(plan=TRIAL)
    monkeypatch.setattr(lambdas, "start", lambda function, event: api.invoke(function, event))
    password, second, third = account["credentials"]["password"], "my second password", "my third password"
    who = {"account": account["name"], "username": "admin"}
    wrong = "a password that is wrong"

    def public(method: str, path: str, body: Any = None, **headers: str) -> Any:
        return api.ask(method, path, body, key=None, Idempotency_Key="one-for-all", **headers).json

    first = public("POST", "/public/login", who | {"password": password})
    public("POST", "/public/login", who | {"password": wrong})
    second_token = public("POST", "/public/password", who | {"password": password, "new_password": second})["token"]
    api.ask("GET", "/public/session", key=second_token)
    public("POST", "/public/password-resets", {"account": account["name"], "email": account["client"]["email"]})
    reset = sandbox_mail.kept()[-1].text.split("/public/password-resets/")[1].split()[0]
    api.ask("GET", f"/public/password-resets/{reset}", key=None)
    third_token = public("POST", f"/public/password-resets/{reset}", {"password": third})["token"]
    link = partner.post(f"/v1/accounts/{account['id']}/login-link", Idempotency_Key="one").json["url"].split("/")[-1]
    api.ask("GET", f"/public/login-links/{link}", key=None)
    fourth_token = public("POST", f"/public/login-links/{link}", {})["token"]
    api.ask("GET", f"/public/login-links/{link}x", key=None)
    api.stream()

    lines = log.getvalue() + "".join(capfd.readouterr())
    rows = str({name: kept for name, kept in table_rows().items() if name != "sublet-sandbox"})

    tokens = [first["token"], first["product_token"], second_token, third_token, fourth_token, reset, link]
    secrets = [password, second, third, wrong, *tokens, *(token.split(".")[2] for token in tokens)]
    assert len(set(secrets)) == 18
    for secret in secrets:
        assert secret not in lines
        assert secret not in rows
