"""What is told of a partner's arrangements with its wallet: automatic top-up, the Single Bill.

They are kept in the wallet, which tells nobody: every renewal writes it. A row of their own goes with their change, in
the table of what is told, and its stream makes an event of it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.config import TableName
from chalicelib.models.base import InstantAttribute
from chalicelib.models.transactions import Put

PREFIX = "arrangement#"


class WalletSettingRow(Model):
    """The last change of one arrangement of one partner."""

    class Meta:
        table_name = TableName("access_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()
    revision = NumberAttribute()
    told: Any = JSONAttribute(null=True)
    """How it is arranged now; nothing when it is ended."""


def put(partner_id: str, *, event: str, told: Mapping[str, Any], wallet_version: int, now: datetime, actor: str) -> Put:
    """The write that tells of an arrangement; it goes with the write of the wallet that was at ``wallet_version``."""
    kind, _, _ = event.partition(".")
    row = WalletSettingRow(
        f"{PREFIX}{kind}#{partner_id}",
        partner_id=partner_id,
        updated_at=now,
        actor=actor,
        event=event,
        revision=wallet_version + 1,
        told=dict(told),
    )
    is_newer = WalletSettingRow.id.does_not_exist() | (WalletSettingRow.revision <= wallet_version)
    return Put(row, subject=row.id, condition=is_newer)
