"""Billing profiles: the cards a partner has on file."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.partners.billing_profiles import Address, BillingProfile, Card
from chalicelib.models import pages
from chalicelib.models.base import DataAttribute, DateAttribute, InstantAttribute, Row
from chalicelib.models.reads import Read
from chalicelib.models.transactions import Check, Put, Remove, subject_unchanged


class BillingProfileRow(Row[BillingProfile]):
    holds = BillingProfile

    class Meta:
        table_name = TableName("billing_profiles_table")

    partner_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    payment_method = UnicodeAttribute()
    card = DataAttribute[Card](Card)
    address = DataAttribute[Address](Address, null=True)
    tax_id = UnicodeAttribute(null=True)
    customer = UnicodeAttribute(null=True)
    default = BooleanAttribute(null=True)
    expiry_published = DateAttribute(null=True, attr_name="expiry_told")
    deleted_at = InstantAttribute(null=True)
    card_since = InstantAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    revision = NumberAttribute()
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


def put(profile: BillingProfile, *, actor: str, event: str) -> Put:
    changed = replace(profile, version=profile.version + 1, revision=profile.revision + 1)
    row = BillingProfileRow.of(changed, actor=actor, event=event)
    return Put(row, subject=profile.id, condition=subject_unchanged(BillingProfileRow, profile.version))


def not_deleted(partner_id: str, profile_id: str) -> Check:
    """The condition that a profile is there and not deleted."""
    condition = BillingProfileRow.id.exists() & BillingProfileRow.deleted_at.does_not_exist()
    return Check(BillingProfileRow, partner_id, profile_id, subject=profile_id, condition=condition)


def unchanged(profile: BillingProfile) -> Check:
    """The condition that a profile is as it was read."""
    condition = subject_unchanged(BillingProfileRow, profile.version)
    return Check(BillingProfileRow, profile.partner_id, profile.id, subject=profile.id, condition=condition)


def remove(partner_id: str, profile_id: str) -> Remove:
    """The removal of the card of an account whose first charge was declined."""
    row = BillingProfileRow(partner_id, profile_id)
    return Remove(row, subject=profile_id, condition=BillingProfileRow.id.exists())


def stored(put: Put) -> BillingProfile:
    """The profile as a ``put`` leaves it in the table."""
    assert isinstance(put.row, BillingProfileRow)
    return put.row.value()


def get(partner_id: str, profile_id: str) -> BillingProfile | None:
    try:
        return BillingProfileRow.get(partner_id, profile_id, consistent_read=True).value()
    except BillingProfileRow.DoesNotExist:
        return None


def read(partner_id: str, profile_id: str) -> Read[BillingProfile]:
    """The profile, to be read together with other rows."""
    return Read(BillingProfileRow, (partner_id, profile_id), BillingProfileRow.value)


def get_many(partner_id: str, profile_ids: Iterable[str]) -> dict[str, BillingProfile]:
    keys = [(partner_id, profile_id) for profile_id in set(profile_ids)]
    if not keys:
        return {}
    return {row.id: row.value() for row in BillingProfileRow.batch_get(keys, consistent_read=True)}


def defaults(partner_id: str) -> list[BillingProfile]:
    """The partner's default profile, if it has one, read consistently so that it can be changed."""
    is_default = (BillingProfileRow.default == True) & BillingProfileRow.deleted_at.does_not_exist()  # noqa: E712
    return [
        row.value() for row in BillingProfileRow.query(partner_id, filter_condition=is_default, consistent_read=True)
    ]


def all_of_partner(partner_id: str) -> list[BillingProfile]:
    """All profiles of a partner except deleted ones."""
    shown = BillingProfileRow.deleted_at.does_not_exist()
    return [row.value() for row in BillingProfileRow.query(partner_id, filter_condition=shown)]


def of_partner(
    partner_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[BillingProfile], dict[str, Any] | None]:
    """A page of a partner's profiles, and where the next one starts."""
    shown = BillingProfileRow.deleted_at.does_not_exist()
    rows = BillingProfileRow.query(partner_id, filter_condition=shown, page_size=limit + 1, last_evaluated_key=start)
    return pages.page_of(rows, limit)


def processor_customers(partner_id: str) -> list[str]:
    """The processor's customer ids of all the partner's profiles, deleted ones too."""
    rows = BillingProfileRow.query(partner_id, attributes_to_get=["customer"], consistent_read=True)
    return sorted({row.customer for row in rows if row.customer})
