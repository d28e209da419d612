"""Partners' PayPal addresses, and who uses each of them."""

from dataclasses import replace
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.earnings.payees import Payee
from chalicelib.models.base import DataAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

ID = "payee"
_USERS = "users"
_ADDRESS = "paypal#"


class PayeeRow(Row[Payee]):
    holds = Payee

    class Meta:
        table_name = TableName("earnings_table")

    partner_id = UnicodeAttribute(hash_key=True, attr_name="owner")
    id = UnicodeAttribute(range_key=True, default=ID)
    paypal_email = UnicodeAttribute(null=True)
    set_at = InstantAttribute(null=True)
    is_shared = BooleanAttribute(null=True)
    cannot_receive = BooleanAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


class AddressUsersRow(Row[None]):
    """The partners that use a PayPal address, or have used it."""

    class Meta:
        table_name = TableName("earnings_table")

    address = UnicodeAttribute(hash_key=True, attr_name="owner")
    id = UnicodeAttribute(range_key=True, default=_USERS)
    partners = DataAttribute[frozenset[str]](frozenset[str])
    version = NumberAttribute()


def get(partner_id: str) -> Payee:
    """Where a partner wants its earnings; without an address if it has never said."""
    try:
        return PayeeRow.get(partner_id, ID, consistent_read=True).value()
    except PayeeRow.DoesNotExist:
        return Payee(partner_id)


def put(payee: Payee, *, now: datetime, actor: str, event: str) -> Put:
    """The write of a changed payee."""
    changed = replace(payee, version=payee.version + 1, revision=payee.revision + 1)
    row = PayeeRow.of(changed, updated_at=now, actor=actor, event=event)
    return Put(row, subject=f"payee {payee.partner_id}", condition=subject_unchanged(PayeeRow, payee.version))


def users(address: str) -> tuple[frozenset[str], int]:
    """The partners that use an address, or have used it, and the version of that list."""
    try:
        row = AddressUsersRow.get(_ADDRESS + address, _USERS, consistent_read=True)
    except AddressUsersRow.DoesNotExist:
        return frozenset(), 0
    return row.partners, int(row.version)


def put_users(address: str, partners: frozenset[str], *, version: int) -> Put:
    """The write of the partners that use an address, if the list still has that version."""
    row = AddressUsersRow(_ADDRESS + address, partners=partners, version=version + 1)
    return Put(row, subject=f"address {address}", condition=subject_unchanged(AddressUsersRow, version))
