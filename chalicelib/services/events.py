"""The event log: every committed change becomes an entry, through the stream (docs/rules.md §11).

A row that changed names the event and who did it; its revision counts the changes the world is told
about. An event's id is derived from both, so that a stream that repeats itself tells nothing twice.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.config import settings
from chalicelib.domain import events as domain
from chalicelib.domain import preparation
from chalicelib.domain.accounts import Account, written_at
from chalicelib.domain.credits import CreditKind
from chalicelib.domain.events import Event
from chalicelib.domain.ids import event_id
from chalicelib.models import arrangements
from chalicelib.models import events as event_rows
from chalicelib.models.access import AccessRow
from chalicelib.models.accounts import AccountRow
from chalicelib.models.api_keys import ApiKeyRow
from chalicelib.models.arrangements import ArrangementRow
from chalicelib.models.bills import BillRow
from chalicelib.models.branding import BrandingRow
from chalicelib.models.ledger import EntryRow, InvoiceRow
from chalicelib.models.partners import PartnerRow
from chalicelib.models.profiles import BillingProfileRow
from chalicelib.models.service_requests import ServiceRequestRow
from chalicelib.models.snapshots import SnapshotRow
from chalicelib.models.suppressions import SuppressionRow
from chalicelib.models.templates import TemplateRow
from chalicelib.models.usage import PoolRow, UsageRow
from chalicelib.models.watches import WatchRow
from chalicelib.models.webhooks import WebhookRow

Image = Mapping[str, Any]


def publish(changes: Sequence[tuple[str, Image | None, Image | None]]) -> list[Event]:
    """Write the events of committed changes: (table, old image, new image), as the stream gives them."""
    told = (event_of(table, old, new) for table, old, new in changes)
    events = {event.id: event for event in told if event is not None}
    event_rows.save(list(events.values()), kept_days=settings().events_kept_days)
    return list(events.values())


def event_of(table: str, old: Image | None, new: Image | None) -> Event | None:
    """The event a change is, or None for one the world is not told: a charge merely held, a key merely used."""
    if new is None or "event" not in new or not new["event"]["S"]:
        return None
    if old is not None and old.get("revision") == new.get("revision"):
        return None
    return _describe(table, old, new)


def _describe(table: str, old: Image | None, new: Image) -> Event | None:
    if table == settings().accounts_table:
        return _of_watch(new) if new["id"]["S"].startswith("prt_") else _of_account(old, new)
    if table == settings().ledger_table:
        of = {"inv": _of_invoice, "bill": _of_bill, "txn": _of_entry}
        return of[new["id"]["S"].partition("_")[0]](new)
    if table == settings().partners_table:
        return _of_partner(old, new)
    if table == settings().billing_profiles_table:
        return _of_profile(old, new)
    if table == settings().api_keys_table:
        return _of_key(new)
    if table == settings().suppressions_table:
        return _of_suppression(new)
    if table == settings().setups_table:
        return _of_set_up(old, new)
    if table == settings().access_table:
        is_arrangement = new["id"]["S"].startswith(arrangements.PREFIX)
        return _of_arrangement(old, new) if is_arrangement else _of_access(old, new)
    if table == settings().webhooks_table:
        return _of_webhook(old, new)
    return None


def _of_account(old: Image | None, new: Image) -> Event:
    row = AccountRow.from_raw_data(dict(new))
    account = row.value()
    before = _account_state(AccountRow.from_raw_data(dict(old)).value()) if old and _was_told(old) else {}
    return _event(
        row,
        at=written_at(account),
        partner_id=row.partner_id,
        account_id=row.id,
        before=before,
        after=_account_state(account),
        data={"account_id": row.id, "name": row.name, **_announced(row)},
    )


def _announced(row: AccountRow) -> dict[str, Any]:
    """The date a reminder reminds of: the end of the period."""
    if row.event not in ("account.renewal_upcoming", "account.trial_ending"):
        return {}
    return {"date": row.period.end.isoformat()}


def _of_watch(new: Image) -> Event:
    row = WatchRow.from_raw_data(dict(new))
    data = dict(row.data or {})
    return _event(row, at=row.updated_at, partner_id=row.payer, account_id=data.get("account_id"), data=data)


def _of_invoice(new: Image) -> Event:
    row = InvoiceRow.from_raw_data(dict(new))
    invoice = row.value()
    last = invoice.attempts[-1] if invoice.attempts else None
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.payer,
        account_id=row.account_id,
        data={
            "invoice_id": row.id,
            "number": f"{invoice.number:06d}",
            "status": invoice.status,
            "currency": invoice.currency,
            "total": invoice.total.amount,
            "prepaid_applied": invoice.prepaid_applied.amount,
            "card_charged": invoice.card_charged.amount,
            "decline_code": last.decline_code if last else None,
        },
    )


def _of_bill(new: Image) -> Event:
    row = BillRow.from_raw_data(dict(new))
    bill = row.value()
    last = bill.attempts[-1] if bill.attempts else None
    return _event(
        row,
        at=last.at if last else bill.closed_at,
        partner_id=row.payer,
        data={
            "bill_id": row.id,
            "number": f"{bill.bill_number:06d}",
            "status": bill.status,
            "attempts": last.number if last else 0,
            "currency": bill.currency,
            "total": bill.total.amount,
            "invoice_count": bill.invoice_count,
            "prepaid_applied": bill.prepaid_applied.amount,
            "card_charged": bill.card_charged.amount,
            "decline_code": last.decline_code if last else None,
        },
    )


def _of_entry(new: Image) -> Event:
    row = EntryRow.from_raw_data(dict(new))
    entry = row.value()
    return _event(
        row,
        at=entry.at,
        partner_id=row.payer,
        account_id=row.account_id,
        data={
            "transaction_id": row.id,
            "kind": entry.kind,
            "currency": entry.amount.currency if entry.credit is CreditKind.PREPAID else None,
            "amount": entry.amount.amount,
            "balance_after": entry.balance_after.amount,
            "to_card": entry.to_card.amount if entry.to_card else None,
            "invoice_id": entry.invoice_id,
            "purchase_id": entry.purchase_id,
        },
    )


def _of_partner(old: Image | None, new: Image) -> Event:
    row = PartnerRow.from_raw_data(dict(new))
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.id,
        before=_state(PartnerRow, old, _PARTNER),
        after=_state(PartnerRow, new, _PARTNER),
        data={"partner_id": row.id},
    )


def _of_profile(old: Image | None, new: Image) -> Event:
    row = BillingProfileRow.from_raw_data(dict(new))
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=_state(BillingProfileRow, old, _PROFILE),
        after=_state(BillingProfileRow, new, _PROFILE),
        data={"billing_profile_id": row.id, "last4": row.card.last4, **_expiring(row)},
    )


def _expiring(row: BillingProfileRow) -> dict[str, Any]:
    """What is said of a card that is about to expire."""
    if row.event != "billing_profile.card_expiring":
        return {}
    card = row.card
    return {
        "profile": row.name,
        "card": {"brand": card.brand, "last4": card.last4},
        "expires": card.good_until.isoformat(),
    }


def _of_set_up(old: Image | None, new: Image) -> Event:
    kind = new["id"]["S"].partition("_")[0]
    if kind == "sreq":
        return _of_service_request(old, new)
    if kind == "usage":
        return _of_usage(new)
    if kind == "pool":
        return _of_pool(new)
    return _of_template(new) if kind == "tmpl" else _of_snapshot(new)


def _of_usage(new: Image) -> Event:
    row = UsageRow.from_raw_data(dict(new))
    contacts = row.value().contacts
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"account_id": row.account_id, "used": contacts.used, "limit": contacts.limit},
    )


def _of_pool(new: Image) -> Event:
    row = PoolRow.from_raw_data(dict(new))
    contacts = row.value().measure
    data = {"partner_id": row.partner_id, "used": contacts.used, "limit": contacts.limit}
    return _event(row, at=row.updated_at, partner_id=row.partner_id, data=data)


def _of_service_request(old: Image | None, new: Image) -> Event:
    """The margin is left out: it is the partner's own affair, and the vendor hears of every event."""
    row = ServiceRequestRow.from_raw_data(dict(new))
    after = _request_state(new)
    return _event(
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
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        data={"snapshot_id": row.id, "name": row.name, "account_id": row.account_id},
    )


def _of_template(new: Image) -> Event:
    row = TemplateRow.from_raw_data(dict(new))
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.owner,
        data={"template_id": row.id, "name": row.name, "account_id": row.owner},
    )


def _of_key(new: Image) -> Event | None:
    row = ApiKeyRow.from_raw_data(dict(new))
    if row.partner_id is None:
        return None
    return _event(
        row,
        at=row.revoked_at or row.created_at,
        partner_id=row.partner_id,
        data={"api_key_id": row.id, "name": row.name, "scopes": list(row.scopes)},
    )


def _of_access(old: Image | None, new: Image) -> Event:
    row = AccessRow.from_raw_data(dict(new))
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        before=_branding(old) if old else {},
        after=_branding(new),
        data={"account_id": row.account_id, **(row.told or {})},
    )


def _of_arrangement(old: Image | None, new: Image) -> Event:
    row = ArrangementRow.from_raw_data(dict(new))
    before = ArrangementRow.from_raw_data(dict(old)).told if old else None
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=before or {},
        after=row.told or {},
        data=row.told or {},
    )


def _branding(image: Image) -> dict[str, Any]:
    """The branding of a row that has one."""
    branding = BrandingRow.from_raw_data(dict(image)).branding if "branding" in image else None
    return dataclasses.asdict(branding) if branding else {}


def _of_webhook(old: Image | None, new: Image) -> Event:
    row = WebhookRow.from_raw_data(dict(new))
    return _event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=_state(WebhookRow, old, _WEBHOOK),
        after=_state(WebhookRow, new, _WEBHOOK),
        data={"webhook_id": row.id, "url": row.url},
    )


def _of_suppression(new: Image) -> Event | None:
    row = SuppressionRow.from_raw_data(dict(new))
    if row.partner_id is None:
        return None
    return _event(
        row,
        at=row.at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"address": row.address, "reason": row.reason, "detail": row.detail},
    )


def _event(
    row: Any,
    *,
    at: datetime,
    partner_id: str,
    account_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    data: Mapping[str, Any],
) -> Event:
    was, became = domain.changes(before or {}, after or {})
    return Event(
        id=event_id(at=at, revision=int(row.revision), source=row.id),
        partner_id=partner_id,
        type=row.event,
        at=at,
        actor=row.actor,
        account_id=account_id,
        before=was,
        after=became,
        data=data,
    )


_PARTNER = ("name", "email", "country", "time_zone")
_PROFILE = ("name", "default")
_WEBHOOK = ("url", "events", "description", "disabled_reason")


def _state(row: Any, image: Image | None, fields: Sequence[str]) -> dict[str, Any]:
    if image is None:
        return {}
    found = row.from_raw_data(dict(image))
    return {name: getattr(found, name) for name in fields}


def _was_told(image: Image) -> bool:
    """A pending account was never told about: its creation has no before."""
    return "revision" in image


def _account_state(account: Account) -> dict[str, Any]:
    """What an event tells of an account's state: never a password's hash, never a charge in progress."""
    return {
        "status": account.status,
        "payment_state": account.payment_state,
        "name": account.name,
        "client": {"name": account.client.name, "email": account.client.email},
        "plan": dataclasses.asdict(account.plan),
        "price_per_cycle": account.price.amount if account.price else None,
        "period": [account.period.start.isoformat(), account.period.end.isoformat()] if account.period else None,
        "custom_domain": account.custom_domain,
        "domain_state": account.domain_state if account.custom_domain else None,
        "billing_profile_id": account.billing_profile_id,
        "notification_email": account.notification_email,
        "language": account.language,
        "metadata": dict(account.metadata),
        "single_bill": account.single_bill,
        "sms_registered": account.sms_registered,
        "cancellation": account.cancellation.effective_on.isoformat() if account.cancellation else None,
        "expiry_reason": account.expiry_reason,
        "provisioning": preparation.status_of(account),
        "provisioning_reason": account.provisioning.reason if account.provisioning else None,
        "pending_plan": dataclasses.asdict(account.pending_change.plan) if account.pending_change else None,
        "disabled_message": account.disabled_message,
    }


def list_events(
    *, partner_id: str, account_id: str | None, type: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Event], dict[str, Any] | None]:
    """A partner's events, newest first, and where the next page starts."""
    return event_rows.newest(partner_id=partner_id, account_id=account_id, type=type, limit=limit, start=start)
