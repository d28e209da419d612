"""Payouts, and their alarms: rows of the table of alarms, which also say whose a payout is."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.earnings.lines import LineKind, LineSum
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payout_items import Item
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.ids import dated_prefix
from chalicelib.domain.money import Money
from chalicelib.models import pages
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import (
    DataAttribute,
    DateAttribute,
    DueAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    Row,
)
from chalicelib.models.transactions import Put, subject_unchanged

PREFIX = "pay_"
_ALL = "payouts"


class PayoutIndex(GlobalSecondaryIndex[Any]):
    """The payouts of all partners by the day of their run, for operators."""

    class Meta:
        index_name = "payouts"
        projection = AllProjection()

    payout_list = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class PayoutRow(Row[Payout]):
    holds = Payout

    class Meta:
        table_name = TableName("earnings_table")

    partner_id = UnicodeAttribute(hash_key=True, attr_name="owner")
    id = UnicodeAttribute(range_key=True)
    run_id = UnicodeAttribute()
    run_on = DateAttribute()
    status = EnumAttribute(PayoutStatus)
    amount = MoneyAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    payable_on = DateAttribute()
    lines = NumberAttribute(null=True)
    gathered = NumberAttribute(null=True)
    sums = DataAttribute[Mapping[LineKind, LineSum]](Mapping[LineKind, LineSum], null=True)
    gathers_after = NumberAttribute(null=True)
    gathers_until = NumberAttribute(null=True)
    gathered_to = NumberAttribute(null=True)
    is_frozen = BooleanAttribute(null=True)
    recipient = UnicodeAttribute(null=True)
    items = DataAttribute[tuple[Item, ...]](tuple[Item, ...], null=True)
    sent_at = InstantAttribute(null=True)
    asks = NumberAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    paid_at = InstantAttribute(null=True)
    paid_reference = UnicodeAttribute(null=True)
    cause = EnumAttribute(Cause, null=True)
    look_at = InstantAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    payout_list = UnicodeAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    by_day = PayoutIndex()


class PayoutAlarmRow(Row[None]):
    """When a payout's next step is due, if one is, and whose it is. Written with the payout, under its version."""

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()  # the partner that is paid: what one partner is paid is worked on by one worker
    version = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)


def put(payout: Payout, *, actor: str, event: str = "") -> list[Put]:
    """The writes of a payout, new or changed, and of its alarm. Without an ``event`` none is published."""
    changed = replace(payout, version=payout.version + 1, revision=payout.revision + (1 if event else 0))
    row = PayoutRow.of(changed, payout_list=_ALL, actor=actor, event=event)
    alarm = PayoutAlarmRow(payout.id, payer=payout.partner_id, version=changed.version)
    if payout.look_at is not None:
        alarm.due_shard, alarm.due_at = shard_of(Sweep.RENEWALS, payout.id), payout.look_at
    return [
        Put(row, subject=payout.id, condition=subject_unchanged(PayoutRow, payout.version)),
        Put(alarm, subject=payout.id, condition=subject_unchanged(PayoutAlarmRow, payout.version)),
    ]


def stored(puts: list[Put]) -> Payout:
    """The payout as a ``put`` leaves it in the table."""
    row = puts[0].row
    assert isinstance(row, PayoutRow)
    return row.value()


def get(partner_id: str, payout_id: str) -> Payout | None:
    """A payout of the partner, read consistently; other ids in its ledger name none."""
    if not payout_id.startswith(PREFIX):
        return None
    try:
        return PayoutRow.get(partner_id, payout_id, consistent_read=True).value()
    except PayoutRow.DoesNotExist:
        return None


def partner_of(payout_id: str) -> str | None:
    """Whose payout that is."""
    if not payout_id.startswith(PREFIX):
        return None
    try:
        return str(PayoutAlarmRow.get(payout_id, consistent_read=True).payer)
    except PayoutAlarmRow.DoesNotExist:
        return None


def newest(
    *,
    partner_id: str | None,
    run_id: str | None,
    status: PayoutStatus | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Payout], dict[str, Any] | None]:
    """A partner's payouts, or those of all partners, newest first, and where the next page starts."""
    where = pages.all_of(
        [
            PayoutRow.run_id == run_id if run_id is not None else None,
            PayoutRow.status == status if status is not None else None,
        ]
    )
    if partner_id is None:
        return pages.newest(PayoutRow.by_day.query, _ALL, where=where, limit=limit, start=start)
    mine = PayoutRow.id.startswith(PREFIX)
    return pages.newest(PayoutRow.query, partner_id, mine, where=where, limit=limit, start=start)


def last_of(partner_id: str) -> Payout | None:
    """The partner's newest payout, read consistently."""
    rows = PayoutRow.query(
        partner_id, PayoutRow.id.startswith(PREFIX), consistent_read=True, scan_index_forward=False, limit=1
    )
    return next((row.value() for row in rows), None)


def amounts_of_run(run_id: str, *, run_on: date) -> Iterator[tuple[PayoutStatus, Money]]:
    """Status and amount of each payout of a run, page by page as they are asked for."""
    rows = _of_run(run_id, run_on, attributes_to_get=["status", "amount"])
    return ((row.status, row.amount) for row in rows)


def waiting_of_run(run_id: str, *, run_on: date) -> Iterator[tuple[str, str]]:
    """Partner and id of each payout of a run that waits for an operator."""
    waits = PayoutRow.status == PayoutStatus.WAITING_FOR_OPERATOR
    return ((row.partner_id, row.id) for row in _of_run(run_id, run_on, also=waits, attributes_to_get=["owner", "id"]))


def of_partner(partner_id: str) -> Iterator[Payout]:
    """All payouts of a partner, oldest first: one a month."""
    rows = PayoutRow.query(partner_id, PayoutRow.id.startswith(PREFIX), consistent_read=True)
    return (row.value() for row in rows)


def _of_run(
    run_id: str, run_on: date, *, attributes_to_get: list[str], also: Condition | None = None
) -> Iterator[PayoutRow]:
    """The payouts of a run: those of its day are together in the index, and other programs' are left out."""
    yield from PayoutRow.by_day.query(
        _ALL,
        PayoutRow.id.startswith(dated_prefix("pay", on=run_on)),
        filter_condition=pages.all_of([PayoutRow.run_id == run_id, also]),
        attributes_to_get=attributes_to_get,
    )
