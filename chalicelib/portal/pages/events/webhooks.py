"""Webhooks of a partner: where events are posted, and what became of it."""

from itertools import groupby

from chalicelib.api import cursors
from chalicelib.api.bodies.events.webhooks import (
    CreateWebhook,
    DeliveryShape,
    ListDeliveries,
    ListWebhooks,
    UpdateWebhook,
    WebhookShape,
)
from chalicelib.domain.events.deliveries import DeliveryStatus
from chalicelib.domain.events.event_types import TYPES
from chalicelib.domain.events.webhooks import EVERYTHING, Webhook
from chalicelib.portal import forms
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.events import deliveries, webhooks

pages = Pages()

SUBJECTS = tuple(f"{subject}.*" for subject, _ in groupby(TYPES, key=lambda type_: type_.partition(".")[0]))


@pages.get("webhooks", scope="read")
def show_webhooks(visit: Visit) -> View:
    """The webhooks, disabled ones too, and a form for another."""
    query = visit.asked_as(ListWebhooks)
    found, last = webhooks.list_webhooks(
        partner_id=visit.partner_id, limit=query.limit, start=cursors.start_of(visit, query)
    )
    values = {
        "webhooks": [WebhookShape.of(each) for each in found],
        "filters": _filters(visit),
        **visit.pager(query, last),
    }
    return View("events/webhooks.html", values)


@pages.post("webhooks", scope="write", again=show_webhooks)
def create_webhook(visit: Visit) -> View:
    """A webhook; its secret is shown on the page that follows and never again."""
    body = visit.form(CreateWebhook)
    webhook, secret = webhooks.create_webhook(
        webhook_id=visit.derived_id("whk"),
        partner_id=visit.partner_id,
        url=body.url,
        events=body.events,
        description=body.description,
        now=visit.now,
        actor=visit.actor,
    )
    return _with_secret(webhook, secret)


@pages.get("webhooks/{webhook_id}", scope="read")
def show_webhook(visit: Visit, webhook_id: str, **_: str) -> View:
    """A webhook: what it gets, and its deliveries page by page."""
    webhook = webhooks.get_webhook(partner_id=visit.partner_id, webhook_id=webhook_id)
    query = visit.asked_as(ListDeliveries)
    found, last = deliveries.list_deliveries(
        partner_id=visit.partner_id,
        webhook_id=webhook_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(visit, query),
    )
    values = {
        "webhook": WebhookShape.of(webhook),
        "generation": webhook.generation,
        "filters": _filters(visit, webhook.events),
        "deliveries": [DeliveryShape.of(each) for each in found],
        "statuses": ("", *DeliveryStatus),
        "status": query.status or "",
        **visit.pager(query, last),
    }
    return View("events/webhook.html", values)


@pages.post("webhooks/{webhook_id}", scope="write", again=show_webhook)
def change_webhook(visit: Visit, webhook_id: str) -> Redirect:
    """Changes where events are posted and which; the whole form counts, so no description means none."""
    body = visit.form(UpdateWebhook)
    changes = {name: getattr(body, name) for name in body.model_fields_set} | {"description": body.description}
    _change(visit, webhook_id, changes)
    return Redirect(f"webhooks/{webhook_id}", done="saved")


@pages.post("webhooks/{webhook_id}/enable", scope="write", again=show_webhook)
def enable(visit: Visit, webhook_id: str) -> Redirect:
    """Has events posted again."""
    _change(visit, webhook_id, {"enabled": True})
    return Redirect(f"webhooks/{webhook_id}", done="enabled")


@pages.post("webhooks/{webhook_id}/disable", scope="write", again=show_webhook)
def disable(visit: Visit, webhook_id: str) -> Redirect:
    """Has no events posted until it is enabled again."""
    _change(visit, webhook_id, {"enabled": False})
    return Redirect(f"webhooks/{webhook_id}", done="disabled")


@pages.post("webhooks/{webhook_id}/secret", scope="write", again=show_webhook)
def rotate_secret(visit: Visit, webhook_id: str) -> View:
    """A new secret, shown once; the old one is valid for another 24 hours."""
    webhook, secret = webhooks.rotate_secret(
        partner_id=visit.partner_id,
        webhook_id=webhook_id,
        generation=forms.whole_number(visit.entered("generation")),
        now=visit.now,
        actor=visit.actor,
    )
    return _with_secret(webhook, secret)


@pages.post("webhooks/{webhook_id}/delete", scope="write")
def delete_webhook(visit: Visit, webhook_id: str) -> Redirect:
    """Deletes a webhook; what is pending is not attempted again."""
    webhooks.delete_webhook(partner_id=visit.partner_id, webhook_id=webhook_id, now=visit.now, actor=visit.actor)
    return Redirect("webhooks", done="deleted")


@pages.post("webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", scope="write", again=show_webhook)
def redeliver(visit: Visit, webhook_id: str, delivery_id: str) -> Redirect:
    """Has an event posted once more."""
    deliveries.redeliver(partner_id=visit.partner_id, webhook_id=webhook_id, delivery_id=delivery_id, now=visit.now)
    return Redirect(f"webhooks/{webhook_id}", done="redelivered")


def _change(visit: Visit, webhook_id: str, changes: dict[str, object]) -> None:
    webhooks.update_webhook(
        partner_id=visit.partner_id, webhook_id=webhook_id, changes=changes, now=visit.now, actor=visit.actor
    )


def _with_secret(webhook: Webhook, secret: str | None) -> View:
    return View("events/webhook_secret.html", {"webhook": WebhookShape.of(webhook), "secret": secret})


def _filters(visit: Visit, own: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """What may be ticked: everything, all of a subject, and single types that a webhook already has."""
    everything = (EVERYTHING, visit.texts.plain("events.webhooks.everything"))
    return [everything, *((each, each) for each in dict.fromkeys((*SUBJECTS, *own)) if each != EVERYTHING)]
