"""Events about the settings of a partner's wallet: automatic top-up and the Single Bill.

The settings are kept in the wallet, whose changes are not published because every renewal writes it. A change of a
setting writes a row of its own as well, to a table whose stream publishes it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.models.base import InstantAttribute
from chalicelib.models.transactions import Put

PREFIX = "arrangement#"
"""The key's stored prefix: an earlier word for a setting."""


class WalletSettingRow(Table):
    """The last change of one setting of one partner's wallet."""

    class Meta:
        table_name = TableName("access_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()
    revision = NumberAttribute()
    payload: Any = JSONAttribute(null=True, attr_name="told")
    """The setting as it is now, empty when it is turned off."""


def put(
    partner_id: str, *, event: str, payload: Mapping[str, Any], wallet_version: int, now: datetime, actor: str
) -> Put:
    """The write that publishes a changed setting, to go with the write of the wallet as read at ``wallet_version``."""
    kind, _, _ = event.partition(".")
    row = WalletSettingRow(
        f"{PREFIX}{kind}#{partner_id}",
        partner_id=partner_id,
        updated_at=now,
        actor=actor,
        event=event,
        revision=wallet_version + 1,
        payload=dict(payload),
    )
    is_newer = WalletSettingRow.id.does_not_exist() | (WalletSettingRow.revision <= wallet_version)
    return Put(row, subject=row.id, condition=is_newer)
