"""What `make scan` makes of the tools' reports."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from infra.scan import NotInstalled, api, tool
from infra.scan.api import caller_of, read_report
from infra.scan.template import ACCEPTED, Finding, judge

QUEUE = Finding("ES_1", "DueQueue", "It has no dead-letter queue")


def test_what_is_accepted_is_counted_and_the_rest_is_wrong() -> None:
    judged = judge([QUEUE, QUEUE, replace(QUEUE, rule="ES_2")], {"ES_1": "for a reason"})

    assert judged.accepted == {"ES_1": 2}
    assert judged.wrong == ["ES_2 DueQueue: It has no dead-letter queue"]


def test_a_rule_can_be_accepted_for_one_resource_alone() -> None:
    judged = judge([QUEUE, replace(QUEUE, resource="NewQueue")], {"ES_1 DueQueue": "for a reason"})

    assert judged.accepted == {"ES_1": 1}
    assert judged.wrong == ["ES_1 NewQueue: It has no dead-letter queue"]


def test_what_is_accepted_and_found_no_longer_has_to_go() -> None:
    (wrong,) = judge([QUEUE], {"ES_1": "for a reason", "ES_2": "for another"}).wrong

    assert wrong == "ES_2 is in accepted.yaml, but is found no longer: remove it there"


def test_each_accepted_rule_has_a_reason() -> None:
    accepted = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8"))

    assert all(len(reason) > 20 for reason in accepted.values())


def test_a_tool_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("infra.scan.TOOLS", tmp_path)

    with pytest.raises(NotInstalled, match="checkov is not installed"):
        tool("checkov")


@pytest.mark.parametrize(
    ("path", "caller"),
    [
        ("/v1/operator/partners", "operator"),
        ("/v1/accounts/{account_id}", "partner"),
        ("/client/plan", "client"),
        ("/public/login", "public"),
    ],
)
def test_a_route_is_asked_with_the_key_that_it_takes(path: str, caller: str) -> None:
    assert caller_of(path) == caller


def test_settings_give_each_route_its_key_and_ids_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_ids", lambda *_: {"account_id": {"acct_2", "acct_1"}})

    settings = tomllib.loads(api._settings("http://base", {}, {"partner": "sk_p", "operator": "sk_o", "client": "t"}))

    assert settings["headers"] == {"Authorization": "Bearer sk_p"}
    assert settings["dictionaries"]["account_id"]["values"] == ["acct_1", "acct_2"]
    assert settings["parameters"]["account_id"]["dictionary"] == "account_id"
    operator, client, spared = settings["operations"]
    assert (operator["include-path-regex"], operator["headers"]) == ("^/v1/operator/", {"Authorization": "Bearer sk_o"})
    assert client["headers"] == {"Authorization": "Bearer t"}
    assert not spared["enabled"]


def test_cases_are_counted_by_who_asked_and_by_the_answer(tmp_path: Path) -> None:
    recorder = {
        "label": "GET /v1/accounts",
        "cases": {
            name: {"value": {"method": "GET", "path": path}}
            for name, path in {"a": "/v1/accounts", "b": "/v1/accounts", "c": "/client/account"}.items()
        },
        "interactions": {
            "a": {"response": {"status_code": 200}},
            "b": {"response": {"status_code": 422}},
            "c": {"response": None},
        },
    }
    others = {"label": "Stateful tests"}
    lines = [{"EngineStarted": {}}, *({"ScenarioFinished": {"recorder": each}} for each in (recorder, others))]
    file = tmp_path / "report.ndjson"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    scanned = read_report(file)

    assert (scanned.operations, scanned.succeeded) == (1, 1)
    assert scanned.cases == {"partner": 2, "client": 1}
    assert scanned.statuses == {200: 1, 422: 1, 0: 1}
    assert str(scanned).startswith("api: 3 cases of 1 operations, of which 1 did something; 0 wrong\n")
