"""What is told of a client's access: its table has a stream, and so becomes events (docs/rules.md §8).

Nothing secret is in it. Each subject has its rows in a module of its own: branding, login links, passwords.
"""

from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.config import TableName
from chalicelib.domain.accounts.accounts import Account
from chalicelib.models.base import InstantAttribute
from chalicelib.models.transactions import Put


class AccessRow(Model):
    """What every row has: whose it is, and what its last change is told as."""

    class Meta:
        table_name = TableName("access_table")

    id = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    partner_id = UnicodeAttribute()
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()
    revision = NumberAttribute()
    told: Any = JSONAttribute(null=True)
    """What the event says besides the account."""
    expires_at = NumberAttribute(null=True)
    """When DynamoDB may delete the row; it decides nothing."""


def password_changed(account: Account, *, generation: int, by: str, now: datetime, actor: str) -> Put:
    """The write that tells of another password; ``by`` what: ``change``, ``reset``, ``partner``. Its generation tells
    it apart."""
    row = AccessRow(
        f"password#{account.id}",
        account_id=account.id,
        partner_id=account.partner_id,
        updated_at=now,
        actor=actor,
        event="account.password_changed",
        revision=generation,
        told={"by": by},
    )
    newer = AccessRow.id.does_not_exist() | (AccessRow.revision < generation)
    return Put(row, subject=row.id, condition=newer)
