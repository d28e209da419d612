"""Payloads of events about accounts, their branding and their clients' access (docs/rules.md §11)."""

import dataclasses
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
from chalicelib.services.events.payloads.envelope import build_event


def account_event(change: Change[AccountRow]) -> Event:
    row, old = change.new, change.old
    account = row.value()
    of_house = house_shards.is_house(account.partner_id)
    log_id, fields = event_logs.of_account_event(change.event, account, of_house=of_house)
    # A pending account has no revision: no event was published about it.
    before = {} if old is None or old.revision is None else _account_state(old.value())
    return build_event(
        change,
        at=written_at(account),
        partner_id=log_id,
        account_id=row.id,
        before=event_logs.shown(before, fields),
        after=event_logs.shown(_account_state(account), fields),
        data={"account_id": row.id, "name": row.name, **_reminder_date(change)},
    )


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
        data={"account_id": row.account_id, **(row.told or {})},
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
    """An account's state as events show it: never a password's hash, never a charge in progress."""
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
        "provisioning": provisioning.status_of(account),
        "provisioning_reason": account.provisioning.reason if account.provisioning else None,
        "pending_plan": dataclasses.asdict(account.pending_change.plan) if account.pending_change else None,
        "disabled_message": account.disabled_message,
    }
