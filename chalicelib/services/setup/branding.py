"""An account's branding, trials included (docs/rules.md §8)."""

from datetime import datetime

from chalicelib.domain.setup.branding import Branding
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.transactions import commit
from chalicelib.services.accounts import accounts


def get_branding(*, partner_id: str, account_id: str) -> Branding:
    """What the account's client sees. Raises :class:`NotFound`."""
    accounts.get_managed(partner_id=partner_id, account_id=account_id)
    return branding_rows.get(account_id)


def set_branding(*, partner_id: str, account_id: str, branding: Branding, now: datetime, actor: str) -> Branding:
    """Set the whole branding; a plain one removes it. Raises :class:`NotFound`, and :class:`NotManaged` even if the
    client ends the partner's permission at this moment.
    """

    def attempt() -> Branding:
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
        kept = branding_rows.read(account_id)
        if kept.branding != branding:
            put = branding_rows.put(account, branding, after=kept, now=now, actor=actor)
            commit([put, account_rows.still_managed(account)])
        return branding

    return transactions.retry(attempt, busy="Others kept changing the branding. Try again in a moment.")
