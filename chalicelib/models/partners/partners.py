"""Partners."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.partners.partners import Partner
from chalicelib.models.base import InstantAttribute, Row
from chalicelib.models.reads import Read
from chalicelib.models.transactions import Put, subject_unchanged


class ProgramIndex(GlobalSecondaryIndex[Any]):
    """The partners of a program by creation."""

    class Meta:
        index_name = "by_program"
        projection = AllProjection()

    program = UnicodeAttribute(hash_key=True)
    created_at = InstantAttribute(range_key=True)


class PartnerRow(Row[Partner]):
    holds = Partner

    class Meta:
        table_name = TableName("partners_table")

    id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    program = UnicodeAttribute()
    email = UnicodeAttribute()
    country = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    currency = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    house = BooleanAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    suspended_at = InstantAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    by_program = ProgramIndex()


def put(partner: Partner, *, actor: str, event: str) -> Put:
    """The write of a partner. Without an ``event`` none is published."""
    revision = partner.revision + (1 if event else 0)
    changed = replace(partner, version=partner.version + 1, revision=revision)
    row = PartnerRow.of(changed, actor=actor, event=event)
    return Put(row, subject=partner.id, condition=subject_unchanged(PartnerRow, partner.version))


def stored(put: Put) -> Partner:
    """The partner as a ``put`` leaves it in the table."""
    assert isinstance(put.row, PartnerRow)
    return put.row.value()


def get(partner_id: str, *, consistent_read: bool = False) -> Partner | None:
    try:
        return PartnerRow.get(partner_id, consistent_read=consistent_read).value()
    except PartnerRow.DoesNotExist:
        return None


def read(partner_id: str) -> Read[Partner]:
    """The partner, to be read together with other rows."""
    return Read(PartnerRow, (partner_id,), PartnerRow.value)


def get_many(partner_ids: Iterable[str]) -> dict[str, Partner]:
    """The partners with these ids, in one read for every hundred."""
    partners = (row.value() for row in PartnerRow.batch_get(list(partner_ids)))
    return {partner.id: partner for partner in partners}


Place = dict[str, Any]
"""Where a list of partners continues: after the partner with this ``created_at`` and ``id``."""


def place_of(partner: Partner) -> Place:
    """The place right after a partner."""
    return {"created_at": partner.created_at.isoformat(), "id": partner.id}


def of_program(program: str, *, limit: int, before: Place | None) -> list[Partner]:
    """Partners of a program, newest first, from a place on."""
    start = None
    if before is not None:
        created_at = PartnerRow.created_at.serialize(datetime.fromisoformat(before["created_at"]))
        start = {
            "id": {"S": before["id"]},
            "program": {"S": program},
            "created_at": {PartnerRow.created_at.attr_type: created_at},
        }
    rows = PartnerRow.by_program.query(program, scan_index_forward=False, limit=limit, last_evaluated_key=start)
    return [row.value() for row in rows]
