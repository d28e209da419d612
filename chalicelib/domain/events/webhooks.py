"""Webhooks: where a partner's events are posted to, with which secret, and until when (docs/rules.md §11)."""

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.events.events import Event

MOST_OF_A_PARTNER = 10
"""Webhooks a partner may have; each costs a delivery for each event it wants."""
MOST_WITH_DELETED = 1_000
"""With those deleted in the last 30 days: whoever tells an event to its partner's webhooks reads them all."""
FAILING_UNTIL_DISABLED = timedelta(days=3)
OLD_SECRET_STILL_SIGNS = timedelta(hours=24)
"""How long after a rotation the secret before it signs as well, so that a receiver can change over in its own time."""

EVERYTHING = "*"


class DisabledReason(StrEnum):
    BY_REQUEST = "by_request"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of a partner's that wants some of its events.

    ``failing_since`` is the first failure after the last success. ``generation`` counts its secrets. A deleted webhook
    stays for a while, shown to nobody, so that its last event can be told.
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
    """Whether a type of event is among those the filters name: itself, its subject (``account.*``) or everything."""
    subject = event_type.partition(".")[0]
    return any(wanted in (EVERYTHING, event_type, f"{subject}.*") for wanted in filters)


def unknown_filters(filters: Sequence[str], *, known: Collection[str]) -> list[str]:
    """Filters that name nothing there is."""
    possible = {EVERYTHING, *known, *(f"{each.partition('.')[0]}.*" for each in known)}
    return [wanted for wanted in filters if wanted not in possible]


def set_enabled(webhook: Webhook, enabled: bool, *, now: datetime) -> Webhook:
    """Switched on, with its failures forgotten, or off; as it is if it is so already."""
    if enabled == webhook.enabled:
        return webhook
    if enabled:
        return replace(webhook, disabled_reason=None, disabled_at=None, failing_since=None)
    return replace(webhook, disabled_reason=DisabledReason.BY_REQUEST, disabled_at=now)


def answered(webhook: Webhook, *, well: bool, now: datetime) -> Webhook:
    """The webhook after its receiver took an event or failed to; off after three days of nothing but failures."""
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
    """The secrets that sign now: the latest, and for a day after a rotation also the one before it."""
    if webhook.rotated_at is not None and now < webhook.rotated_at + OLD_SECRET_STILL_SIGNS:
        return [webhook.generation, webhook.generation - 1]
    return [webhook.generation]


def secret_of(webhook_id: str, generation: int, *, key: bytes) -> str:
    """A webhook's signing secret, ``whsec_…``. It follows from a key of the installation's and is kept nowhere."""
    named = f"{webhook_id}\n{generation}".encode()
    return "whsec_" + base64.b64encode(hmac.digest(key, named, hashlib.sha256)).decode()
