"""Webhooks, by partner. Their secrets are not here: see services/events/webhooks.py."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.events.webhooks import DisabledReason, Webhook
from chalicelib.models import pages
from chalicelib.models.base import DataAttribute, EnumAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

_DELETED_KEPT = timedelta(days=30)


class WebhookRow(Row[Webhook]):
    holds = Webhook

    class Meta:
        table_name = TableName("webhooks_table")

    partner_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    url = UnicodeAttribute()
    events = DataAttribute[tuple[str, ...]](tuple[str, ...])
    description = UnicodeAttribute(null=True)
    disabled_reason = EnumAttribute(DisabledReason, null=True)
    disabled_at = InstantAttribute(null=True)
    failing_since = InstantAttribute(null=True)
    generation = NumberAttribute(null=True)
    rotated_at = InstantAttribute(null=True)
    deleted_at = InstantAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()
    expires_at = NumberAttribute(null=True)


def put(webhook: Webhook, *, actor: str, event: str) -> Put:
    """The write of a webhook; without an ``event`` (only its receiver's state changed) none is published."""
    changed = replace(webhook, version=webhook.version + 1, revision=webhook.revision + (1 if event else 0))
    gone = int((webhook.deleted_at + _DELETED_KEPT).timestamp()) if webhook.deleted_at else None
    row = WebhookRow.of(changed, actor=actor, event=event, expires_at=gone)
    return Put(row, subject=webhook.id, condition=subject_unchanged(WebhookRow, webhook.version))


def stored(put: Put) -> Webhook:
    """The webhook as a ``put`` leaves it in the table."""
    assert isinstance(put.row, WebhookRow)
    return put.row.value()


def get(partner_id: str, webhook_id: str) -> Webhook | None:
    """The webhook, even if it was deleted."""
    try:
        return WebhookRow.get(partner_id, webhook_id, consistent_read=True).value()
    except WebhookRow.DoesNotExist:
        return None


def all_of(partner_id: str) -> list[Webhook]:
    """A partner's webhooks, also recently deleted ones; at most ``MOST_WITH_DELETED``, so reading them is cheap."""
    return [row.value() for row in WebhookRow.query(partner_id, consistent_read=True)]


def of_partner(
    partner_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Webhook], dict[str, Any] | None]:
    """A page of a partner's webhooks, and where the next one starts."""
    shown = WebhookRow.deleted_at.does_not_exist()
    return pages.page_of(WebhookRow.query(partner_id, filter_condition=shown, last_evaluated_key=start), limit)
