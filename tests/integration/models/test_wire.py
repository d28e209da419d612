"""The tests' way to moto without a wire (`tests/wire.py`) gives the answers that come over it."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from chalicelib import aws
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.transactions import Put
from chalicelib.programs import program
from tests import wire
from tests.builders import make_account

pytestmark = pytest.mark.usefixtures("aws")

Client = Any
TABLE = "sublet-guards"
ROW = {
    "id": {"S": "a"},
    "text": {"S": "مرحبا"},
    "count": {"N": "1.50"},
    "flag": {"BOOL": False},
    "none": {"NULL": True},
    "list": {"L": [{"S": ""}, {"M": {"deep": {"SS": ["x", "y"]}}}, {"L": []}]},
    "map": {"M": {}},
}
MISSING = {"Key": {"id": {"S": "nobody"}}, "TableName": TABLE}
UNMET = {"TableName": TABLE, "Item": ROW, "ConditionExpression": "attribute_not_exists(id)"}
ASKED: dict[str, Callable[[Client], Any]] = {
    "put": lambda db: db.put_item(TableName=TABLE, Item=ROW, ReturnConsumedCapacity="TOTAL"),
    "get": lambda db: db.get_item(TableName=TABLE, Key={"id": ROW["id"]}, ReturnConsumedCapacity="TOTAL"),
    "get, missing": lambda db: db.get_item(**MISSING),
    "query": lambda db: db.query(
        TableName=TABLE, KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": ROW["id"]}, Limit=1
    ),
    "scan": lambda db: db.scan(TableName=TABLE),
    "batch": lambda db: db.batch_get_item(RequestItems={TABLE: {"Keys": [{"id": ROW["id"]}, MISSING["Key"]]}}),
    "transaction": lambda db: db.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE, "Item": ROW}}]),
    "condition unmet": lambda db: db.put_item(**UNMET),
    "transaction canceled": lambda db: db.transact_write_items(TransactItems=[{"Put": UNMET}]),
    "no such table": lambda db: db.get_item(**MISSING | {"TableName": "nowhere"}),
    "too large": lambda db: db.put_item(TableName=TABLE, Item=ROW | {"text": {"S": "x" * 410_000}}),
    "not valid": lambda db: db.get_item(TableName=TABLE, Key={"id": 1}),
    "update": lambda db: db.update_item(
        TableName=TABLE,
        Key={"id": ROW["id"]},
        UpdateExpression="SET #n = :n",
        ExpressionAttributeNames={"#n": "count"},
        ExpressionAttributeValues={":n": {"N": "2"}},
        ReturnValues="ALL_NEW",
    ),
    "delete": lambda db: db.delete_item(TableName=TABLE, Key={"id": ROW["id"]}, ReturnValues="ALL_OLD"),
}


def answers(client: Client, asked: dict[str, Callable[[Client], Any]]) -> dict[str, Any]:
    return {name: _answer(client, ask) for name, ask in asked.items()}


def _answer(client: Client, ask: Callable[[Client], Any]) -> Any:
    try:
        said = ask(client)
    except ParamValidationError as error:
        return str(error)
    except ClientError as error:
        said = error.response | {"raised": type(error).__name__}
    return said | {"ResponseMetadata": said["ResponseMetadata"]["HTTPStatusCode"]}


def test_what_our_tables_ask_and_are_answered_is_on_the_wire_as_botocore_would_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "HANDLERS", {})
    asked = {name: ask for name, ask in ASKED.items() if name != "not valid"}  # PynamoDB has no arguments checked

    ours, botocores = (answers(client, asked) for client in (aws.tables().client, boto3.client("dynamodb")))

    assert ours == botocores


def test_dynamodb_answers_as_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    unwired = answers(boto3.client("dynamodb"), ASKED)

    monkeypatch.setattr(wire, "HANDLERS", {})
    wired = answers(boto3.client("dynamodb"), ASKED)

    assert unwired == wired
    assert wired["get"]["Item"] == ROW


def test_a_put_is_asked_for_as_pynamodb_would() -> None:
    account = make_account(version=3)
    put = accounts.put(account, program=program("agency"), actor="somebody", event="account.updated")
    others = [put, Put(put.row, "new", AccountRow.id.does_not_exist())]

    for each in others:
        asked = each.row.get_save_kwargs_from_instance(condition=each.condition)

        assert transactions._put_item(each) == asked
