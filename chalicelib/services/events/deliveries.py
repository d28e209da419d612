"""Deliveries: events on their way to webhooks (docs/rules.md §11, docs/decisions/webhooks.md).

A delivery's row carries its alarm. The queue only wakes whoever makes it: a lost message costs a minute.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import perf_counter
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.events import deliveries as domain
from chalicelib.domain.events.deliveries import Attempt, Delivery, DeliveryStatus
from chalicelib.domain.events.events import Event, shown
from chalicelib.domain.events.webhooks import Webhook
from chalicelib.domain.ids import new_id
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.gateways import due_queue, receivers
from chalicelib.gateways.due_queue import Due
from chalicelib.models.events import deliveries as delivery_rows
from chalicelib.models.events import events as event_rows
from chalicelib.models.events import webhooks as webhook_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit
from chalicelib.services.events import webhooks

_ACTOR = "schedule:deliveries"


class WebhookDisabled(Refusal):
    """Nothing is posted to it."""

    code = "webhook_disabled"
    title = "The webhook is disabled"


def hand_over(told: Sequence[Event]) -> set[str]:
    """Put events on their way to the webhooks that want them, and wake who delivers; again is as good as once.

    Nobody is refused: it takes all or raises, and they come again.
    """
    wanted: list[Delivery] = []
    theirs: dict[str, list[Webhook]] = {}
    for event in told:
        if event.partner_id not in theirs:
            theirs[event.partner_id] = webhook_rows.all_of(event.partner_id)
        wanted += [domain.delivery_of(event, webhook) for webhook in theirs[event.partner_id] if webhook.wants(event)]
    _wake([delivery for delivery in delivery_rows.add(wanted) if delivery.due_at is not None])
    return set()


def _wake(deliveries: Iterable[Delivery]) -> None:
    by_webhook: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        by_webhook.setdefault(delivery.webhook_id, []).append(delivery)
    for webhook_id, theirs in by_webhook.items():
        run = new_id("run", at=theirs[0].updated_at)
        ids = [delivery.id for delivery in theirs]
        messages = [
            Due(webhook_id, tuple(ids[start : start + domain.AT_ONCE]), Sweep.DELIVERIES, run)
            for start in range(0, len(ids), domain.AT_ONCE)
        ]
        due_queue.send(messages, first=0)


def parse_message(body: str) -> Due:
    """What a message tells: deliveries of one webhook that fell due."""
    return Due.parse(body)


def deliver(due: Due, *, now: datetime, sent_at: datetime) -> dict[str, int]:
    """Make those of a message's deliveries that are still due, all at the same time; counts them by outcome.

    ``now`` is the product's clock, ``sent_at`` the machine's: receivers compare the signed time with their own.
    """
    found = delivery_rows.get_many(due.payer, due.subjects)
    still = [each for each in found if each.due_at is not None and each.due_at <= now]
    if not still:
        return {}
    webhook = webhook_rows.get(still[0].partner_id, due.payer)
    if webhook is None or not webhook.enabled:
        return _written([domain.given_up(each, now=now) for each in still])
    events = event_rows.get_many(webhook.partner_id, [each.event_id for each in still])
    secrets = webhooks.secrets_now(webhook, now=now)

    def try_one(delivery: Delivery) -> Delivery:
        event = events.get(delivery.event_id)
        if event is None:  # the log has forgotten it
            return domain.given_up(delivery, now=now)
        return domain.answered(delivery, _attempt(event, webhook, secrets, now=now, sent_at=sent_at), now=now)

    with ThreadPoolExecutor(len(still)) as pool:
        after = list(pool.map(try_one, still))
    counts = _written(after)
    attempts = [each.attempts[-1] for each in after if each.event_id in events]
    if attempts:
        webhooks.note_answer(webhook, well=any(each.well for each in attempts), now=now, actor=_ACTOR)
    return counts


def _attempt(event: Event, webhook: Webhook, secrets: Sequence[str], *, now: datetime, sent_at: datetime) -> Attempt:
    body = json.dumps(shown(event), ensure_ascii=False, separators=(",", ":"))
    began = perf_counter()
    answer = receivers.post(
        webhook.url,
        body=body.encode(),
        headers=_headers(event, body, secrets, sent_at),
        loopback=settings().webhooks_on_this_machine,
    )
    milliseconds = round((perf_counter() - began) * 1000)
    return Attempt(at=now, milliseconds=milliseconds, status_code=answer.status_code, failure=answer.failure)


def _headers(event: Event, body: str, secrets: Sequence[str], sent_at: datetime) -> dict[str, str]:
    """By the Standard Webhooks scheme; a signature by each of the secrets."""
    from standardwebhooks import Webhook as Signer  # only here

    return {
        "Content-Type": "application/json",
        "User-Agent": "Sublet-Webhooks/1",
        "webhook-id": event.id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(event.id, sent_at, body) for secret in secrets),
    }


def _written(deliveries: Sequence[Delivery]) -> dict[str, int]:
    """Write deliveries as they are now. One that somebody moved meanwhile, to be redelivered, stays as they left it."""
    counts: dict[str, int] = {}
    for delivery in deliveries:
        try:
            commit([delivery_rows.put(delivery)])
        except WriteConflict:
            continue
        counts[delivery.status] = counts.get(delivery.status, 0) + 1
    return counts


def list_deliveries(
    *,
    partner_id: str,
    webhook_id: str,
    status: DeliveryStatus | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Delivery], dict[str, Any] | None]:
    """What was posted to a webhook or is to be, the newest event first, and where the next page starts."""
    webhooks.get_webhook(partner_id=partner_id, webhook_id=webhook_id)
    return delivery_rows.of_webhook(webhook_id, status=status, limit=limit, start=start)


def redeliver(*, partner_id: str, webhook_id: str, delivery_id: str, now: datetime) -> Delivery:
    """Post an event once more, at once, whether or not it was taken before. Raises :class:`WebhookDisabled`."""
    webhook = webhooks.get_webhook(partner_id=partner_id, webhook_id=webhook_id)
    for _ in range(5):
        delivery = delivery_rows.get(webhook_id, delivery_id)
        if delivery is None or delivery.partner_id != partner_id:
            raise NotFound.of("delivery", delivery_id)
        if not webhook.enabled:
            raise WebhookDisabled(f"{webhook_id} is disabled. PATCH it with enabled: true first.")
        after = domain.again(delivery, now=now)
        try:
            commit([delivery_rows.put(after)])
        except WriteConflict:
            continue  # it was tried at this very moment
        _wake([after])
        return after
    raise Busy("The delivery kept being tried. Try again in a moment.", retry_after=1)
