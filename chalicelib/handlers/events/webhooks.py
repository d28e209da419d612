"""Webhooks: partners' URLs that events are posted to."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.events.webhooks import (
    CreateWebhook,
    DeliveryShape,
    ListDeliveries,
    ListWebhooks,
    UpdateWebhook,
    WebhookShape,
    WebhookWithSecret,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.events.webhooks import Webhook
from chalicelib.services.events import deliveries, webhooks

routes = Routes(Blueprint(__name__), tag="webhooks")


def _with_secret(webhook: Webhook, secret: str | None) -> Answer:
    shape = WebhookWithSecret(**WebhookShape.of(webhook).model_dump(), secret=None)
    return Answer(body=shape, secrets={"secret": secret} if secret else {})


@routes.post(
    "/v1/webhooks",
    body=CreateWebhook,
    returns=WebhookWithSecret,
    status=201,
    scope="write",
    also="read",
    summary="Create a webhook",
    refusals=(409, 503),
)
def create_webhook(call: Call, body: CreateWebhook) -> Answer:
    """Have events posted to a URL. The secret that verifies them is shown only once."""
    webhook, secret = webhooks.create_webhook(
        webhook_id=call.derived_id("whk"),
        partner_id=call.partner_id,
        url=body.url,
        events=body.events,
        description=body.description,
        now=call.now,
        actor=call.actor,
    )
    return _with_secret(webhook, secret)


@routes.get("/v1/webhooks", query=ListWebhooks, returns=Page[WebhookShape], scope="read", summary="List webhooks")
def list_webhooks(call: Call, query: ListWebhooks) -> Page[WebhookShape]:
    """The partner's webhooks, disabled ones too."""
    start = cursors.start_of(call, query)
    found, last = webhooks.list_webhooks(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[WebhookShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/webhooks/{webhook_id}", returns=WebhookShape, scope="read", summary="Read a webhook")
def get_webhook(call: Call, webhook_id: str) -> WebhookShape:
    """One webhook, without its secret."""
    return WebhookShape.of(webhooks.get_webhook(partner_id=call.partner_id, webhook_id=webhook_id))


@routes.patch(
    "/v1/webhooks/{webhook_id}",
    body=UpdateWebhook,
    returns=WebhookShape,
    scope="write",
    also="read",
    summary="Change a webhook",
)
def update_webhook(call: Call, webhook_id: str, body: UpdateWebhook) -> WebhookShape:
    """Change where events are posted and which, or switch a webhook off and on."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    webhook = webhooks.update_webhook(
        partner_id=call.partner_id, webhook_id=webhook_id, changes=changes, now=call.now, actor=call.actor
    )
    return WebhookShape.of(webhook)


@routes.delete("/v1/webhooks/{webhook_id}", returns=None, scope="write", also="read", summary="Delete a webhook")
def delete_webhook(call: Call, webhook_id: str) -> None:
    """Delete a webhook; its pending deliveries are not attempted again."""
    webhooks.delete_webhook(partner_id=call.partner_id, webhook_id=webhook_id, now=call.now, actor=call.actor)


@routes.post(
    "/v1/webhooks/{webhook_id}/rotate-secret",
    returns=WebhookWithSecret,
    scope="write",
    also="read",
    summary="Give a webhook a new secret",
    refusals=(503,),
)
def rotate_webhook_secret(call: Call, webhook_id: str) -> Answer:
    """A new secret, shown only once. For 24 hours requests are signed with the old one too."""
    webhook, secret = webhooks.rotate_secret(
        partner_id=call.partner_id, webhook_id=webhook_id, now=call.now, actor=call.actor
    )
    return _with_secret(webhook, secret)


@routes.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    query=ListDeliveries,
    returns=Page[DeliveryShape],
    scope="read",
    summary="What was delivered?",
)
def list_deliveries(call: Call, webhook_id: str, query: ListDeliveries) -> Page[DeliveryShape]:
    """Past and pending deliveries, with the status code and the duration of each attempt."""
    found, last = deliveries.list_deliveries(
        partner_id=call.partner_id,
        webhook_id=webhook_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    return Page(data=[DeliveryShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    returns=DeliveryShape,
    status=202,
    scope="write",
    also="read",
    summary="Deliver an event once more",
    refusals=(409,),
)
def redeliver(call: Call, webhook_id: str, delivery_id: str) -> DeliveryShape:
    """Post the event again in a moment, whether or not it was delivered before."""
    delivery = deliveries.redeliver(
        partner_id=call.partner_id, webhook_id=webhook_id, delivery_id=delivery_id, now=call.now
    )
    return DeliveryShape.of(delivery)
