"""What is told of accounts, and of their clients' access (docs/rules.md §11)."""

import dataclasses
from typing import Any

from chalicelib.domain.accounts import provisioning
from chalicelib.domain.accounts.accounts import Account, written_at
from chalicelib.domain.events.events import Event
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.setup.branding import BrandingRow
from chalicelib.services.events.payloads.base import Image, event


def of_account(old: Image | None, new: Image) -> Event:
    row = AccountRow.from_raw_data(dict(new))
    account = row.value()
    before = _account_state(AccountRow.from_raw_data(dict(old)).value()) if old and _was_told(old) else {}
    return event(
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


def of_access(old: Image | None, new: Image) -> Event:
    row = AccessRow.from_raw_data(dict(new))
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        before=_branding(old) if old else {},
        after=_branding(new),
        data={"account_id": row.account_id, **(row.told or {})},
    )


def _branding(image: Image) -> dict[str, Any]:
    """The branding of a row that has one."""
    branding = BrandingRow.from_raw_data(dict(image)).branding if "branding" in image else None
    return dataclasses.asdict(branding) if branding else {}


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
        "provisioning": provisioning.status_of(account),
        "provisioning_reason": account.provisioning.reason if account.provisioning else None,
        "pending_plan": dataclasses.asdict(account.pending_change.plan) if account.pending_change else None,
        "disabled_message": account.disabled_message,
    }
