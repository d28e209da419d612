"""Cards that expire soon: an event for each, published once (docs/rules.md §11)."""

from dataclasses import replace
from datetime import date, datetime

from chalicelib.domain.partners.billing_profiles import expires_soon
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import WriteConflict, commit


def publish_expiring_cards(*, payer: str, today: date, now: datetime, actor: str) -> None:
    """Publish an event for each of the payer's cards that expires this month or the next, once per card.

    ``today`` is the payer's own. A partner's cards are checked daily, a client's own when its account's alarm rings
    for it (:attr:`Account.card_notice_on`).
    """
    for profile in profile_rows.all_of_partner(payer):
        if not expires_soon(profile, today=today):
            continue
        published = replace(profile, expiry_published=profile.card.good_until, updated_at=now)
        try:
            commit([profile_rows.put(published, actor=actor, event="billing_profile.card_expiring")])
        except WriteConflict:
            continue  # the profile was changed, or the event published, just now: the next check looks at it again
