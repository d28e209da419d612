"""Payloads of events about accounts, their branding and their clients' access (docs/rules.md §11)."""

import dataclasses
from datetime import UTC
from typing import Any

from chalicelib.domain.accounts import provisioning
from chalicelib.domain.accounts.accounts import Account, written_at
from chalicelib.domain.events import event_logs
from chalicelib.domain.events.events import Event
from chalicelib.models.accounts import house_shards
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.changes import Change
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.events.messages import MessageRow
from chalicelib.models.setup.branding import BrandingRow
from chalicelib.models.transfers.management_requests import ManagementRequestRow
from chalicelib.services.events.payloads.envelope import build_event


def account_event(change: Change[AccountRow]) -> Event:
    row = change.new
    account = row.value()
    of_house = house_shards.is_house(account.partner_id)
    log_id, fields = event_logs.of_account_event(change.event, account, of_house=of_house)
    return build_event(
        change,
        at=written_at(account),
        partner_id=log_id,
        account_id=row.id,
        before=event_logs.shown(_state_before(change, account), fields),
        after=event_logs.shown(_account_state(account), fields),
        data={"account_id": row.id, "name": row.name, **_reminder_date(change)},
    )


def _state_before(change: Change[AccountRow], account: Account) -> dict[str, Any]:
    """The state before; none of a pending account, which no event told of, nor of the time of another partner."""
    before = change.old.value() if change.old is not None else None
    if before is None or not before.revision or before.partner_id != account.partner_id:
        return {}
    return _account_state(before)


def _reminder_date(change: Change[AccountRow]) -> dict[str, Any]:
    """What a reminder is about: the end of the period."""
    if change.event not in ("account.renewal_upcoming", "account.trial_ending"):
        return {}
    return {"date": change.new.period.end.isoformat()}


def access_event(change: Change[AccessRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"account_id": row.account_id, **(row.payload or {})},
    )


def message_event(change: Change[MessageRow]) -> Event:
    """Without the text, which is for the reader of the mail."""
    row = change.new
    return build_event(
        change,
        at=row.sent_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"account_id": row.account_id, "message_id": row.id, "kind": row.kind, "subject": row.subject},
    )


def management_request_event(change: Change[ManagementRequestRow]) -> Event:
    """Without the link, which is for the client alone."""
    request = change.new.value()
    return build_event(
        change,
        at=request.updated_at,
        partner_id=request.partner_id,
        account_id=request.account_id,
        data={
            "account_id": request.account_id,
            "management_request_id": request.id,
            "status": request.status,
            "expires_at": request.expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )


def branding_event(change: Change[BrandingRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        before=dataclasses.asdict(change.old.branding) if change.old else {},
        after=dataclasses.asdict(row.branding),
        data={"account_id": row.account_id},
    )


def _account_state(account: Account) -> dict[str, Any]:
    """An account's state as events show it: never a password's hash, a charge in progress, or the card of a client."""
    return {
        "status": account.status,
        "payment_state": account.payment_state,
        "payer": account.paid_by,
        "relationship": account.relationship,
        "name": account.name,
        "client": {"name": account.client.name, "email": account.client.email},
        "plan": dataclasses.asdict(account.plan),
        "price_per_cycle": account.price.amount if account.price else None,
        "period": [account.period.start.isoformat(), account.period.end.isoformat()] if account.period else None,
        "custom_domain": account.custom_domain,
        "domain_state": account.domain_state if account.custom_domain else None,
        "billing_profile_id": None if account.pays_itself else account.billing_profile_id,
        "notification_email": account.notification_email,
        "language": account.language,
        "metadata": dict(account.metadata),
        "single_bill": account.single_bill,
        "sms_registered": account.sms_registered,
        "cancellation": account.cancellation.effective_on.isoformat() if account.cancellation else None,
        "expiry_reason": account.expiry_reason,
        "provisioning": provisioning.status_of(account),
        "provisioning_reason": account.provisioning.reason if account.provisioning else None,
        "pending_plan": dataclasses.asdict(account.pending_change.plan) if account.pending_change else None,
        "disabled_message": account.disabled_message,
    }
