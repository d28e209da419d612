"""An account's branding, trials included (docs/rules.md §8)."""

from datetime import datetime

from chalicelib.domain.setup.branding import Branding
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit
from chalicelib.services.accounts import accounts

_TRIES = 5


def get_branding(*, partner_id: str, account_id: str) -> Branding:
    """What the account's client sees. Raises :class:`NotFound`."""
    accounts.get_account(partner_id=partner_id, account_id=account_id)
    return branding_rows.get(account_id)


def set_branding(*, partner_id: str, account_id: str, branding: Branding, now: datetime, actor: str) -> Branding:
    """Set the whole branding; a plain one takes it away. Raises :class:`NotFound`."""
    account = accounts.get_account(partner_id=partner_id, account_id=account_id)
    for _ in range(_TRIES):
        kept = branding_rows.read(account_id)
        if kept.branding == branding:
            return branding
        try:
            commit([branding_rows.put(account, branding, after=kept, now=now, actor=actor)])
        except WriteConflict:
            continue
        return branding
    raise Busy("Others kept changing the branding. Try again in a moment.", retry_after=1)
