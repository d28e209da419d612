"""Counts of tries, kept by the hash of what is tried: a row says nothing of it, and not whether it exists.

DynamoDB deletes rows that have ended; until it does, the rules of ``domain/clients/rate_limits.py`` see that they have.
"""

from dataclasses import replace
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.clients.rate_limits import Guard
from chalicelib.models.base import InstantAttribute, Row
from chalicelib.models.transactions import Put, Remove, subject_unchanged


class GuardRow(Row[Guard]):
    holds = Guard

    class Meta:
        table_name = TableName("guards_table")

    id = UnicodeAttribute(hash_key=True)
    tries = NumberAttribute(null=True)
    tried_at = InstantAttribute(null=True)
    locked_until = InstantAttribute(null=True)
    version = NumberAttribute()
    expires_at = NumberAttribute()


def get(guard_id: str) -> Guard:
    """The guard; a fresh one where nothing was tried."""
    try:
        return GuardRow.get(guard_id, consistent_read=True).value()
    except GuardRow.DoesNotExist:
        return Guard(guard_id)


def put(guard: Guard, *, ends_at: datetime) -> Put:
    """The write of a try counted, under the condition that no other was since it was read."""
    row = GuardRow.of(replace(guard, version=guard.version + 1), expires_at=int(ends_at.timestamp()))
    return Put(row, subject=guard.id, condition=subject_unchanged(GuardRow, guard.version))


def remove(guard_id: str) -> Remove:
    """The write that sets a count back."""
    return Remove(GuardRow(guard_id), subject=guard_id, condition=GuardRow.id.exists())
