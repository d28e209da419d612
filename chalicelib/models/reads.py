"""Reading rows of several tables together: one request for all that a decision is made from."""

import random
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import GetError
from pynamodb.models import Model

from chalicelib import aws
from chalicelib.domain.values import dataclass
from chalicelib.models.transactions import Busy

_TRIES = 9
T = TypeVar("T")


@dataclass(frozen=True)
class Read(Generic[T]):
    """A row to be read together with others, by its key; ``value_of`` makes of the row what a reader wants of it."""

    row: type[Model]
    key: tuple[str, ...]
    value_of: Callable[[Any], T]


class Found:
    """The rows that :func:`together` found."""

    def __init__(self, items: dict[tuple[str, ...], dict[str, Any]]) -> None:
        self._items = items

    def of(self, read: Read[T] | None) -> T | None:
        """What was read; None if there is no such row, or nothing was to be read."""
        if read is None:
            return None
        item = self._items.get(_place(read))
        return None if item is None else read.value_of(read.row.from_raw_data(item))


def together(*reads: Read[Any] | None) -> Found:
    """Read up to a hundred rows, consistently, in one request.

    Each is as it was at some moment of the request, not all at the same one: what is decided from them needs its
    conditions. Raises :class:`Busy` when throttling outlasts the retries.
    """
    names: dict[str, tuple[str, ...]] = {}
    wanted: dict[str, Any] = {}
    for read in filter(None, reads):
        table = read.row.Meta.table_name
        names[table] = _key_names(read.row)
        key = {name: {"S": value} for name, value in zip(names[table], read.key, strict=True)}
        wanted.setdefault(table, {"ConsistentRead": True, "Keys": []})["Keys"].append(key)
    items: dict[tuple[str, ...], dict[str, Any]] = {}
    for attempt in range(_TRIES):
        answer = _batch_get(wanted)
        for table, found in answer["Responses"].items():
            items |= {(table, *(item[name]["S"] for name in names[table])): item for item in found}
        wanted = answer.get("UnprocessedKeys") or {}
        if not wanted:
            return Found(items)
        time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - spreads clients, guards nothing
    raise Busy("The tables are busy. Try again in a moment.", retry_after=1)


def _place(read: Read[Any]) -> tuple[str, ...]:
    return (read.row.Meta.table_name, *read.key)


def _key_names(row: type[Model]) -> tuple[str, ...]:
    keys = (row._hash_key_attribute(), row._range_key_attribute())
    return tuple(key.attr_name for key in keys if key is not None)


def _batch_get(wanted: dict[str, Any]) -> dict[str, Any]:
    try:
        return aws.tables().dispatch("BatchGetItem", {"RequestItems": wanted})
    except (BotoCoreError, ClientError) as error:
        raise GetError(f"Failed to read rows together: {error}", error) from error
