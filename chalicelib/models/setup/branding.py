"""Each account's branding, in a row of its own: every renewal writes the account's row, which must stay small."""

from datetime import datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.values import dataclass
from chalicelib.models.base import DataAttribute
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.transactions import Put


class BrandingRow(AccessRow):
    class Meta(AccessRow.Meta):
        pass

    branding = DataAttribute[Branding](Branding)


@dataclass(frozen=True)
class Kept:
    """A branding as it was read; ``revision`` 0 where there never was one."""

    branding: Branding = PLAIN
    revision: int = 0


def get(account_id: str) -> Branding:
    """The account's branding; plain where none was set."""
    return read(account_id).branding


def read(account_id: str) -> Kept:
    """The branding, to be changed."""
    try:
        row = BrandingRow.get(_id(account_id), consistent_read=True)
    except BrandingRow.DoesNotExist:
        return Kept()
    return Kept(row.branding, int(row.revision))


def put(account: Account, branding: Branding, *, after: Kept, now: datetime, actor: str) -> Put:
    """The write of a branding, under the condition that nobody changed it since it was read."""
    row = BrandingRow(
        _id(account.id),
        account_id=account.id,
        partner_id=account.partner_id,
        updated_at=now,
        actor=actor,
        event="account.branding_changed",
        revision=after.revision + 1,
        branding=branding,
    )
    unchanged = BrandingRow.revision == after.revision if after.revision else BrandingRow.id.does_not_exist()
    return Put(row, subject=row.id, condition=unchanged)


def _id(account_id: str) -> str:
    return f"branding#{account_id}"
