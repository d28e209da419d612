"""What is told of partners and what they arrange: cards, keys, webhooks, top-ups (docs/rules.md §11)."""

from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.models.events.suppressions import SuppressionRow
from chalicelib.models.events.webhooks import WebhookRow
from chalicelib.models.partners.api_keys import ApiKeyRow
from chalicelib.models.partners.billing_profiles import BillingProfileRow
from chalicelib.models.partners.partners import PartnerRow
from chalicelib.models.wallet.settings_events import WalletSettingRow
from chalicelib.services.events.payloads.base import Image, event, state

_PARTNER = ("name", "email", "country", "time_zone")
_PROFILE = ("name", "default")
_WEBHOOK = ("url", "events", "description", "disabled_reason")


def of_partner(old: Image | None, new: Image) -> Event:
    row = PartnerRow.from_raw_data(dict(new))
    return event(
        row,
        at=row.updated_at,
        partner_id=row.id,
        before=state(PartnerRow, old, _PARTNER),
        after=state(PartnerRow, new, _PARTNER),
        data={"partner_id": row.id},
    )


def of_profile(old: Image | None, new: Image) -> Event:
    row = BillingProfileRow.from_raw_data(dict(new))
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=state(BillingProfileRow, old, _PROFILE),
        after=state(BillingProfileRow, new, _PROFILE),
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


def of_key(new: Image) -> Event | None:
    row = ApiKeyRow.from_raw_data(dict(new))
    if row.partner_id is None:
        return None
    return event(
        row,
        at=row.revoked_at or row.created_at,
        partner_id=row.partner_id,
        data={"api_key_id": row.id, "name": row.name, "scopes": list(row.scopes), "parent_id": row.parent_id},
    )


def of_wallet_setting(old: Image | None, new: Image) -> Event:
    row = WalletSettingRow.from_raw_data(dict(new))
    before = WalletSettingRow.from_raw_data(dict(old)).told if old else None
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=before or {},
        after=row.told or {},
        data=row.told or {},
    )


def of_webhook(old: Image | None, new: Image) -> Event:
    row = WebhookRow.from_raw_data(dict(new))
    return event(
        row,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=state(WebhookRow, old, _WEBHOOK),
        after=state(WebhookRow, new, _WEBHOOK),
        data={"webhook_id": row.id, "url": row.url},
    )


def of_suppression(new: Image) -> Event | None:
    row = SuppressionRow.from_raw_data(dict(new))
    if row.partner_id is None:
        return None
    return event(
        row,
        at=row.at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"address": row.address, "reason": row.reason, "detail": row.detail},
    )
