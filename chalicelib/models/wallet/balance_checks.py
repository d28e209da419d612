"""The partners' daily balance checks: rows of the table of alarms."""

from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import DueAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class BalanceCheck(NamedTuple):
    """A partner's daily balance check, and what was published already (docs/rules.md §7).

    ``sequence`` is that of the journal of prepaid money at the last check.
    """

    partner_id: str
    due_at: datetime
    had_money: bool = False
    sequence: int = 0
    published_running_out: bool = False
    published_low: tuple[str, ...] = ()
    """The kinds of credits published as low, until there are enough again."""
    version: int = 0


class BalanceCheckRow(Row[Any]):
    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    had_money = BooleanAttribute()
    sequence = NumberAttribute(null=True)
    published_running_out = BooleanAttribute(attr_name="told_running_out")
    published_low: Any = JSONAttribute(null=True, attr_name="told_low")
    updated_at = InstantAttribute()
    data = JSONAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    due_shard = UnicodeAttribute()
    due_at = DueAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


def put(
    check: BalanceCheck, *, now: datetime, actor: str, event: str | None = None, data: dict[str, Any] | None = None
) -> Put:
    """The write of a partner's next balance check, and of the event that this one publishes."""
    row = BalanceCheckRow(
        check.partner_id,
        payer=check.partner_id,
        had_money=check.had_money,
        sequence=check.sequence,
        published_running_out=check.published_running_out,
        published_low=list(check.published_low) or None,
        updated_at=now,
        data=data,
        revision=check.version + 1,
        version=check.version + 1,
        due_shard=shard_of(Sweep.PREPAID, check.partner_id),
        due_at=check.due_at,
        actor=actor,
        event=event or "",
    )
    return Put(row, subject=check.partner_id, condition=subject_unchanged(BalanceCheckRow, check.version))


def get(partner_id: str) -> BalanceCheck | None:
    try:
        row = BalanceCheckRow.get(partner_id, consistent_read=True)
    except BalanceCheckRow.DoesNotExist:
        return None
    return BalanceCheck(
        partner_id=row.id,
        due_at=row.due_at,
        had_money=row.had_money,
        sequence=int(row.sequence or 0),
        published_running_out=row.published_running_out,
        published_low=tuple(row.published_low or ()),
        version=int(row.version),
    )
