"""Deliveries of events to webhooks, by webhook; pending ones have an alarm."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.pagination import ResultIterator

from chalicelib.config import TableName, settings
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.events.deliveries import Attempt, Delivery, DeliveryStatus
from chalicelib.models import pages
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import DataAttribute, DueAttribute, EnumAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

_SEARCHED_AT_ONCE = 1_000
_SEARCHES = 5


class DueDeliveriesIndex(GlobalSecondaryIndex[Any]):
    """When deliveries are due. Only pending ones are in it."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = DueAttribute(range_key=True)


class DeliveryRow(Row[Delivery]):
    holds = Delivery

    class Meta:
        table_name = TableName("deliveries_table")

    webhook_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    partner_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    event_type = UnicodeAttribute()
    status = EnumAttribute(DeliveryStatus)
    tries = NumberAttribute(null=True)
    attempts = DataAttribute[tuple[Attempt, ...]](tuple[Attempt, ...], null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    version = NumberAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    expires_at = NumberAttribute()

    due_index = DueDeliveriesIndex()

    @property
    def payer(self) -> str:
        """The message group: deliveries of a webhook wait only for each other."""
        webhook_id: str = self.webhook_id
        return webhook_id


def put(delivery: Delivery) -> Put:
    row = _row(replace(delivery, version=delivery.version + 1))
    return Put(row, subject=delivery.id, condition=subject_unchanged(DeliveryRow, delivery.version))


def _row(delivery: Delivery) -> DeliveryRow:
    shard = shard_of(Sweep.DELIVERIES, delivery.webhook_id) if delivery.due_at else None
    expires = delivery.created_at + timedelta(days=settings().deliveries_kept_days)
    return DeliveryRow.of(delivery, due_shard=shard, expires_at=int(expires.timestamp()))


def add(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Write those that do not exist yet; returns all as stored. A stream that repeats itself changes nothing.

    Batches of a stream shard come one after the other, so nothing else writes the same ones meanwhile.
    """
    stored = {
        (delivery.webhook_id, delivery.id): delivery
        for delivery in _found([(delivery.webhook_id, delivery.id) for delivery in deliveries])
    }
    with DeliveryRow.batch_write() as batch:
        for delivery in deliveries:
            if (delivery.webhook_id, delivery.id) not in stored:
                batch.save(_row(replace(delivery, version=1)))
    return [stored.get((delivery.webhook_id, delivery.id), delivery) for delivery in deliveries]


def get(webhook_id: str, delivery_id: str) -> Delivery | None:
    found = _found([(webhook_id, delivery_id)])
    return found[0] if found else None


def get_many(webhook_id: str, delivery_ids: Collection[str]) -> list[Delivery]:
    return _found([(webhook_id, delivery_id) for delivery_id in delivery_ids])


def _found(keys: Sequence[tuple[str, str]]) -> list[Delivery]:
    unique = list(dict.fromkeys(keys))
    return [row.value() for row in DeliveryRow.batch_get(unique, consistent_read=True)] if unique else []


def of_webhook(
    webhook_id: str, *, status: DeliveryStatus | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Delivery], dict[str, Any] | None]:
    """A webhook's deliveries, the newest event first, and where the next page starts.

    With a ``status``, only a limited number is searched: a page may be short or empty though others follow.
    """
    rows = DeliveryRow.query(
        webhook_id,
        filter_condition=None if status is None else DeliveryRow.status == status,
        scan_index_forward=False,
        page_size=limit + 1 if status is None else _SEARCHED_AT_ONCE,
        last_evaluated_key=start,
    )
    if status is None:
        return pages.page_of(rows, limit)
    return pages.searched(DeliveryRow, rows, limit=limit, requests=_SEARCHES)


def due(
    *, sweep: Sweep, shard: int, since: datetime | None, until: datetime, start: dict[str, Any] | None
) -> ResultIterator[DeliveryRow]:
    """A shard's deliveries that fell due up to ``until``, keys only, page by page as they are read."""
    index = DueDeliveriesIndex
    when = index.due_at <= until if since is None else index.due_at.between(since, until)
    return DeliveryRow.due_index.query(f"{sweep}#{shard:02d}", when, last_evaluated_key=start)
