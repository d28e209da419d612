"""API keys, found by the hash of the key a caller shows."""

from dataclasses import replace
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.partners import ApiKey
from chalicelib.models.base import DataAttribute, InstantAttribute, Row, page_of
from chalicelib.models.transactions import Put, subject_unchanged


class PartnerIndex(GlobalSecondaryIndex[Any]):
    """A partner's keys by id."""

    class Meta:
        index_name = "by_partner"
        projection = AllProjection()

    partner_id = UnicodeAttribute(hash_key=True)
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
    last4 = UnicodeAttribute(null=True)
    expires_at = InstantAttribute(null=True)
    last_used_at = InstantAttribute(null=True)
    revoked_at = InstantAttribute(null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    by_partner = PartnerIndex()


def put(key: ApiKey, *, actor: str, event: str) -> Put:
    """The write of a key; without an ``event`` (it was merely used) the world is told nothing."""
    changed = replace(key, version=key.version + 1, revision=key.revision + (1 if event else 0))
    row = ApiKeyRow.of(changed, actor=actor, event=event)
    return Put(row, subject=key.id, condition=subject_unchanged(ApiKeyRow, key.version))


def by_hash(key_hash: str) -> ApiKey | None:
    try:
        return ApiKeyRow.get(key_hash, consistent_read=True).value()
    except ApiKeyRow.DoesNotExist:
        return None


def of_partner(
    partner_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[ApiKey], dict[str, Any] | None]:
    """A partner's keys, oldest first, and where the next page starts."""
    rows = ApiKeyRow.by_partner.query(partner_id, page_size=limit + 1, last_evaluated_key=start)
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last


def find(partner_id: str, key_id: str) -> ApiKey | None:
    found = [row.value() for row in ApiKeyRow.by_partner.query(partner_id, PartnerIndex.id == key_id)]
    return by_hash(found[0].hash) if found else None
