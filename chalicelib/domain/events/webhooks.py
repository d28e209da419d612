"""Webhooks: URLs that events are posted to, their secrets, and when they are disabled (docs/rules.md §11)."""

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.events.events import Event
from chalicelib.domain.values import dataclass

MOST_OF_A_PARTNER = 10
"""The most webhooks of a partner; each costs a delivery per event it wants."""
MOST_WITH_DELETED = 1_000
"""The most webhooks including those deleted in the last 30 days: publishing an event reads them all."""
FAILING_UNTIL_DISABLED = timedelta(days=3)
OLD_SECRET_STILL_SIGNS = timedelta(hours=24)
"""How long the previous secret signs as well after a rotation, so that receivers have time to switch."""

EVERYTHING = "*"


class DisabledReason(StrEnum):
    BY_REQUEST = "by_request"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A partner's URL that receives some of its events.

    ``failing_since`` is the first failure after the last success. ``generation`` counts its secrets. A deleted webhook
    is kept for a while but not shown, so that its last event can be published.
    """

    id: str
    partner_id: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    disabled_reason: DisabledReason | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    generation: int = 1
    rotated_at: datetime | None = None
    deleted_at: datetime | None = None
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0

    @property
    def enabled(self) -> bool:
        """Whether events are posted to it."""
        return self.disabled_reason is None and self.deleted_at is None

    def wants(self, event: Event) -> bool:
        """Whether this event is to be posted to it."""
        return self.enabled and event.partner_id == self.partner_id and matches(self.events, event.type)


def matches(filters: Sequence[str], event_type: str) -> bool:
    """Whether a filter names this event type: itself, its subject (``account.*``) or everything."""
    subject = event_type.partition(".")[0]
    return any(each in (EVERYTHING, event_type, f"{subject}.*") for each in filters)


def unknown_filters(filters: Sequence[str], *, known: Collection[str]) -> list[str]:
    """Filters that name no event type or subject."""
    possible = {EVERYTHING, *known, *(f"{each.partition('.')[0]}.*" for each in known)}
    return [each for each in filters if each not in possible]


def set_enabled(webhook: Webhook, enabled: bool, *, now: datetime) -> Webhook:
    """The webhook enabled, with its failures cleared, or disabled; unchanged if it already is."""
    if enabled == webhook.enabled:
        return webhook
    if enabled:
        return replace(webhook, disabled_reason=None, disabled_at=None, failing_since=None)
    return replace(webhook, disabled_reason=DisabledReason.BY_REQUEST, disabled_at=now)


def answered(webhook: Webhook, *, well: bool, now: datetime) -> Webhook:
    """The webhook after its receiver accepted an event or failed; disabled after three days of failures only."""
    if well:
        return replace(webhook, failing_since=None)
    since = webhook.failing_since or now
    if now - since < FAILING_UNTIL_DISABLED:
        return replace(webhook, failing_since=since)
    return replace(webhook, failing_since=since, disabled_reason=DisabledReason.FAILING, disabled_at=now)


def rotated(webhook: Webhook, *, now: datetime) -> Webhook:
    """The webhook with its next secret."""
    return replace(webhook, generation=webhook.generation + 1, rotated_at=now, updated_at=now)


def generations(webhook: Webhook, *, now: datetime) -> list[int]:
    """The generations whose secrets sign now: the latest, and for a day after a rotation the previous one."""
    if webhook.rotated_at is not None and now < webhook.rotated_at + OLD_SECRET_STILL_SIGNS:
        return [webhook.generation, webhook.generation - 1]
    return [webhook.generation]


def secret_of(webhook_id: str, generation: int, *, key: bytes) -> str:
    """A webhook's signing secret, ``whsec_…``, derived from a key of the installation and stored nowhere."""
    named = f"{webhook_id}\n{generation}".encode()
    return "whsec_" + base64.b64encode(hmac.digest(key, named, hashlib.sha256)).decode()
