"""Webhooks and their deliveries over HTTP."""

from typing import Annotated, Self

from pydantic import Field, field_validator

from chalicelib.api.base import Body, Legible, ListQuery, Shape, Timestamp
from chalicelib.domain.events.deliveries import Delivery, DeliveryStatus, Failure
from chalicelib.domain.events.webhook_urls import LONGEST_URL
from chalicelib.domain.events.webhooks import EVERYTHING, DisabledReason, Webhook

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_URL,
        json_schema_extra={"format": "uri"},
        examples=["https://hooks.agency.example/sublet"],
    ),
]
Filter = Annotated[str, Field(min_length=1, max_length=64)]
Filters = Annotated[
    list[Filter],
    Field(
        min_length=1,
        max_length=100,
        examples=[["account.*", "invoice.paid"]],
        description="Types of events, all of a subject's (`account.*`), or everything (`*`).",
    ),
]
Description = Annotated[str, Field(max_length=200), Legible]


class CreateWebhook(Body):
    """Where to post events, and which ones."""

    url: Url
    events: Filters = Field(default_factory=lambda: [EVERYTHING])
    description: Description | None = None


class UpdateWebhook(Body):
    """The fields to change; what is left out stays. `enabled: true` enables a disabled webhook again."""

    url: Url | None = None
    events: Filters | None = None
    description: Description | None = None
    enabled: bool | None = None

    @field_validator("url", "events", "enabled", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave it out to keep it")
        return value


class WebhookShape(Shape):
    """An address that events are posted to."""

    id: str
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    disabled_reason: DisabledReason | None
    disabled_at: Timestamp | None
    failing_since: Timestamp | None = Field(description="The first failure after the last success.")
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        return cls(
            id=webhook.id,
            url=webhook.url,
            events=list(webhook.events),
            description=webhook.description,
            enabled=webhook.enabled,
            disabled_reason=webhook.disabled_reason,
            disabled_at=webhook.disabled_at,
            failing_since=webhook.failing_since,
            created_at=webhook.created_at,
            updated_at=webhook.updated_at,
        )


class WebhookWithSecret(WebhookShape):
    """A webhook with the secret its requests are signed with, shown once."""

    secret: str | None


class ListWebhooks(ListQuery):
    """The partner's webhooks."""


class ListDeliveries(ListQuery):
    """The deliveries to a webhook, past and pending, the newest event first."""

    status: DeliveryStatus | None = None


class DeliveryAttemptShape(Shape):
    """One attempt: the receiver's status code, or why there was none."""

    at: Timestamp
    status_code: int | None
    failure: Failure | None
    milliseconds: int


class DeliveryShape(Shape):
    """The delivery of an event to a webhook, with its last 20 attempts, oldest first."""

    id: str
    event_id: str
    event_type: str
    status: DeliveryStatus
    attempts: list[DeliveryAttemptShape]
    next_attempt_at: Timestamp | None
    created_at: Timestamp

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            status=delivery.status,
            attempts=[DeliveryAttemptShape.model_validate(attempt) for attempt in delivery.attempts],
            next_attempt_at=delivery.due_at,
            created_at=delivery.created_at,
        )
