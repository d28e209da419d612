"""The parties of invoices, in the ledger beside the invoices that name them: written once, never changed."""

from contextlib import suppress
from functools import lru_cache

from pynamodb.attributes import UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.domain.billing.parties import Parties
from chalicelib.models.base import DataAttribute
from chalicelib.models.transactions import Put, WriteConflict, commit

PREFIX = "parties"


class PartiesRow(Table):
    """Its id is made of its content, so that the same parties are the same row."""

    class Meta:
        table_name = TableName("ledger_table")

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    parties = DataAttribute[Parties](Parties)


def get(payer: str, digest: str) -> Parties:
    """The parties that an invoice names."""
    return PartiesRow.get(payer, _id(digest), consistent_read=True).parties


@lru_cache(maxsize=4096)
def keep(payer: str, digest: str, parties: Parties) -> None:
    """Store the parties unless they are stored. Cached: the row never changes, so that each process writes it once."""
    row = PartiesRow(payer, _id(digest), parties=parties)
    with suppress(WriteConflict):  # it is there
        commit([Put(row, subject=row.id, condition=PartiesRow.id.does_not_exist())])


def _id(digest: str) -> str:
    return f"{PREFIX}_{digest}"
