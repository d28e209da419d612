"""The parties of invoices, in the ledger beside the invoices that name them: written once, never changed."""

from functools import lru_cache

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.config import TableName
from chalicelib.domain.parties import Parties
from chalicelib.models.base import DataAttribute

PREFIX = "parties"


class PartiesRow(Model):
    """Its id is made of its content, so that the same parties are the same row."""

    class Meta:
        table_name = TableName("ledger_table")

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    parties = DataAttribute[Parties](Parties)


def keep(payer: str, parties: Parties) -> str:
    """Store the parties unless they are stored; what invoices name them by."""
    _kept(payer, parties)
    return parties.digest


def get(payer: str, digest: str) -> Parties:
    """The parties that an invoice names."""
    return PartiesRow.get(payer, _id(digest), consistent_read=True).parties


@lru_cache(maxsize=4096)
def _kept(payer: str, parties: Parties) -> None:
    """Remembers what this process knows to be stored; the row stays, so it never has to look again."""
    try:
        PartiesRow.get(payer, _id(parties.digest), consistent_read=True, attributes_to_get=["id"])
    except PartiesRow.DoesNotExist:
        PartiesRow(payer, _id(parties.digest), parties=parties).save()


def _id(digest: str) -> str:
    return f"{PREFIX}_{digest}"
