"""A live table is made equal to its restored copy: by as few writes as that takes, and as often as one likes."""

from typing import Any

import boto3
import pytest

from infra.restore import tables
from infra.restore.tables import Difference, put_back
from infra.tables import table_definitions

pytestmark = pytest.mark.usefixtures("aws")

LIVE, STAMP = "restored-rows", "restored-20270131"


def item(number: int, text: str) -> Any:
    return {"payer": {"S": f"prt_{number % 3}"}, "id": {"S": f"inv_{number:03}"}, "text": {"S": text}}


@pytest.fixture
def dynamodb() -> Any:
    client = boto3.client("dynamodb")
    for name in (LIVE, tables.name_beside(LIVE, STAMP)):
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("payer", "id")],
            KeySchema=[{"AttributeName": "payer", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
        )
    return client


def fill(dynamodb: Any, table: str, items: list[Any]) -> None:
    for each in items:
        dynamodb.put_item(TableName=table, Item=each)


def rows(dynamodb: Any) -> list[Any]:
    found: list[Any] = dynamodb.scan(TableName=LIVE)["Items"]
    return sorted(found, key=lambda each: str(each["id"]))


def test_rows_that_changed_are_put_back_and_those_that_came_since_removed(dynamodb: Any) -> None:
    then = [item(number, "then") for number in range(60)]
    fill(dynamodb, tables.name_beside(LIVE, STAMP), then)
    fill(dynamodb, LIVE, [*then[:30], *(item(number, "since") for number in range(30, 90))])

    assert put_back(dynamodb, LIVE, stamp=STAMP) == Difference(put_back=30, removed=30)
    assert rows(dynamodb) == then

    assert put_back(dynamodb, LIVE, stamp=STAMP) == Difference(put_back=0, removed=0)


def test_a_row_that_was_deleted_since_comes_back(dynamodb: Any) -> None:
    fill(dynamodb, tables.name_beside(LIVE, STAMP), [item(1, "then")])

    assert put_back(dynamodb, LIVE, stamp=STAMP) == Difference(put_back=1, removed=0)
    assert rows(dynamodb) == [item(1, "then")]


def test_the_copies_of_a_table_are_found_by_their_stamps(dynamodb: Any) -> None:
    assert tables.stamps(dynamodb, LIVE) == [STAMP]


def test_a_copys_name_is_no_longer_than_dynamodb_allows() -> None:
    assert len(tables.name_beside("t" * 255, STAMP)) == 255


def test_every_table_of_the_stack_is_restored_or_kept_for_a_reason() -> None:
    declared = {table.env_var for table in table_definitions()}

    assert declared == set(tables.RESTORED) | set(tables.KEPT)
