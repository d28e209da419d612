"""A payout processor that pays nobody: never in production.

Any recipient is paid at once, but for addresses with one of these tags: ``+unclaimed`` waits and is returned after 30
days, as ``+returned``; ``+failed`` and ``+blocked`` are that; the first answer to a batch with a ``+silent`` is lost.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.aws import Table
from chalicelib.config import TableName, settings
from chalicelib.domain.earnings.payout_items import ItemStatus
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.gateways.payouts import (
    Accepted,
    BatchState,
    BatchStatus,
    ItemState,
    OutcomeUnknown,
    PayoutItem,
    Refused,
)

RETURNED_AFTER = timedelta(days=30)
_FATES = {
    "unclaimed": (ItemStatus.UNCLAIMED, "RECEIVER_UNREGISTERED"),
    "returned": (ItemStatus.UNCLAIMED, "RECEIVER_UNREGISTERED"),
    "failed": (ItemStatus.FAILED, "RECEIVER_ACCOUNT_LOCKED"),
    "blocked": (ItemStatus.BLOCKED, "RECEIVER_ACCOUNT_RESTRICTED"),
}


class SentBatchRow(Table):
    """A batch as it was first sent, and the items that were taken back since."""

    class Meta:
        table_name = TableName("sandbox_table")

    id = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute()
    items = JSONAttribute()
    canceled = JSONAttribute(null=True)


class SandboxPayouts:
    """See :class:`chalicelib.gateways.payouts.PayoutGateway`."""

    def send(self, *, batch_id: str, items: Sequence[PayoutItem], now: datetime) -> Accepted | Refused:
        if settings().production:
            raise RuntimeError("the sandbox pays nobody in production")
        reference = derived_id("batch", batch_id)
        told = [[item.id, item.recipient, item.amount.amount, item.amount.currency] for item in items]
        row = SentBatchRow(reference, at=now.isoformat(), items=told)
        try:
            row.save(condition=SentBatchRow.id.does_not_exist())
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return Accepted(reference)  # a duplicate: the link to the first batch is followed
        if any(_tag(item.recipient) == "silent" for item in items):
            raise OutcomeUnknown("the sandbox was told to lose its first answer")
        return Accepted(reference)

    def find_batch(self, *, reference: str, now: datetime) -> BatchState | None:
        row = _row(reference)
        return BatchState(reference, BatchStatus.DONE, tuple(_items(row, now))) if row else None

    def find_item(self, *, reference: str, now: datetime) -> ItemState | None:
        row = _row(reference.partition("-")[0])
        found = _items(row, now) if row else []
        return next((item for item in found if item.reference == reference), None)

    def cancel_item(self, *, reference: str, now: datetime) -> ItemState | None:
        item, row = self.find_item(reference=reference, now=now), _row(reference.partition("-")[0])
        if row is None or item is None or item.status is not ItemStatus.UNCLAIMED:
            return None
        row.canceled = [*(row.canceled or []), item.id]
        row.save()
        return replace(item, status=ItemStatus.RETURNED)


def _items(row: SentBatchRow, now: datetime) -> list[ItemState]:
    over = now - datetime.fromisoformat(row.at) >= RETURNED_AFTER
    states = []
    for place, (item_id, recipient, amount, currency) in enumerate(row.items):
        status, code = _FATES.get(_tag(recipient), (ItemStatus.PAID, None))
        if status is ItemStatus.UNCLAIMED and (over or item_id in (row.canceled or [])):
            status = ItemStatus.RETURNED
        states.append(ItemState(item_id, f"{row.id}-{place}", status, Money(int(amount), currency), code, row.id))
    return states


def _tag(recipient: str) -> str:
    """What follows the plus in an address."""
    return recipient.rpartition("@")[0].rpartition("+")[2]


def _row(reference: str) -> SentBatchRow | None:
    try:
        return SentBatchRow.get(reference, consistent_read=True)
    except SentBatchRow.DoesNotExist:
        return None
