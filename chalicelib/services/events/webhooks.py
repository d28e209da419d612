"""Webhooks: creating and changing them (docs/rules.md §11). Posting to them is in services/events/deliveries.py.

A signing secret is derived from the installation's master key, the webhook's id and the count of its rotations, so
that no table holds one (docs/decisions/webhooks.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.events import webhooks as domain
from chalicelib.domain.events.event_types import TYPES
from chalicelib.domain.events.webhook_urls import url_fault
from chalicelib.domain.events.webhooks import DisabledReason, Webhook
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal, RefusalKind
from chalicelib.gateways.secrets import SecretMissing, key_for
from chalicelib.models.events import webhooks as webhook_rows
from chalicelib.models.transactions import WriteConflict, commit, retry

_PURPOSE = "webhooks"
"""The purpose of the derived key that signing secrets are made from."""

_REPEATED_WITHIN = timedelta(minutes=1)
"""So long a request for a new secret that is repeated shows the same one: a double click, or a lost answer."""


class TooManyWebhooks(Refusal):
    """The partner has as many webhooks as are allowed."""

    code = "too_many_webhooks"
    title = "No further webhook"


class WebhooksNotSetUp(Refusal):
    """The installation has no master key, so nothing could be signed."""

    kind = RefusalKind.UNAVAILABLE
    code = "webhooks_not_set_up"
    title = "Webhooks are not set up"


def get_webhook(*, partner_id: str, webhook_id: str) -> Webhook:
    """The partner's webhook. Raises :class:`NotFound`."""
    webhook = webhook_rows.get(partner_id, webhook_id)
    if webhook is None or webhook.deleted_at is not None:
        raise NotFound.of("webhook", webhook_id)
    return webhook


def list_webhooks(
    *, partner_id: str, limit: int, start: dict[str, Any] | None
) -> tuple[list[Webhook], dict[str, Any] | None]:
    """A partner's webhooks, and where the next page starts."""
    return webhook_rows.of_partner(partner_id, limit=limit, start=start)


def create_webhook(
    *,
    webhook_id: str,
    partner_id: str,
    url: str,
    events: Sequence[str],
    description: str | None,
    now: datetime,
    actor: str,
) -> tuple[Webhook, str | None]:
    """Create a webhook; returns it with its secret, which is shown only once. A repeated ``webhook_id`` gets no secret.

    Raises :class:`Invalid`, :class:`TooManyWebhooks` (two created at the same moment may both be the last),
    :class:`WebhooksNotSetUp`.
    """
    _check(url=url, events=events)
    webhook = Webhook(
        id=webhook_id,
        partner_id=partner_id,
        url=url,
        events=tuple(dict.fromkeys(events)),
        description=description,
        fingerprint=fingerprint(webhook_id, {"url": url, "events": list(events), "description": description}),
        created_at=now,
        updated_at=now,
    )
    existing = webhook_rows.get(partner_id, webhook_id)
    if existing is not None:
        return _created_before(existing, webhook), None
    _refuse_one_too_many(webhook_rows.all_of(partner_id))
    secret = _secret(webhook)
    put = webhook_rows.put(webhook, actor=actor, event="webhook.created")
    try:
        commit([put])
    except WriteConflict:
        return _created_before(get_webhook(partner_id=partner_id, webhook_id=webhook_id), webhook), None
    return webhook_rows.stored(put), secret


def _refuse_one_too_many(theirs: Sequence[Webhook]) -> None:
    if sum(webhook.deleted_at is None for webhook in theirs) >= domain.MOST_OF_A_PARTNER:
        raise TooManyWebhooks(
            f"A partner has at most {domain.MOST_OF_A_PARTNER} webhooks. Change or delete one of yours."
        )
    if len(theirs) >= domain.MOST_WITH_DELETED:
        raise TooManyWebhooks(
            f"A partner creates at most {domain.MOST_WITH_DELETED} webhooks in 30 days. Change one of yours instead."
        )


def _created_before(existing: Webhook, requested: Webhook) -> Webhook:
    """The webhook that the same request created before. Raises :class:`KeyReused` for another request."""
    if existing.fingerprint != requested.fingerprint:
        raise KeyReused(f"This Idempotency-Key already created the webhook {existing.id}. Use a new one.")
    return existing


def update_webhook(*, partner_id: str, webhook_id: str, changes: dict[str, Any], now: datetime, actor: str) -> Webhook:
    """Change a webhook's URL, filters or description, or switch it on or off. Switching it on clears its failures."""
    _check(url=changes.get("url"), events=changes.get("events"))
    if "events" in changes:
        changes = changes | {"events": tuple(dict.fromkeys(changes["events"]))}
    enabled = changes.get("enabled")
    fields = {name: value for name, value in changes.items() if name != "enabled"}

    def changed(webhook: Webhook) -> tuple[Webhook, str]:
        after = replace(webhook, **fields)
        if enabled is not None:
            after = domain.set_enabled(after, enabled, now=now)
        if after == webhook:
            return webhook, ""
        switched = after.enabled != webhook.enabled
        event = ("webhook.enabled" if after.enabled else "webhook.disabled") if switched else "webhook.updated"
        return replace(after, updated_at=now), event

    return _change(partner_id, webhook_id, changed, actor=actor)


def rotate_secret(
    *, partner_id: str, webhook_id: str, generation: int | None = None, now: datetime, actor: str
) -> tuple[Webhook, str | None]:
    """Give a webhook a new secret, shown only once; for a day the previous one signs as well.

    ``generation`` is that of the secret to be replaced. If it was replaced before, this is the same request repeated:
    the secret that receivers have must not be replaced twice. It gets the same answer within a minute, later no secret.
    """
    _secret(get_webhook(partner_id=partner_id, webhook_id=webhook_id))  # refused before anything changes

    def rotated(found: Webhook) -> tuple[Webhook, str]:
        if generation not in (None, found.generation):
            return found, ""
        return domain.rotated(found, now=now), "webhook.secret_rotated"

    webhook = _change(partner_id, webhook_id, rotated, actor=actor)
    shown = webhook.rotated_at is not None and now < webhook.rotated_at + _REPEATED_WITHIN
    return webhook, _secret(webhook) if shown else None


def delete_webhook(*, partner_id: str, webhook_id: str, now: datetime, actor: str) -> None:
    """Delete a webhook; its pending deliveries are not attempted again."""
    _change(
        partner_id,
        webhook_id,
        lambda found: (replace(found, deleted_at=now, updated_at=now), "webhook.deleted"),
        actor=actor,
    )


def note_answer(webhook: Webhook, *, well: bool, now: datetime, actor: str) -> Webhook:
    """Record whether a receiver accepts events; after three days of failures the webhook is disabled."""

    def noted(found: Webhook) -> tuple[Webhook, str]:
        after = domain.answered(found, well=well, now=now) if found.enabled else found
        if after.disabled_reason is DisabledReason.FAILING and found.enabled:
            return replace(after, updated_at=now), "webhook.disabled"
        return after, ""

    if noted(webhook)[0] == webhook:
        return webhook
    try:
        return _change(webhook.partner_id, webhook.id, noted, actor=actor)
    except NotFound:
        return webhook  # deleted meanwhile


def secrets_now(webhook: Webhook, *, now: datetime) -> list[str]:
    """The secrets that sign deliveries to a webhook now. Raises :class:`SecretMissing`."""
    key = key_for(_PURPOSE)
    return [domain.secret_of(webhook.id, generation, key=key) for generation in domain.generations(webhook, now=now)]


def _change(
    partner_id: str, webhook_id: str, change: Callable[[Webhook], tuple[Webhook, str]], *, actor: str
) -> Webhook:
    """Read, change and write a webhook; ``change`` returns it changed, and the event to publish."""

    def attempt() -> Webhook:
        webhook = get_webhook(partner_id=partner_id, webhook_id=webhook_id)
        after, event = change(webhook)
        if after == webhook:
            return webhook
        put = webhook_rows.put(after, actor=actor, event=event)
        commit([put])
        return webhook_rows.stored(put)

    return retry(attempt, busy="Others kept changing the webhook. Try again in a moment.")


def _secret(webhook: Webhook) -> str:
    try:
        return domain.secret_of(webhook.id, webhook.generation, key=key_for(_PURPOSE))
    except SecretMissing as error:
        raise WebhooksNotSetUp("The vendor must set up the master key, which is needed to sign webhooks.") from error


def _check(*, url: str | None, events: Sequence[str] | None) -> None:
    """Raise :class:`Invalid` with everything that is wrong."""
    faults: list[tuple[str, str]] = []
    if url is not None:
        fault = url_fault(url, production=settings().production, loopback=settings().webhooks_on_this_machine)
        faults += [("url", fault)] if fault else []
    unknown = domain.unknown_filters(events or (), known=TYPES)
    if unknown:
        subjects = sorted({f"{each.partition('.')[0]}.*" for each in TYPES})
        possible = ", ".join(("*", *subjects, *TYPES))
        faults.append(("events", f"has {', '.join(unknown)}, which is no type of event; possible are {possible}"))
    if faults:
        raise Invalid(errors=faults)
