"""What accounts use, a row each, and the sum of a partner's contacts, a row each: in the table of set-ups.

Not on the account's own row: a report does not change the account, and must not touch its indexes.
"""

from collections.abc import Mapping
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.usage import ContactPool, Usage
from chalicelib.models.base import DataAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class UsageRow(Row[Usage]):
    holds = Usage

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    partner_id = UnicodeAttribute()
    reported_at = InstantAttribute(null=True)
    updated_at = InstantAttribute(null=True)
    active_contacts = NumberAttribute(null=True)
    limits = DataAttribute[Mapping[str, int]](Mapping[str, int], null=True)
    tier = NumberAttribute(null=True)
    counted = NumberAttribute(null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute(null=True)


class PoolRow(Row[ContactPool]):
    holds = ContactPool

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    contacts = NumberAttribute(null=True)
    contract = NumberAttribute(null=True)
    updated_at = InstantAttribute(null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute(null=True)


def get(account_id: str) -> Usage | None:
    """What was reported of an account, read consistently; None before the first report."""
    try:
        return UsageRow.get(f"usage_{account_id}", consistent_read=True).value()
    except UsageRow.DoesNotExist:
        return None


def pool_of(partner_id: str) -> ContactPool:
    """The sum of a partner's contacts, read consistently."""
    try:
        return PoolRow.get(f"pool_{partner_id}", consistent_read=True).value()
    except PoolRow.DoesNotExist:
        return ContactPool(partner_id)


def put(usage: Usage, *, actor: str, event: str | None) -> Put:
    """The write of changed usage; ``event`` names the change to publish; None publishes nothing."""
    changed = replace(usage, version=usage.version + 1, revision=usage.revision + (1 if event else 0))
    row = UsageRow.of(changed, id=f"usage_{usage.account_id}", actor=actor, event=event)
    return Put(row, subject=f"usage_{usage.account_id}", condition=subject_unchanged(UsageRow, usage.version))


def put_pool(pool: ContactPool, *, actor: str, event: str | None) -> Put:
    """The write of a changed sum, under the condition that nobody changed it since it was read."""
    changed = replace(pool, version=pool.version + 1, revision=pool.revision + (1 if event else 0))
    row = PoolRow.of(changed, id=f"pool_{pool.partner_id}", actor=actor, event=event)
    return Put(row, subject=f"pool_{pool.partner_id}", condition=subject_unchanged(PoolRow, pool.version))
