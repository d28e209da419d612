"""Requests for permission to manage, with their alarms: rows of the table of alarms."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.accounts.accounts import ManagementRequestStatus
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.transfers.management_requests import ManagementRequest
from chalicelib.models import pages
from chalicelib.models.alarms import DueIndex, shard_of
from chalicelib.models.base import DueAttribute, EnumAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

PREFIX = "mreq_"


class RequestIndex(GlobalSecondaryIndex[Any]):
    """A partner's requests of one kind by when they were made; nothing else in the table has ``request_list``."""

    class Meta:
        index_name = "requests"
        projection = AllProjection()

    request_list = UnicodeAttribute(hash_key=True)
    requested_at = InstantAttribute(range_key=True)


class ManagementRequestRow(Row[ManagementRequest]):
    """A request; an open one has an alarm. Its ``payer`` is the account: the worker takes one's steps in order."""

    holds = ManagementRequest

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    partner_id = UnicodeAttribute()  # without created_at, no key of the overview
    account_id = UnicodeAttribute()
    base_url = UnicodeAttribute()
    requested_at = InstantAttribute()
    updated_at = InstantAttribute()
    expires_at = InstantAttribute()
    status = EnumAttribute(ManagementRequestStatus, default=ManagementRequestStatus.OPEN)
    revision = NumberAttribute()
    version = NumberAttribute()
    request_list = UnicodeAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    due_index = DueIndex()
    requests = RequestIndex()


def put(request: ManagementRequest, *, actor: str) -> Put:
    """The write of a request, new or changed, on condition that nobody changed it; its status names the event."""
    is_open = request.status is ManagementRequestStatus.OPEN
    changed = replace(request, version=request.version + 1, revision=request.revision + 1)
    row = ManagementRequestRow.of(
        changed,
        payer=request.account_id,
        request_list=_list_of(request.partner_id),
        due_shard=shard_of(Sweep.RENEWALS, request.id) if is_open else None,
        due_at=request.expires_at if is_open else None,
        actor=actor,
        event=f"management_request.{'created' if is_open else request.status}",
    )
    return Put(row, subject=request.id, condition=subject_unchanged(ManagementRequestRow, request.version))


def stored(put: Put) -> ManagementRequest:
    """The request as a ``put`` leaves it in the table."""
    assert isinstance(put.row, ManagementRequestRow)
    return put.row.value()


def get(request_id: str) -> ManagementRequest | None:
    """The request, read consistently, whoever it belongs to; other ids in the table name none."""
    if not request_id.startswith(PREFIX):
        return None
    try:
        return ManagementRequestRow.get(request_id, consistent_read=True).value()
    except ManagementRequestRow.DoesNotExist:
        return None


def newest(
    *,
    partner_id: str,
    account_id: str | None,
    status: ManagementRequestStatus | None,
    limit: int,
    start: dict[str, Any] | None,
    now: datetime,
) -> tuple[list[ManagementRequest], dict[str, Any] | None]:
    """A partner's requests, newest first: all, of one account, with one status at ``now``, or both."""
    of_account = ManagementRequestRow.account_id == account_id if account_id is not None else None
    where = pages.all_of([of_account, _with_status(status, now)])
    return pages.newest(
        ManagementRequestRow.requests.query, _list_of(partner_id), where=where, limit=limit, start=start
    )


def _with_status(status: ManagementRequestStatus | None, now: datetime) -> Any:
    """The condition of a status at ``now``: an open request may have lapsed before its row says so."""
    row = ManagementRequestRow
    match status:
        case None:
            return None
        case ManagementRequestStatus.OPEN:
            return (row.status == status) & (row.expires_at > now)
        case ManagementRequestStatus.LAPSED:
            return (row.status == status) | ((row.status == ManagementRequestStatus.OPEN) & (row.expires_at <= now))
        case _:
            return row.status == status


def _list_of(partner_id: str) -> str:
    return f"management_requests#{partner_id}"
