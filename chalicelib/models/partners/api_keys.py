"""API keys, found by the hash of the key a caller shows."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.partners.partners import ApiKey
from chalicelib.models.base import DataAttribute, InstantAttribute, Row, page_of
from chalicelib.models.transactions import Put, subject_unchanged

OPERATORS = "operators"
"""The ``holder`` of the keys that belong to no partner."""


class HolderIndex(GlobalSecondaryIndex[Any]):
    """A partner's keys, or the operators', by id."""

    class Meta:
        index_name = "by_holder"
        projection = AllProjection()

    holder = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class ApiKeyRow(Row[ApiKey]):
    holds = ApiKey

    class Meta:
        table_name = TableName("api_keys_table")

    hash = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute()
    name = UnicodeAttribute()
    scopes = DataAttribute[tuple[str, ...]](tuple[str, ...])
    created_at = InstantAttribute()
    partner_id = UnicodeAttribute(null=True)
    holder = UnicodeAttribute()
    last4 = UnicodeAttribute(null=True)
    parent_id = UnicodeAttribute(null=True)
    ancestors = DataAttribute[tuple[str, ...]](tuple[str, ...], null=True)
    expires_at = InstantAttribute(null=True)
    last_used_at = InstantAttribute(null=True)
    revoked_at = InstantAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute(null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    by_holder = HolderIndex()


def put(key: ApiKey, *, actor: str, event: str) -> Put:
    """The write of a key. Without an ``event`` (the key was merely used) nothing is published."""
    changed = replace(key, version=key.version + 1, revision=key.revision + (1 if event else 0))
    row = ApiKeyRow.of(changed, holder=key.partner_id or OPERATORS, actor=actor, event=event)
    return Put(row, subject=key.id, condition=subject_unchanged(ApiKeyRow, key.version))


def by_hash(key_hash: str) -> ApiKey | None:
    try:
        return ApiKeyRow.get(key_hash, consistent_read=True).value()
    except ApiKeyRow.DoesNotExist:
        return None


def by_hashes(hashes: Iterable[str]) -> list[ApiKey]:
    """The keys with these hashes, in one read for up to 100."""
    return [row.value() for row in ApiKeyRow.batch_get(list(hashes), consistent_read=True)]


def held_by(
    partner_id: str | None, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[ApiKey], dict[str, Any] | None]:
    """A partner's keys, or with None the operators', by id, and where the next page starts."""
    holder = partner_id or OPERATORS
    rows = ApiKeyRow.by_holder.query(holder, page_size=limit + 1, last_evaluated_key=start)
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last


def find(partner_id: str | None, key_id: str) -> ApiKey | None:
    """A partner's key, or with None an operator's, by its id."""
    rows = ApiKeyRow.by_holder.query(partner_id or OPERATORS, HolderIndex.id == key_id)
    row = next(iter(rows), None)
    return by_hash(row.hash) if row else None
