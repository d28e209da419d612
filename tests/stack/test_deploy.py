"""Deploying by command, on the emulator: shown before, done by change sets, undone when it fails; no data is lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from infra import audit
from infra.deploy.__main__ import Deployment, Refused
from infra.deploy.changes import DeploymentFailed
from infra.local.emulator import CREDENTIALS
from infra.local.stack import LocalStack
from infra.package import Package

NAME = "deployed-by-command"
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}}
BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not a name!", "FifoQueue": True}}

Make = Callable[..., Package]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a package of some resources."""

    def made(resources: dict[str, Any], rows: int = 1) -> Package:
        package = Package(tmp_path / "sam.yaml", tmp_path / "deployment.zip")
        template = {
            "Parameters": {name: {"Type": "String", "Default": ""} for name in ("Stage", "Days", "Release", "Canary")},
            "Metadata": {"FormOfRows": rows},
            "Resources": resources,
            "Outputs": {"AccountsTable": {"Value": {"Ref": "AccountsTable"}}},
        }
        package.template.write_text(yaml.safe_dump(template), encoding="utf-8")
        package.code.write_bytes(b"the code")
        return package

    return made


@pytest.fixture
def deployment(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": stack.deployed.endpoint, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(audit, "main", lambda _: 0)
    return Deployment(NAME, Console(record=True, width=160), yes=True)


def test_a_stack_is_deployed_changed_rolled_back_and_destroyed(deployment: Deployment, make: Make) -> None:
    first = {"AccountsTable": TABLE}
    assert deployment.up(make(first), {"Stage": "prod", "Days": "5"}) == 0
    assert deployment.up(make(first | {"Due": QUEUE}), {}) == 0
    parameters = deployment.stack.parameters() or {}
    assert (parameters["Stage"], parameters["Days"]) == ("prod", "5"), "what is not given stays"
    assert len(parameters["Release"]) == 12
    printed = deployment.console.export_text()
    assert "Due" in printed
    assert "Add" in printed

    deployment.up(make(first | {"Due": QUEUE}), {"Days": "5"})
    assert "Nothing to do" in deployment.console.export_text()

    assert deployment.rollback() == 0
    assert "Remove" in deployment.console.export_text()

    with pytest.raises(Refused, match="lose the data of AccountsTable"):
        deployment.up(make({"Due": QUEUE}), {})

    with pytest.raises(DeploymentFailed, match="Broken"):
        deployment.up(make(first | {"Broken": BROKEN}), {})
    assert deployment.stack.parameters() is not None

    with pytest.raises(Refused, match="--yes-delete-data"):
        deployment.destroy(delete_data=False)
    assert deployment.destroy(delete_data=True) == 0
    assert deployment.stack.parameters() is None


def test_there_is_no_way_back_to_a_release_that_cannot_read_the_rows(deployment: Deployment, make: Make) -> None:
    deployment.up(make({"AccountsTable": TABLE}), {"Stage": "prod", "Canary": "off"})
    with pytest.raises(Refused, match="Deploy this one with --parameter Canary=off"):
        deployment.up(make({"AccountsTable": TABLE, "Due": QUEUE}, rows=2), {"Canary": "Canary10Percent5Minutes"})
    deployment.up(make({"AccountsTable": TABLE, "Due": QUEUE}, rows=2), {})
    assert "queues and streams wait" in deployment.console.export_text()

    with pytest.raises(Refused, match="can't read the rows"):
        deployment.rollback()
    with pytest.raises(Refused, match="can't read the rows"):
        deployment.up(make({"AccountsTable": TABLE}), {})

    deployment.destroy(delete_data=True)


def test_of_a_first_deployment_that_fails_nothing_stays(deployment: Deployment, make: Make) -> None:
    before = deployment.tables.list_tables()["TableNames"]

    with pytest.raises(DeploymentFailed, match="Broken"):
        deployment.up(make({"AccountsTable": TABLE, "Broken": BROKEN | {"DependsOn": "AccountsTable"}}), {"Stage": "x"})

    assert deployment.stack.parameters() is None
    assert deployment.tables.list_tables()["TableNames"] == before


def test_a_parameter_that_does_not_exist_is_named_with_those_that_do(deployment: Deployment, make: Make) -> None:
    with pytest.raises(DeploymentFailed, match=r"no parameter Nights\. These are: Canary, Days, Release, Stage"):
        deployment.up(make({"AccountsTable": TABLE}), {"Nights": "5"})


def test_what_is_not_there_is_neither_rolled_back_nor_destroyed(deployment: Deployment) -> None:
    deployment.bucket.make()
    unknown = Deployment("nobodys", Console(record=True), yes=True)

    with pytest.raises(Refused, match="No earlier release"):
        unknown.rollback()
    with pytest.raises(Refused, match="no stack nobodys"):
        unknown.destroy(delete_data=True)


def test_nothing_is_changed_unless_somebody_says_yes(
    deployment: Deployment, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "")
    asking = Deployment("asked", Console(record=True), yes=False)

    with pytest.raises(Refused, match="Nothing was changed"):
        asking.up(make({"AccountsTable": TABLE}), {"Stage": "prod"})

    assert asking.stack.parameters() is None
