"""Links by which a partner logs in to an account: who made them, and whether they were used."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.accounts.accounts import Account
from chalicelib.models.base import InstantAttribute
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.transactions import Put

_KEPT = timedelta(days=1)
"""Longer than a link is good for: that it was used must be known as long as it could be used again."""


class LoginLinkRow(AccessRow):
    """A link's id is signed into it; knowing the id is not having the link."""

    class Meta(AccessRow.Meta):
        pass

    used_at = InstantAttribute(null=True)
    link_id = UnicodeAttribute()


def find(link_id: str) -> LoginLinkRow | None:
    try:
        return LoginLinkRow.get(_id(link_id), consistent_read=True)
    except LoginLinkRow.DoesNotExist:
        return None


def put(account: Account, link_id: str, *, now: datetime, ends_at: datetime, actor: str) -> Put:
    """The write that tells of a new link."""
    row = LoginLinkRow(
        _id(link_id),
        link_id=link_id,
        account_id=account.id,
        partner_id=account.partner_id,
        updated_at=now,
        actor=actor,
        event="account.login_link_created",
        revision=1,
        expires_at=int((ends_at + _KEPT).timestamp()),
    )
    return Put(row, subject=row.id, condition=LoginLinkRow.id.does_not_exist())


def put_used(row: LoginLinkRow, *, now: datetime) -> Put:
    """The write that uses a link up, under the condition that nobody did."""
    row.used_at = row.updated_at = now
    row.event, row.revision = "account.login_link_used", 2
    return Put(row, subject=row.id, condition=LoginLinkRow.id.exists() & LoginLinkRow.used_at.does_not_exist())


def _id(link_id: str) -> str:
    return f"link#{link_id}"
