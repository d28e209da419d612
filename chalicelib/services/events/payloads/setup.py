"""Payloads of events about service requests, usage, snapshots and templates (docs/rules.md §11)."""

from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.models.accounts.snapshots import SnapshotRow
from chalicelib.models.accounts.usage import PoolRow, UsageRow
from chalicelib.models.changes import Change
from chalicelib.models.setup.service_requests import ServiceRequestRow
from chalicelib.models.setup.templates import TemplateRow
from chalicelib.services.events.payloads.envelope import build_event


def usage_event(change: Change[UsageRow]) -> Event:
    row = change.new
    contacts = row.value().contacts
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"account_id": row.account_id, "used": contacts.used, "limit": contacts.limit},
    )


def pool_event(change: Change[PoolRow]) -> Event:
    row = change.new
    contacts = row.value().measure
    data = {"partner_id": row.partner_id, "used": contacts.used, "limit": contacts.limit}
    return build_event(change, at=row.updated_at, partner_id=row.partner_id, data=data)


def service_request_event(change: Change[ServiceRequestRow]) -> Event:
    """Without the margin: it is the partner's own affair, and the vendor receives every event."""
    row = change.new
    after = _request_state(row)
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        before=_request_state(change.old) if change.old else {},
        after=after,
        data={"service_request_id": row.id, "account_id": row.account_id, "kind": row.kind, **after},
    )


def _request_state(row: ServiceRequestRow) -> dict[str, Any]:
    request = row.value()
    price = {"amount": request.price.amount, "currency": request.price.currency} if request.price else None
    return {"status": request.status, "price": price}


def snapshot_event(change: Change[SnapshotRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        data={"snapshot_id": row.id, "name": row.name, "account_id": row.account_id},
    )


def template_event(change: Change[TemplateRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.owner,
        data={"template_id": row.id, "name": row.name, "account_id": row.owner},
    )
