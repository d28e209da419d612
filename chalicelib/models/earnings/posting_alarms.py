"""What waits to be posted to the earnings ledgers: rows of the table of alarms, written from the tables' streams.

An alarm names an invoice, a Single Bill or an account that changed. It is removed with the posting, unless another
change was noted on it meanwhile.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import DueAttribute, Row
from chalicelib.models.transactions import Remove

PREFIX = "earnings:"


class PostingAlarm(NamedTuple):
    """A change of ``subject`` that may change what ``partner_id`` earns. ``payer`` paid it, if it is an invoice or a
    bill; ``noted`` is its version at the change.
    """

    subject: str
    partner_id: str
    payer: str
    noted: int
    at: datetime

    @property
    def id(self) -> str:
        return PREFIX + self.subject


class PostingAlarmRow(Row[PostingAlarm]):
    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()  # the partner that earns: what one partner earns is posted by one worker
    paid_by = UnicodeAttribute()
    noted = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)


def save(alarms: Iterable[PostingAlarm]) -> None:
    """Set alarms; one that is set already is noted on anew."""
    newest = {alarm.id: alarm for alarm in alarms}
    with PostingAlarmRow.batch_write() as batch:
        for alarm in newest.values():
            batch.save(_row(alarm))


def remove(alarm: PostingAlarm) -> Remove:
    """The removal of an alarm, unless it was noted on again since it was read."""
    return Remove(PostingAlarmRow(alarm.id), subject=alarm.id, condition=PostingAlarmRow.noted == alarm.noted)


def get_many(ids: Iterable[str]) -> list[PostingAlarm]:
    """Those of these alarms that are still set."""
    return [
        PostingAlarm(row.id.removeprefix(PREFIX), row.payer, row.paid_by, int(row.noted), row.due_at)
        for row in PostingAlarmRow.batch_get(list(ids), consistent_read=True)
    ]


def _row(alarm: PostingAlarm) -> PostingAlarmRow:
    return PostingAlarmRow(
        alarm.id,
        payer=alarm.partner_id,
        paid_by=alarm.payer,
        noted=alarm.noted,
        due_shard=shard_of(Sweep.RENEWALS, alarm.id),
        due_at=alarm.at,
    )
