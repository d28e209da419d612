"""Changes to a client's access: rows of a table whose stream becomes events (docs/rules.md §8, §11).

They hold no secrets. Branding, login links and sessions have their rows in modules of their own.
"""

from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.events import event_logs
from chalicelib.models.base import InstantAttribute
from chalicelib.models.transactions import Put


class AccessRow(Table):
    """What every row of the table has: its account, and the event of its last change."""

    class Meta:
        table_name = TableName("access_table")

    id = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    partner_id = UnicodeAttribute()
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()
    revision = NumberAttribute()
    payload: Any = JSONAttribute(null=True, attr_name="told")
    """What the event contains besides the account."""
    expires_at = NumberAttribute(null=True)
    """When DynamoDB may delete the row, in Unix seconds. No rule depends on it."""


def put_password_changed(account: Account, *, generation: int, by: str, now: datetime, actor: str) -> Put:
    """The write that publishes a change of password. ``by`` is how it was made: ``change``, ``reset`` or ``partner``.

    ``generation`` is that of the new password; the row only ever goes to a later one.
    """
    row = AccessRow(
        f"password#{account.id}",
        account_id=account.id,
        partner_id=event_logs.of_client_event(account),
        updated_at=now,
        actor=actor,
        event="account.password_changed",
        revision=generation,
        payload={"by": by},
    )
    newer = AccessRow.id.does_not_exist() | (AccessRow.revision < generation)
    return Put(row, subject=row.id, condition=newer)


def put_moved_away(account: Account, *, move_id: str, now: datetime, actor: str) -> Put:
    """The write that publishes to the partner that had an account that it has moved away, once for each move."""
    row = AccessRow(
        f"moved#{move_id}",
        account_id=account.id,
        partner_id=account.partner_id,
        updated_at=now,
        actor=actor,
        event="account.moved_away",
        revision=1,
        payload={"name": account.name},
    )
    return Put(row, subject=row.id, condition=AccessRow.id.does_not_exist())
