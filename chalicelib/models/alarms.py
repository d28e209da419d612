"""The alarms of everything that has a next step at a known time.

One table holds what has an alarm: accounts, purchases in progress, Single Bills, disputes, requests for permission to
manage an account, and partners (their daily balance check). The sparse ``due`` index finds what is due, shard by shard.
"""

import hashlib
from datetime import datetime
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.pagination import ResultIterator

from chalicelib.aws import Table
from chalicelib.config import TableName, settings
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.models.base import DueAttribute, code_of


class DueIndex(GlobalSecondaryIndex[Any]):
    """Rows by when they fall due. Only rows with an alarm are in it."""

    class Meta:
        index_name = "due"
        projection = IncludeProjection(["payer"])

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = DueAttribute(range_key=True)


class AlarmRow(Table):
    """A row's alarm alone, so that it can be found and moved whatever else in the row can't be read."""

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    stuck_from = UnicodeAttribute(null=True)
    stuck_because = UnicodeAttribute(null=True)

    due_index = DueIndex()


def shard_of(sweep: Sweep, subject: str) -> str:
    """The partition of the due index that a subject's alarm is in."""
    number = int.from_bytes(hashlib.sha256(subject.encode()).digest()[:4], "big") % settings().due_shards
    return f"{sweep}#{number:02d}"


def due(
    *, sweep: Sweep, shard: int, since: datetime | None, until: datetime, start: dict[str, Any] | None
) -> ResultIterator[AlarmRow]:
    """A shard's rows that fell due up to ``until``, page by page as they are asked for, keys and payer only.

    ``since`` leaves out what fell due before; ``start`` goes on where an iterator's
    ``last_evaluated_key`` left off.
    """
    when = DueIndex.due_at <= until if since is None else DueIndex.due_at.between(since, until)
    return AlarmRow.due_index.query(f"{sweep}#{shard:02d}", when, last_evaluated_key=start)


def oldest_due(*, sweep: Sweep, shard: int, until: datetime) -> datetime | None:
    """When the first of a shard's rows fell due that are due at ``until``."""
    rows = AlarmRow.due_index.query(f"{sweep}#{shard:02d}", DueIndex.due_at <= until, limit=1)
    return next((row.due_at for row in rows), None)


PARKED = "stuck#00"
"""The partition of the due index for parked alarms, where no sweep looks."""


def park(subject: str, *, because: str) -> None:
    """Move the alarm of a subject that broke the worker to where no sweep looks. The next change sets it anew.

    Without an alarm there is nothing to move. ``because`` is the kind of error, nothing of what it says.
    """
    actions: list[Action] = [
        AlarmRow.stuck_from.set(AlarmRow.due_shard),
        AlarmRow.stuck_because.set(because),
        AlarmRow.due_shard.set(PARKED),
    ]
    try:
        AlarmRow(subject).update(
            actions=actions, condition=AlarmRow.due_shard.exists() & (AlarmRow.due_shard != PARKED)
        )
    except UpdateError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise


def parked() -> list[AlarmRow]:
    """Everything that is parked, what has waited longest first."""
    found = {row.id: row for row in AlarmRow.due_index.query(PARKED)}
    rows = AlarmRow.batch_get(list(found), consistent_read=True) if found else ()
    return sorted((row for row in rows if row.due_shard == PARKED), key=lambda row: (row.due_at, row.id))


def unpark(row: AlarmRow) -> bool:
    """Move a parked alarm back to where its sweep looks; False if it is not parked any more."""
    sweep = Sweep((row.stuck_from or Sweep.RENEWALS).partition("#")[0])
    actions: list[Action] = [
        AlarmRow.due_shard.set(shard_of(sweep, row.id)),
        AlarmRow.stuck_from.remove(),
        AlarmRow.stuck_because.remove(),
    ]
    try:
        AlarmRow(row.id).update(actions=actions, condition=AlarmRow.due_shard == PARKED)
    except UpdateError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True
