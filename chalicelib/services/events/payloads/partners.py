"""Payloads of events about partners, cards on file, keys, webhooks, wallet settings and invite links (rules.md §11)."""

from dataclasses import asdict
from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.people.roles import VENDOR
from chalicelib.models.changes import Change
from chalicelib.models.events.suppressions import SuppressionRow
from chalicelib.models.events.webhooks import WebhookRow
from chalicelib.models.partners.api_keys import ApiKeyRow
from chalicelib.models.partners.billing_profiles import BillingProfileRow
from chalicelib.models.partners.partners import PartnerRow
from chalicelib.models.people.teams import TeamRow
from chalicelib.models.referrals.invite_links import InviteLinkRow
from chalicelib.models.wallet.settings_events import WalletSettingRow
from chalicelib.services.events.payloads.envelope import as_text, build_event, values_of

_PARTNER = ("name", "email", "country", "time_zone")
_PROFILE = ("name", "default")
_WEBHOOK = ("url", "events", "description", "disabled_reason")


def partner_event(change: Change[PartnerRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.id,
        before=values_of(change.old, _PARTNER),
        after=values_of(change.new, _PARTNER),
        data={"partner_id": row.id, **_suspension(row)},
    )


def _suspension(row: PartnerRow) -> dict[str, Any]:
    """Since when a partner is suspended, if it is."""
    return {"suspended_at": as_text(row.suspended_at)} if row.suspended_at else {}


def invite_link_event(change: Change[InviteLinkRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=_invite_link_state(change.old) if change.old else {},
        after=_invite_link_state(row),
        data={"pn": row.pn},
    )


def _invite_link_state(row: InviteLinkRow) -> dict[str, Any]:
    link = row.value()
    return {
        "pn": link.pn,
        "highlighted_plans": [asdict(plan) for plan in link.highlighted_plans],
        "experiences": [str(experience) for experience in link.experiences],
    }


def billing_profile_event(change: Change[BillingProfileRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.partner_id if is_account_id(row.partner_id) else None,
        before=values_of(change.old, _PROFILE),
        after=values_of(change.new, _PROFILE),
        data={"billing_profile_id": row.id, "last4": row.card.last4, **_expiry(change)},
    )


def _expiry(change: Change[BillingProfileRow]) -> dict[str, Any]:
    """The card that is about to expire, if this event announces it."""
    if change.event != "billing_profile.card_expiring":
        return {}
    card = change.new.card
    return {
        "profile": change.new.name,
        "card": {"brand": card.brand, "last4": card.last4},
        "expires": card.good_until.isoformat(),
    }


def api_key_event(change: Change[ApiKeyRow]) -> Event | None:
    row = change.new
    if row.partner_id is None:
        return None
    return build_event(
        change,
        at=row.revoked_at or row.created_at,
        partner_id=row.partner_id,
        data={"api_key_id": row.id, "name": row.name, "scopes": list(row.scopes), "parent_id": row.parent_id},
    )


def wallet_setting_event(change: Change[WalletSettingRow]) -> Event:
    row, settings = change.new, change.new.payload or {}
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=change.old.payload if change.old else None,
        after=settings,
        data=settings,
    )


def team_event(change: Change[TeamRow]) -> Event:
    """Who was invited, joined or left, has another role or has changed its sign-in. The vendor's own team has a log
    under its id, which goes to the vendor's bus and to notices."""
    row = change.new
    return build_event(change, at=row.updated_at, partner_id=row.partner_id or VENDOR, data=row.payload or {})


def webhook_event(change: Change[WebhookRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=values_of(change.old, _WEBHOOK),
        after=values_of(change.new, _WEBHOOK),
        data={"webhook_id": row.id, "url": row.url},
    )


def suppression_event(change: Change[SuppressionRow]) -> Event | None:
    row = change.new
    if row.partner_id is None:
        return None
    return build_event(
        change,
        at=row.at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"address": row.address, "reason": row.reason, "detail": row.detail},
    )
