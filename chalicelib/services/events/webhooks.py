"""Webhooks: making and keeping them (docs/rules.md §11). Posting to them is in services/events/deliveries.py.

A signing secret is derived from the installation's master key, the webhook's id and the count of its rotations, so
that no table holds one (docs/decisions/webhooks.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
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
from chalicelib.models.transactions import Busy, WriteConflict, commit

_TRIES = 5
_PURPOSE = "webhooks"
"""What the key is asked for that secrets are made from."""


class TooManyWebhooks(Refusal):
    """The partner has as many as it may."""

    code = "too_many_webhooks"
    title = "No further webhook"


class WebhooksNotSetUp(Refusal):
    """The installation lacks the master key, so nothing could be signed."""

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
    """A webhook and its secret, shown this once. The same ``webhook_id`` again is the same request: no secret.

    Raises :class:`Invalid`, :class:`TooManyWebhooks` (two made at the same moment may both be the last one),
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
            f"A partner makes at most {domain.MOST_WITH_DELETED} webhooks in 30 days. Change one of yours instead."
        )


def _created_before(existing: Webhook, wanted: Webhook) -> Webhook:
    """What a repeated request finds."""
    if existing.fingerprint != wanted.fingerprint:
        raise KeyReused(f"It created the webhook {existing.id}. Use a new Idempotency-Key.")
    return existing


def update_webhook(*, partner_id: str, webhook_id: str, changes: dict[str, Any], now: datetime, actor: str) -> Webhook:
    """Change a webhook's URL, filters or description, or switch it on or off. Switching on forgets its failures."""
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


def rotate_secret(*, partner_id: str, webhook_id: str, now: datetime, actor: str) -> tuple[Webhook, str]:
    """Give a webhook its next secret, shown this once; for a day the one before it signs as well."""
    _secret(get_webhook(partner_id=partner_id, webhook_id=webhook_id))  # refused before anything changes
    webhook = _change(
        partner_id, webhook_id, lambda found: (domain.rotated(found, now=now), "webhook.secret_rotated"), actor=actor
    )
    return webhook, _secret(webhook)


def delete_webhook(*, partner_id: str, webhook_id: str, now: datetime, actor: str) -> None:
    """Delete a webhook; what is on its way to it is not tried again."""
    _change(
        partner_id,
        webhook_id,
        lambda found: (replace(found, deleted_at=now, updated_at=now), "webhook.deleted"),
        actor=actor,
    )


def note_answer(webhook: Webhook, *, well: bool, now: datetime, actor: str) -> Webhook:
    """Remember how a receiver does, where that changes anything; it is switched off after three days of failures."""

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
    """The secrets that sign what is posted to a webhook now. Raises :class:`SecretMissing`."""
    key = key_for(_PURPOSE)
    return [domain.secret_of(webhook.id, generation, key=key) for generation in domain.generations(webhook, now=now)]


def _change(partner_id: str, webhook_id: str, change: Any, *, actor: str) -> Webhook:
    """Read, change and write; once more when somebody else was faster."""
    for _ in range(_TRIES):
        webhook = get_webhook(partner_id=partner_id, webhook_id=webhook_id)
        after, event = change(webhook)
        if after == webhook:
            return webhook
        put = webhook_rows.put(after, actor=actor, event=event)
        try:
            commit([put])
        except WriteConflict:
            continue
        return webhook_rows.stored(put)
    raise Busy("The webhook kept being changed. Try again in a moment.", retry_after=1)


def _secret(webhook: Webhook) -> str:
    try:
        return domain.secret_of(webhook.id, webhook.generation, key=key_for(_PURPOSE))
    except SecretMissing as error:
        raise WebhooksNotSetUp("The vendor has to set up the master key, which webhooks are signed with.") from error


def _check(*, url: str | None, events: Sequence[str] | None) -> None:
    """Raise :class:`Invalid` with everything that is wrong."""
    faults: list[tuple[str, str]] = []
    if url is not None:
        fault = url_fault(url, production=settings().production, loopback=settings().webhooks_on_this_machine)
        faults += [("url", fault)] if fault else []
    unknown = domain.unknown_filters(events or (), known=TYPES)
    if unknown:
        subjects = sorted({f"{each.partition('.')[0]}.*" for each in TYPES})
        there_is = ", ".join(("*", *subjects, *TYPES))
        faults.append(("events", f"has {', '.join(unknown)}, which is no type of event; there is {there_is}"))
    if faults:
        raise Invalid(errors=faults)
