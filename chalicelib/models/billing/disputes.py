"""Disputes: records in the ledger, and the alarms of those that are open or wait for their charge to be settled."""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.disputes import Dispute, DisputeStatus
from chalicelib.models import pages
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import (
    DueAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    Row,
)
from chalicelib.models.transactions import Put, Remove, subject_unchanged

_LIST = "disputes"


class DisputeIndex(GlobalSecondaryIndex[Any]):
    """The disputes of all payers by when they were opened."""

    class Meta:
        index_name = "by_dispute"
        projection = AllProjection()

    dispute_list = UnicodeAttribute(hash_key=True)
    opened_at = InstantAttribute(range_key=True)


class DisputeRow(Row[Dispute]):
    holds = Dispute

    class Meta:
        table_name = TableName("ledger_table")

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    charge_id = UnicodeAttribute()
    processor = UnicodeAttribute()
    reference = UnicodeAttribute()
    status = EnumAttribute(DisputeStatus)
    amount = MoneyAttribute()
    reason = UnicodeAttribute()
    opened_at = InstantAttribute()
    account_id = UnicodeAttribute(null=True)
    number = NumberAttribute(attr_name="invoice_number", null=True)  # the by_number index is of invoices
    evidence_due = InstantAttribute(null=True)
    closed_at = InstantAttribute(null=True)
    taken_back = MoneyAttribute(null=True)
    taken_of = MoneyAttribute(null=True)
    from_wallet = MoneyAttribute(null=True)
    refundable = BooleanAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    dispute_list = UnicodeAttribute()
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    by_dispute = DisputeIndex()


class DisputeAlarm(NamedTuple):
    """When a dispute is looked up next. ``reference`` is the processor's id of it."""

    id: str
    payer: str
    reference: str
    due_at: datetime
    version: int = 0


class DisputeAlarmRow(Row[DisputeAlarm]):
    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    reference = UnicodeAttribute()
    version = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    actor = UnicodeAttribute()


def put(dispute: Dispute, *, now: datetime, actor: str, events: tuple[str, ...]) -> Put:
    """The write of a dispute, new or changed. It publishes these events, if any."""
    changed = replace(dispute, version=dispute.version + 1, revision=dispute.revision + len(events))
    row = DisputeRow.of(changed, dispute_list=_LIST, updated_at=now, actor=actor, event=" ".join(events))
    return Put(row, subject=dispute.id, condition=subject_unchanged(DisputeRow, dispute.version))


def get(payer: str, dispute_id: str) -> Dispute | None:
    try:
        return DisputeRow.get(payer, dispute_id, consistent_read=True).value()
    except DisputeRow.DoesNotExist:
        return None


def newest(*, limit: int, start: dict[str, Any] | None) -> tuple[list[Dispute], dict[str, Any] | None]:
    """The disputes of all payers, newest first, and where the next page starts."""
    return pages.newest(DisputeRow.by_dispute.query, _LIST, limit=limit, start=start)


def put_alarm(alarm: DisputeAlarm, *, actor: str) -> Put:
    row = DisputeAlarmRow(
        alarm.id,
        payer=alarm.payer,
        reference=alarm.reference,
        version=alarm.version + 1,
        due_shard=shard_of(Sweep.RENEWALS, alarm.id),
        due_at=alarm.due_at,
        actor=actor,
    )
    return Put(row, subject=alarm.id, condition=subject_unchanged(DisputeAlarmRow, alarm.version))


def remove_alarm(alarm: DisputeAlarm) -> Remove:
    condition = subject_unchanged(DisputeAlarmRow, alarm.version)
    return Remove(DisputeAlarmRow(alarm.id), subject=alarm.id, condition=condition)


def get_alarm(dispute_id: str) -> DisputeAlarm | None:
    try:
        row = DisputeAlarmRow.get(dispute_id, consistent_read=True)
    except DisputeAlarmRow.DoesNotExist:
        return None
    return DisputeAlarm(
        id=row.id, payer=row.payer, reference=row.reference, due_at=row.due_at, version=int(row.version)
    )
