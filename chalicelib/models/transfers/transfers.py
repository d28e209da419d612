"""Requests to move accounts, with their alarms: rows of the table of alarms; the open ones about an account, a list."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.transfers import transfers as domain
from chalicelib.domain.transfers.transfers import Direction, Letter, Transfer, TransferStatus
from chalicelib.models import pages
from chalicelib.models.alarms import DueIndex, shard_of
from chalicelib.models.base import (
    DataAttribute,
    DueAttribute,
    EnumAttribute,
    InstantAttribute,
    RecordAttribute,
    Row,
)
from chalicelib.models.transactions import Put, subject_unchanged
from chalicelib.models.transfers.management_requests import RequestIndex

PREFIX = "xfer_"
_ALL = "transfers"


class TransferIndex(GlobalSecondaryIndex[Any]):
    """The transfers of all partners by when they were requested, for operators."""

    class Meta:
        index_name = "transfers"
        projection = AllProjection()

    transfer_list = UnicodeAttribute(hash_key=True)
    requested_at = InstantAttribute(range_key=True)


class TransferRow(Row[Transfer]):
    """A transfer. Its ``payer`` is the partner that filed it: the worker takes the steps of one partner in order.

    What other rows of the table are indexed by has another name here.
    """

    holds = Transfer

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    partner_id = UnicodeAttribute(attr_name="filed_by")
    direction = EnumAttribute(Direction)
    status = EnumAttribute(TransferStatus, attr_name="transfer_status")
    email = UnicodeAttribute()
    created_at = InstantAttribute(attr_name="filed_at")
    updated_at = InstantAttribute()
    expires_at = InstantAttribute()
    account_name = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    from_partner_id = UnicodeAttribute(null=True)
    relationship = EnumAttribute(Relationship, null=True)
    billing_profile_id = UnicodeAttribute(null=True)
    single_bill = BooleanAttribute(null=True)
    plan = RecordAttribute[Plan](Plan, null=True)
    reason = UnicodeAttribute(null=True)
    letters = DataAttribute[tuple[Letter, ...]](tuple[Letter, ...], null=True)
    mail_at = InstantAttribute(null=True)
    base_url = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()

    request_list = UnicodeAttribute()
    transfer_list = UnicodeAttribute()
    requested_at = InstantAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    due_index = DueIndex()
    requests = RequestIndex()
    transfers = TransferIndex()


def put(transfer: Transfer, *, actor: str, event: str | None) -> Put:
    """The write of a transfer, new or changed; ``event`` names the change, None publishes nothing (a letter sent)."""
    due_at = domain.due_at(transfer)
    changed = replace(
        transfer, version=transfer.version + 1, revision=transfer.revision + (1 if event is not None else 0)
    )
    row = TransferRow.of(
        changed,
        payer=transfer.partner_id,
        request_list=_list_of(transfer.partner_id),
        transfer_list=_ALL,
        requested_at=transfer.created_at,
        due_shard=shard_of(Sweep.RENEWALS, transfer.id) if due_at else None,
        due_at=due_at,
        actor=actor,
        event=event or "",
    )
    return Put(row, subject=transfer.id, condition=subject_unchanged(TransferRow, transfer.version))


def stored(put: Put) -> Transfer:
    """The transfer as a ``put`` leaves it in the table."""
    assert isinstance(put.row, TransferRow)
    return put.row.value()


def get(transfer_id: str) -> Transfer | None:
    """The transfer, read consistently, whoever filed it; other ids in the table name none."""
    if not transfer_id.startswith(PREFIX):
        return None
    try:
        return TransferRow.get(transfer_id, consistent_read=True).value()
    except TransferRow.DoesNotExist:
        return None


def get_many(transfer_ids: Iterable[str]) -> dict[str, Transfer]:
    """The transfers with these ids, in one consistent read."""
    ids = list(transfer_ids)
    return {row.id: row.value() for row in TransferRow.batch_get(ids, consistent_read=True)} if ids else {}


def newest(
    *,
    partner_id: str | None,
    status: TransferStatus | None,
    direction: Direction | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Transfer], dict[str, Any] | None]:
    """A partner's transfers, or those of all partners, newest first, and where the next page starts."""
    where = pages.all_of(
        [
            TransferRow.status == status if status is not None else None,
            TransferRow.direction == direction if direction is not None else None,
        ]
    )
    index, key = (TransferRow.transfers, _ALL) if partner_id is None else (TransferRow.requests, _list_of(partner_id))
    return pages.newest(index.query, key, where=where, limit=limit, start=start)


def list_of_account(account_id: str) -> str:
    """The named list of the open transfers that are known to be about an account."""
    return f"transfers#{account_id}"


def list_of_name(partner_id: str, account_name: str) -> str:
    """The named list of a partner's open transfer of an account of this name: one at most, whether or not it exists."""
    return f"transfers#{partner_id}#{account_name}"


def _list_of(partner_id: str) -> str:
    return f"transfers#{partner_id}"
