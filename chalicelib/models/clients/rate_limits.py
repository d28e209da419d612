"""Counts of attempts, by a hash of what is attempted: a row does not show what it is, nor whether it exists.

DynamoDB deletes counts that no longer matter. Until then, ``domain/clients/rate_limits.py`` ignores them.
"""

from dataclasses import replace
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.clients.rate_limits import Attempts
from chalicelib.models.base import InstantAttribute, Row
from chalicelib.models.transactions import Put, Remove, subject_unchanged


class AttemptsRow(Row[Attempts]):
    holds = Attempts

    class Meta:
        table_name = TableName("guards_table")

    id = UnicodeAttribute(hash_key=True)
    tries = NumberAttribute(null=True)
    tried_at = InstantAttribute(null=True)
    locked_until = InstantAttribute(null=True)
    version = NumberAttribute()
    expires_at = NumberAttribute()


def get(limit_key: str) -> Attempts:
    """The attempts counted under a key; none if there is no row."""
    try:
        return AttemptsRow.get(limit_key, consistent_read=True).value()
    except AttemptsRow.DoesNotExist:
        return Attempts(limit_key)


def put(attempts: Attempts, *, ends_at: datetime) -> Put:
    """The write of a count, on condition that it has not changed since it was read."""
    row = AttemptsRow.of(replace(attempts, version=attempts.version + 1), expires_at=int(ends_at.timestamp()))
    return Put(row, subject=attempts.id, condition=subject_unchanged(AttemptsRow, attempts.version))


def remove(limit_key: str) -> Remove:
    """The write that removes a count."""
    return Remove(AttemptsRow(limit_key), subject=limit_key, condition=AttemptsRow.id.exists())
