"""Service requests, in the table of set-ups; an index lists a partner's, a named list the unfinished ones."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.setup.service_requests import RequestStatus, ServiceRequest
from chalicelib.models import pages
from chalicelib.models.base import DataAttribute, EnumAttribute, InstantAttribute, MoneyAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class PartnerIndex(GlobalSecondaryIndex[Any]):
    """A partner's service requests by when they were filed; nothing else in the table has ``filed_by``."""

    class Meta:
        index_name = "service_requests"
        projection = AllProjection()

    filed_by = UnicodeAttribute(hash_key=True)
    created_at = InstantAttribute(range_key=True)


class ServiceRequestRow(Row[ServiceRequest]):
    holds = ServiceRequest

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    filed_by = UnicodeAttribute()
    partner_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    description = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    margin_percent = DataAttribute[Decimal](Decimal, null=True)
    status = EnumAttribute(RequestStatus, default=RequestStatus.OPEN)
    price = MoneyAttribute(null=True)
    note = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    service_requests = PartnerIndex()


def list_of(partner_id: str) -> str:
    """The named list that a partner's unfinished requests are on."""
    return f"service_requests#{partner_id}"


def put(request: ServiceRequest, *, actor: str, event: str) -> Put:
    changed = replace(request, version=request.version + 1, revision=request.revision + 1)
    row = ServiceRequestRow.of(changed, filed_by=request.partner_id, actor=actor, event=event)
    return Put(row, subject=request.id, condition=subject_unchanged(ServiceRequestRow, request.version))


def stored(put: Put) -> ServiceRequest:
    """The request as a ``put`` leaves it in the table."""
    assert isinstance(put.row, ServiceRequestRow)
    return put.row.value()


def get(request_id: str) -> ServiceRequest | None:
    """The request, read consistently, whoever it belongs to; other ids in the table name none."""
    if not request_id.startswith("sreq_"):
        return None
    try:
        return ServiceRequestRow.get(request_id, consistent_read=True).value()
    except ServiceRequestRow.DoesNotExist:
        return None


def newest(
    *,
    partner_id: str,
    account_id: str | None,
    status: RequestStatus | None,
    limit: int,
    start: Mapping[str, Any] | None,
) -> tuple[list[ServiceRequest], dict[str, Any] | None]:
    """A partner's requests, newest first: all, of one account, in one status, or both."""
    where = pages.all_of(
        [
            ServiceRequestRow.account_id == account_id if account_id is not None else None,
            ServiceRequestRow.status == status if status is not None else None,
        ]
    )
    query = ServiceRequestRow.service_requests.query
    return pages.newest(query, partner_id, where=where, limit=limit, start=dict(start) if start else None)
