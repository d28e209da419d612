"""Shelves: one row beside the things it lists. It is the lock for their names and their number."""

from collections.abc import Mapping
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.setup.named_lists import Shelf
from chalicelib.models.base import DataAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class ShelfRow(Row[Shelf]):
    holds = Shelf

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    names = DataAttribute[Mapping[str, str]](Mapping[str, str], null=True)
    version = NumberAttribute()


def put(shelf: Shelf) -> Put:
    row = ShelfRow.of(replace(shelf, version=shelf.version + 1))
    return Put(row, subject=shelf.id, condition=subject_unchanged(ShelfRow, shelf.version))


def get(shelf_id: str) -> Shelf:
    """The shelf of a partner or an account, read consistently; an empty one where nothing was kept yet."""
    try:
        return ShelfRow.get(shelf_id, consistent_read=True).value()
    except ShelfRow.DoesNotExist:
        return Shelf(shelf_id)
