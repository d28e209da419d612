"""Saved views, in the table of set-ups; a partner's are in a named list of their own, and so are each person's."""

from collections.abc import Iterable
from dataclasses import replace

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.saved_views import View
from chalicelib.models.base import InstantAttribute, Row
from chalicelib.models.transactions import Put, Remove, subject_unchanged


class ViewRow(Row[View]):
    """Views publish no events: they change nothing but what is displayed."""

    holds = View

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    person_id = UnicodeAttribute(null=True)
    name = UnicodeAttribute()
    settings = JSONAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    version = NumberAttribute()


def list_of(partner_id: str, person_id: str | None = None) -> str:
    """The id of the named list of a partner's views, or of those of one of its people."""
    return f"views#{partner_id}#{person_id}" if person_id else f"views#{partner_id}"


def put(view: View) -> Put:
    row = ViewRow.of(replace(view, version=view.version + 1))
    return Put(row, subject=view.id, condition=subject_unchanged(ViewRow, view.version))


def stored(put: Put) -> View:
    """The view as a ``put`` leaves it in the table."""
    assert isinstance(put.row, ViewRow)
    return put.row.value()


def remove(view: View) -> Remove:
    return Remove(ViewRow(view.id), subject=view.id, condition=subject_unchanged(ViewRow, view.version))


def get(view_id: str) -> View | None:
    """The view, read consistently, whoever it belongs to; other ids in the table name none."""
    if not view_id.startswith("view_"):
        return None
    try:
        return ViewRow.get(view_id, consistent_read=True).value()
    except ViewRow.DoesNotExist:
        return None


def get_many(view_ids: Iterable[str]) -> dict[str, View]:
    """The views with these ids, in one read for every hundred."""
    return {row.id: row.value() for row in ViewRow.batch_get(list(view_ids), consistent_read=True)}
