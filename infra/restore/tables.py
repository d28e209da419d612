"""Which tables are restored, how they are restored beside the live ones, and how their rows come back."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

RESTORED = (
    *("ACCOUNTS_TABLE", "NAMES_TABLE", "PARTNERS_TABLE", "WALLETS_TABLE", "BILLING_PROFILES_TABLE", "LEDGER_TABLE"),
    *("EARNINGS_TABLE", "EVENTS_TABLE", "SETUPS_TABLE", "ACCESS_TABLE", "IDEMPOTENCY_TABLE"),
    *("WEBHOOKS_TABLE", "DELIVERIES_TABLE"),
)
"""The tables that belong together, by the settings that name them."""
KEPT: Mapping[str, str] = {
    "API_KEYS_TABLE": "a key that was revoked since must stay revoked",
    "CONTROL_TABLE": "clocks and watermarks go on",
    "GUARDS_TABLE": "limits go on",
    "NOTICES_TABLE": "no notice is mailed twice",
    "PEOPLE_TABLE": "who was removed and what password was changed since must stay so",
    "SUPPRESSIONS_TABLE": "addresses that refused mail since still do",
    "SANDBOX_TABLE": "a sandbox is the world outside, which does not go back",
}
"""The tables that stay as they are, and why."""

_BATCH = 25
_PAUSE_SECONDS = 1.0
Item = dict[str, Any]
Progress = Callable[[str, str], None]
"""Told of a table and what happens to it."""


@dataclass(frozen=True)
class Difference:
    """How many rows of a table were put back, and how many that came since were removed."""

    put_back: int
    removed: int


def name_beside(table: str, stamp: str) -> str:
    """The name of a table's copy: within the 255 characters that DynamoDB allows."""
    return f"{table[: 254 - len(stamp)]}-{stamp}"


def restore_beside(
    dynamodb: Any, tables: Sequence[str], *, stamp: str, at: datetime | None, progress: Progress
) -> None:
    """Restore tables to a moment, or as they are now, each beside its live one. Waits until all are there."""
    moment: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
    for table in tables:
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=name_beside(table, stamp), **moment
        )
        progress(table, "being restored")
    for table in tables:
        while dynamodb.describe_table(TableName=name_beside(table, stamp))["Table"]["TableStatus"] != "ACTIVE":
            time.sleep(_PAUSE_SECONDS)
        progress(table, "restored")


def drop_beside(dynamodb: Any, tables: Sequence[str], *, stamp: str) -> None:
    """Delete the copies."""
    for table in tables:
        copy = name_beside(table, stamp)
        dynamodb.update_table(TableName=copy, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=copy)


def stamps(dynamodb: Any, table: str) -> list[str]:
    """The stamps of the copies of a table that are there."""
    names = [name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]]
    return sorted(name.removeprefix(f"{table}-") for name in names if name.startswith(f"{table}-restored"))


def put_back(dynamodb: Any, table: str, *, stamp: str) -> Difference:
    """Make a live table equal to its copy: rows that differ are written, rows that came since are deleted.

    May be repeated, and goes on where it was cut off. Keeps the keys of the table in memory.
    """
    copy = name_beside(table, stamp)
    names = [each["AttributeName"] for each in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    known: set[tuple[str, ...]] = set()
    written = 0
    for batch in _batches(_scan(dynamodb, copy)):
        known |= {_key_text(item, names) for item in batch}
        live = _live(dynamodb, table, [_key(item, names) for item in batch], names)
        changed = [item for item in batch if live.get(_key_text(item, names)) != item]
        _write(dynamodb, table, [{"PutRequest": {"Item": item}} for item in changed])
        written += len(changed)
    removed = 0
    for batch in _batches(item for item in _scan(dynamodb, table, names) if _key_text(item, names) not in known):
        _write(dynamodb, table, [{"DeleteRequest": {"Key": _key(item, names)}} for item in batch])
        removed += len(batch)
    return Difference(put_back=written, removed=removed)


def _scan(dynamodb: Any, table: str, names: Sequence[str] = ()) -> Iterator[Item]:
    """All rows, or only these attributes of them. An operator's command may scan; no request and no worker does."""
    places = {f"#{place}": name for place, name in enumerate(names)}
    only = {"ProjectionExpression": ", ".join(places), "ExpressionAttributeNames": places} if names else {}
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True, **only):
        yield from page["Items"]


def _live(dynamodb: Any, table: str, keys: list[Item], names: Sequence[str]) -> dict[tuple[str, ...], Item]:
    wanted: Any = {table: {"Keys": keys, "ConsistentRead": True}}
    found: list[Item] = []
    while wanted:
        answer = dynamodb.batch_get_item(RequestItems=wanted)
        found += answer["Responses"].get(table, [])
        wanted = answer.get("UnprocessedKeys")
    return {_key_text(item, names): item for item in found}


def _write(dynamodb: Any, table: str, requests: list[Item]) -> None:
    wanted: Any = {table: requests} if requests else {}
    while wanted:
        wanted = dynamodb.batch_write_item(RequestItems=wanted).get("UnprocessedItems")


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _key(item: Item, names: Sequence[str]) -> Item:
    return {name: item[name] for name in names}


def _key_text(item: Item, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(item[name]) for name in names)
