"""The partner's cards, as forms offer them."""

from collections.abc import Sequence

from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.portal.visits import Visit
from chalicelib.services.partners import billing_profiles

_MOST = 100


def cards_of(visit: Visit) -> list[BillingProfile]:
    """The partner's cards on file, the default one first."""
    found, _ = billing_profiles.list_profiles(partner_id=visit.partner_id, limit=_MOST, start=None)
    return sorted(found, key=lambda profile: not profile.default)


def options_of(profiles: Sequence[BillingProfile]) -> list[tuple[str, str]]:
    """Id and name of each, for a select."""
    return [(profile.id, f"{profile.name} · {card_name(profile)}") for profile in profiles]


def card_name(profile: BillingProfile) -> str:
    """`Visa •••• 4242`."""
    return f"{profile.card.brand.title()} •••• {profile.card.last4}"
