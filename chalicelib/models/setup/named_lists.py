"""Named lists: one row beside the things it lists. It is the lock for their names and their number."""

from collections.abc import Mapping
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.setup.named_lists import NamedList
from chalicelib.models.base import DataAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class NamedListRow(Row[NamedList]):
    holds = NamedList

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    names = DataAttribute[Mapping[str, str]](Mapping[str, str], null=True)
    version = NumberAttribute()


def put(named_list: NamedList) -> Put:
    row = NamedListRow.of(replace(named_list, version=named_list.version + 1))
    return Put(row, subject=named_list.id, condition=subject_unchanged(NamedListRow, named_list.version))


def get(list_id: str) -> NamedList:
    """The list of a partner or an account, read consistently; an empty one where nothing was kept yet."""
    try:
        return NamedListRow.get(list_id, consistent_read=True).value()
    except NamedListRow.DoesNotExist:
        return NamedList(list_id)
