"""Payout runs, and the alarms by which they and each partner's next payout begin: rows of the table of alarms."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.earnings.payout_runs import PayoutRun, Tally
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.models import pages
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import DataAttribute, DateAttribute, DueAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

RUN_PREFIX = "prun_"
PARTNER_PREFIX = "payouts:"
_ALL = "payout_runs"
_Tallies = Mapping[PayoutStatus, Tally]


class PayoutRunRow(Row[PayoutRun]):
    """A run. All of them are in one partition of the table, by their days: a few in a month."""

    holds = PayoutRun

    class Meta:
        table_name = TableName("earnings_table")

    run_list = UnicodeAttribute(hash_key=True, attr_name="owner", default=_ALL)
    id = UnicodeAttribute(range_key=True)
    program = UnicodeAttribute()
    run_on = DateAttribute()
    currency = UnicodeAttribute()
    created_at = InstantAttribute()
    needs_confirmation = BooleanAttribute()
    by_hand = BooleanAttribute(null=True)
    woken = BooleanAttribute(null=True)
    woken_to = DataAttribute[Mapping[str, str]](Mapping[str, str], null=True)
    confirmed_at = InstantAttribute(null=True)
    look_at = InstantAttribute(null=True)
    tallies = DataAttribute[_Tallies](_Tallies, null=True)
    is_closed = BooleanAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()


class PayoutRunAlarmRow(Row[None]):
    """When the next step of a run is due, if one is. Written with the run, under its version."""

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()  # the run itself: no partner's steps wait for it
    version = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)


class PartnerAlarm(NamedTuple):
    """When a partner's next payout begins: with the run of that day."""

    partner_id: str
    run_on: date
    due_at: datetime
    version: int = 0

    @property
    def id(self) -> str:
        return PARTNER_PREFIX + self.partner_id


class PartnerAlarmRow(Row[PartnerAlarm]):
    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    run_on = DateAttribute()
    version = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)


def put(run: PayoutRun, *, actor: str) -> list[Put]:
    """The writes of a run, new or changed, and of its alarm."""
    changed = replace(run, version=run.version + 1)
    alarm = PayoutRunAlarmRow(run.id, payer=run.id, version=changed.version)
    if run.look_at is not None:
        alarm.due_shard, alarm.due_at = shard_of(Sweep.RENEWALS, run.id), run.look_at
    row = PayoutRunRow.of(changed, actor=actor)
    return [
        Put(row, subject=run.id, condition=subject_unchanged(PayoutRunRow, run.version)),
        Put(alarm, subject=run.id, condition=subject_unchanged(PayoutRunAlarmRow, run.version)),
    ]


def get(run_id: str) -> PayoutRun | None:
    """The run, read consistently."""
    if not run_id.startswith(RUN_PREFIX):
        return None
    try:
        return PayoutRunRow.get(_ALL, run_id, consistent_read=True).value()
    except PayoutRunRow.DoesNotExist:
        return None


def newest(*, limit: int, start: dict[str, Any] | None) -> tuple[list[PayoutRun], dict[str, Any] | None]:
    """The runs of all programs, newest first, and where the next page starts."""
    return pages.newest(PayoutRunRow.query, _ALL, PayoutRunRow.id.startswith(RUN_PREFIX), limit=limit, start=start)


def put_partner_alarm(alarm: PartnerAlarm) -> Put:
    """The write of a partner's alarm, new or moved."""
    row = PartnerAlarmRow(
        alarm.id,
        payer=alarm.partner_id,
        run_on=alarm.run_on,
        version=alarm.version + 1,
        due_shard=shard_of(Sweep.RENEWALS, alarm.id),
        due_at=alarm.due_at,
    )
    return Put(row, subject=alarm.id, condition=subject_unchanged(PartnerAlarmRow, alarm.version))


def partner_alarms(partner_ids: Iterable[str]) -> list[PartnerAlarm]:
    """The alarms of those of these partners that have one."""
    ids = [PARTNER_PREFIX + partner_id for partner_id in partner_ids]
    rows = PartnerAlarmRow.batch_get(ids, consistent_read=True) if ids else ()
    return [PartnerAlarm(row.payer, row.run_on, row.due_at, int(row.version)) for row in rows]
