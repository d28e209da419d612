"""The recorder of units sees what the product's own clients send."""

import boto3
import pytest
from botocore.exceptions import ClientError

from benchmarks.recorder import Recorder
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.wallet import wallets as wallet_rows
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")

WALLETS, LEDGER, ACCOUNTS = "sublet-wallets", "sublet-ledger", "sublet-accounts"


def test_requests_items_and_units_are_counted_by_table_and_index():
    world = World()
    with Recorder().open() as seen:
        account = world.create()

    assert seen.requests["TransactWriteItems"] == 2  # hold and settle
    assert seen.items_written[WALLETS] == 1  # prepaid money pays none of it, so it is written when it is settled
    assert seen.written[ACCOUNTS, "overview"] == 2  # in, and active instead of pending
    assert seen.written[LEDGER, ""] == 3  # the parties by themselves, the invoice in a transaction
    assert ("sublet-accounts", "Put") in {(table, kind) for table, kind, _ in seen.sizes}
    with Recorder().open() as seen:
        AccountRow.get(account.id, consistent_read=True)
    assert (seen.requests, seen.read_units, seen.write_units) == ({"GetItem": 1}, 1, 0)
    assert seen.dollars == 0.125


def test_a_filtered_query_counts_all_that_it_reads():
    world = World()
    for _ in range(3):
        world.create()
    with Recorder().open() as seen:
        found = list(AccountRow.overview.query(world.partner_id, filter_condition=AccountRow.summary == "none"))

    assert found == []
    assert (seen.items_read[ACCOUNTS], seen.read[ACCOUNTS, "overview"]) == (3, 0.5)


def test_updates_deletes_batches_and_refused_writes_are_counted():
    client, key = boto3.client("dynamodb"), {"id": {"S": "sweep"}}
    put = {"PutRequest": {"Item": {**key, "at": {"S": "." * 2000}}}}
    with Recorder().open() as seen:
        client.batch_write_item(RequestItems={"sublet-control": [put]})
        client.update_item(
            TableName="sublet-control",
            Key=key,
            UpdateExpression="SET #at = :at",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":at": {"S": "now"}},
        )
        with pytest.raises(ClientError):
            client.delete_item(
                TableName="sublet-control",
                Key=key,
                ConditionExpression="#at = :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": "then"}},
            )
        client.delete_item(TableName="sublet-control", Key=key)

    assert seen.written == {("sublet-control", ""): 2 + 2 + 1 + 1}
    assert seen.items_written == {"sublet-control": 4}


def test_nothing_is_counted_once_the_recorder_is_closed():
    world = World()
    with Recorder().open() as seen:
        pass
    wallet_rows.get(world.partner_id)

    assert not seen.requests
