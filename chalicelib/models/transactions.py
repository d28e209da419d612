"""Writing several rows in one transaction.

The condition of each write is its lock. A writer that was too late learns which subjects changed.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from pynamodb.exceptions import DeleteError, PutError, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib import aws
from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.values import dataclass
from chalicelib.models.base import code_of

MAX_ITEMS = 100
"""The most items DynamoDB allows in a transaction."""

_TRANSIENT = {
    "TransactionConflict",
    "TransactionConflictException",  # of a single write
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "TransactionInProgressException",
}
_TRIES = 9
_ATTEMPTS = 10
T = TypeVar("T")


@dataclass(frozen=True)
class Put:
    """Write the whole ``row`` if ``condition`` holds; ``subject`` names it in a :class:`WriteConflict`."""

    row: Model
    subject: str
    condition: Condition


@dataclass(frozen=True)
class Remove:
    """Delete ``row`` if ``condition`` holds."""

    row: Model
    subject: str
    condition: Condition


@dataclass(frozen=True)
class Check:
    """Write nothing, but require that ``condition`` holds for a row."""

    row: type[Model]
    hash_key: str
    range_key: str | None
    subject: str
    condition: Condition


Write = Put | Remove | Check


class WriteConflict(Exception):
    """Nothing was written: these subjects changed since they were read."""

    def __init__(self, subjects: Iterable[str]) -> None:
        self.subjects = frozenset(subjects)
        super().__init__(", ".join(sorted(self.subjects)))


class Busy(Refusal):
    """Nothing was written: others kept writing the same rows, or the table kept throttling."""

    kind = RefusalKind.UNAVAILABLE
    code = "busy"
    title = "Too many changes at once"


def subject_unchanged(row: Any, version: int) -> Condition:
    """The condition that the row still has ``version``; version 0 is a row that does not exist yet."""
    condition: Condition = row.version == version if version else row.version.does_not_exist()
    return condition


def commit(writes: Sequence[Write]) -> None:
    """Write all or nothing.

    Raises :class:`WriteConflict` naming the subjects whose condition failed, :class:`Busy` when conflicts
    or throttling outlast the retries.
    """
    for attempt in range(_TRIES):
        try:
            _write(writes)
            return
        except _Transient:
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - spreads clients, guards nothing
    raise Busy("Others kept changing the same rows. Try again in a moment.", retry_after=1)


def retry(attempt: Callable[[], T], *, busy: str, attempts: int = _ATTEMPTS) -> T:
    """Call ``attempt``, which reads everything anew, until it raises no :class:`WriteConflict`; returns its result.

    Raises :class:`Busy` with the text ``busy`` when every attempt conflicts.
    """
    for _ in range(attempts):
        try:
            return attempt()
        except WriteConflict:
            continue
    raise Busy(busy, retry_after=1)


class _Transient(Exception):
    """A conflict or a throttle: worth another try."""


def _write(writes: Sequence[Write]) -> None:
    checks = [write for write in writes if isinstance(write, Check)]
    removes = [write for write in writes if isinstance(write, Remove)]
    puts = [write for write in writes if isinstance(write, Put)]
    ordered: list[Write] = [*checks, *removes, *puts]  # as PynamoDB sends them, and reasons come back
    try:
        if len(ordered) == 1 and not checks:
            _write_one(ordered[0])
            return
        aws.tables().transact_write_items(
            condition_check_items=[_check_item(check) for check in checks],
            delete_items=[remove.row.get_delete_kwargs_from_instance(condition=remove.condition) for remove in removes],
            put_items=[_put_item(put) for put in puts],
            update_items=[],
        )
    except (PutError, DeleteError) as error:
        if code_of(error) == "ConditionalCheckFailedException":
            raise WriteConflict([ordered[0].subject]) from error
        _raise_transient({code_of(error)}, error)
    except TransactWriteError as error:
        codes = [reason.code if reason else "" for reason in error.cancellation_reasons]
        conflicts = [w.subject for w, code in zip(ordered, codes, strict=False) if code == "ConditionalCheckFailed"]
        if conflicts:
            raise WriteConflict(conflicts) from error
        _raise_transient({*codes, code_of(error)}, error)


def _check_item(check: Check) -> dict[str, Any]:
    item: dict[str, Any] = check.row.get_operation_kwargs_from_class(
        check.hash_key, range_key=check.range_key, condition=check.condition
    )
    return item


def _put_item(put: Put) -> dict[str, Any]:
    """The put as PynamoDB would make it, which would copy the item attribute by attribute."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    condition = put.condition.serialize(names, values)
    item = {"TableName": put.row.Meta.table_name, "Item": put.row.serialize(), "ConditionExpression": condition}
    item["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in names.items()}
    return item | ({"ExpressionAttributeValues": values} if values else {})


def _write_one(write: Write) -> None:
    if isinstance(write, Put):
        write.row.save(condition=write.condition)
    elif isinstance(write, Remove):
        write.row.delete(condition=write.condition)


def _raise_transient(codes: set[str], error: Exception) -> None:
    if codes & _TRANSIENT or any("Throttl" in code or "Throughput" in code for code in codes):
        raise _Transient from error
    raise error
