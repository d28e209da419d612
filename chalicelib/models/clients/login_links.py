"""Links by which a partner logs in to an account: who created them, and whether they were used."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.accounts.accounts import Account
from chalicelib.models.base import InstantAttribute
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.transactions import Put

_KEPT_FOR = timedelta(days=1)
"""After the link has expired. Until then, its row is what keeps it from being used again."""


class LoginLinkRow(AccessRow):
    """Its id is a claim of the link's signed token; the id alone opens nothing."""

    class Meta(AccessRow.Meta):
        pass

    used_at = InstantAttribute(null=True)
    link_id = UnicodeAttribute()
    permission = UnicodeAttribute(null=True)


def find(link_id: str) -> LoginLinkRow | None:
    try:
        return LoginLinkRow.get(_id(link_id), consistent_read=True)
    except LoginLinkRow.DoesNotExist:
        return None


def put(account: Account, link_id: str, *, now: datetime, ends_at: datetime, actor: str) -> Put:
    """The write of a new link, which also publishes it."""
    row = LoginLinkRow(
        _id(link_id),
        link_id=link_id,
        account_id=account.id,
        partner_id=account.partner_id,
        permission=account.permission,
        updated_at=now,
        actor=actor,
        event="account.login_link_created",
        revision=1,
        expires_at=int((ends_at + _KEPT_FOR).timestamp()),
    )
    return Put(row, subject=row.id, condition=LoginLinkRow.id.does_not_exist())


def put_used(row: LoginLinkRow, *, now: datetime) -> Put:
    """The write that uses a link up, on condition that it was not used."""
    row.used_at = row.updated_at = now
    row.event, row.revision = "account.login_link_used", 2
    return Put(row, subject=row.id, condition=LoginLinkRow.id.exists() & LoginLinkRow.used_at.does_not_exist())


def _id(link_id: str) -> str:
    return f"link#{link_id}"
