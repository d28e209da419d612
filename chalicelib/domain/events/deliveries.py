"""Deliveries: posting one event to one webhook, until it is delivered or given up (docs/rules.md §11)."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.events.events import Event
from chalicelib.domain.events.webhooks import Webhook
from chalicelib.domain.ids import delivery_id
from chalicelib.domain.values import dataclass

DELAYS = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 8)),
)
"""The delay from each failed attempt to the next: ten attempts, the last nearly 24 hours after the first."""

AT_ONCE = 10
"""Deliveries in one message. They are made at the same time, so a message takes as long as its slowest delivery."""

ATTEMPTS_KEPT = 20
"""A delivery that is redelivered often keeps only its latest attempts."""


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Failure(StrEnum):
    """Why a delivery failed without a status code."""

    TIMEOUT = "timeout"
    NAME_NOT_RESOLVED = "name_not_resolved"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    NOT_CONNECTED = "not_connected"
    TLS = "tls"
    NOT_HTTP = "not_http"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: the receiver's answer, or why there was none, and how long it took."""

    at: datetime
    milliseconds: int
    status_code: int | None = None
    failure: Failure | None = None

    @property
    def well(self) -> bool:
        """Whether the event was delivered: only a 2xx counts, and redirects are not followed."""
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """``tries`` counts attempts since it was created or last redelivered; ``due_at`` is the next attempt."""

    id: str
    webhook_id: str
    partner_id: str
    event_id: str
    event_type: str
    status: DeliveryStatus
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None = None
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    version: int = 0


def delivery_of(event: Event, webhook: Webhook) -> Delivery:
    """The delivery of an event to a webhook, due at once. Made twice, it has the same id."""
    return Delivery(
        id=delivery_id(at=event.at, webhook_id=webhook.id, event_id=event.id),
        webhook_id=webhook.id,
        partner_id=webhook.partner_id,
        event_id=event.id,
        event_type=event.type,
        status=DeliveryStatus.PENDING,
        created_at=event.at,
        updated_at=event.at,
        due_at=_at_once(event.at),
    )


def answered(delivery: Delivery, attempt: Attempt, *, now: datetime) -> Delivery:
    """The delivery after an attempt: delivered, due again later, or given up."""
    tried = replace(
        delivery,
        attempts=(*delivery.attempts, attempt)[-ATTEMPTS_KEPT:],
        tries=delivery.tries + 1,
        updated_at=now,
    )
    if attempt.well:
        return replace(tried, status=DeliveryStatus.DELIVERED, due_at=None)
    if delivery.tries >= len(DELAYS):
        return given_up(tried, now=now)
    return replace(tried, due_at=now + DELAYS[delivery.tries])


def given_up(delivery: Delivery, *, now: datetime) -> Delivery:
    """The delivery given up: its last attempt failed, or its webhook is disabled."""
    return replace(delivery, status=DeliveryStatus.FAILED, due_at=None, updated_at=now)


def redelivered(delivery: Delivery, *, now: datetime) -> Delivery:
    """The delivery due at once, with the whole retry schedule ahead."""
    return replace(delivery, status=DeliveryStatus.PENDING, tries=0, due_at=_at_once(now), updated_at=now)


def _at_once(now: datetime) -> datetime:
    """Alarms are stored in whole seconds, rounded up; this one must be due when its message arrives."""
    return now.replace(microsecond=0)
