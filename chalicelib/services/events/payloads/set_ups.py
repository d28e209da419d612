"""What is told of what lies in the table of set-ups (docs/rules.md §11)."""

from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.models.accounts.snapshots import SnapshotRow
from chalicelib.models.accounts.usage import PoolRow, UsageRow
from chalicelib.models.setup.service_requests import ServiceRequestRow
from chalicelib.models.setup.templates import TemplateRow
from chalicelib.services.events.payloads.base import Image, event


def of_set_up(old: Image | None, new: Image) -> Event:
    kind = new["id"]["S"].partition("_")[0]
    if kind == "sreq":
        return _of_service_request(old, new)
    if kind == "usage":
        return of_usage(new)
    if kind == "pool":
        return of_pool(new)
    return _of_template(new) if kind == "tmpl" else _of_snapshot(new)


def of_usage(new: Image) -> Event:
    row = UsageRow.from_raw_data(dict(new))
    contacts = row.value().contacts
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"account_id": row.account_id, "used": contacts.used, "limit": contacts.limit},
    )


def of_pool(new: Image) -> Event:
    row = PoolRow.from_raw_data(dict(new))
    contacts = row.value().measure
    data = {"partner_id": row.partner_id, "used": contacts.used, "limit": contacts.limit}
    return event(row, at=row.updated_at, partner_id=row.partner_id, data=data)


def _of_service_request(old: Image | None, new: Image) -> Event:
    """The margin is left out: it is the partner's own affair, and the vendor hears of every event."""
    row = ServiceRequestRow.from_raw_data(dict(new))
    after = _request_state(new)
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        before=_request_state(old) if old else {},
        after=after,
        data={"service_request_id": row.id, "account_id": row.account_id, "kind": row.kind, **after},
    )


def _request_state(image: Image) -> dict[str, Any]:
    request = ServiceRequestRow.from_raw_data(dict(image)).value()
    price = {"amount": request.price.amount, "currency": request.price.currency} if request.price else None
    return {"status": request.status, "price": price}


def _of_snapshot(new: Image) -> Event:
    row = SnapshotRow.from_raw_data(dict(new))
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        data={"snapshot_id": row.id, "name": row.name, "account_id": row.account_id},
    )


def _of_template(new: Image) -> Event:
    row = TemplateRow.from_raw_data(dict(new))
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.owner,
        data={"template_id": row.id, "name": row.name, "account_id": row.owner},
    )
