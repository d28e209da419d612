"""Snapshots, in the table of set-ups; a partner's are in its named list."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.snapshots import Snapshot
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.setup.templates import DELETED_KEPT
from chalicelib.models.base import DataAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class SnapshotRow(Row[Snapshot]):
    holds = Snapshot

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    name = UnicodeAttribute()
    account_id = UnicodeAttribute()
    plan = DataAttribute[Plan](Plan)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    templates = DataAttribute[Mapping[str, str]](Mapping[str, str], null=True)
    branding = DataAttribute[Branding](Branding, null=True)
    deleted_at = InstantAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    expires_at = NumberAttribute(null=True)
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


def put(snapshot: Snapshot, *, actor: str, event: str) -> Put:
    """The write of a snapshot; DynamoDB removes a deleted one some time later."""
    changed = replace(snapshot, version=snapshot.version + 1, revision=snapshot.revision + 1)
    gone = snapshot.deleted_at + DELETED_KEPT if snapshot.deleted_at else None
    row = SnapshotRow.of(changed, actor=actor, event=event, expires_at=int(gone.timestamp()) if gone else None)
    return Put(row, subject=snapshot.id, condition=subject_unchanged(SnapshotRow, snapshot.version))


def stored(put: Put) -> Snapshot:
    """The snapshot as a ``put`` leaves it in the table."""
    assert isinstance(put.row, SnapshotRow)
    return put.row.value()


def get(snapshot_id: str) -> Snapshot | None:
    """The snapshot, read consistently, whoever it belongs to, deleted or not; other ids in the table name none."""
    if not snapshot_id.startswith("snap_"):
        return None
    try:
        return SnapshotRow.get(snapshot_id, consistent_read=True).value()
    except SnapshotRow.DoesNotExist:
        return None


def get_many(snapshot_ids: Iterable[str]) -> dict[str, Snapshot]:
    """The snapshots with these ids, in one read for every hundred."""
    return {row.id: row.value() for row in SnapshotRow.batch_get(list(snapshot_ids), consistent_read=True)}
