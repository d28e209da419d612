"""Partners and their cards, made by the product's services, for benchmarks without HTTP."""

from datetime import datetime

from chalicelib.domain.ids import new_id
from chalicelib.domain.partners.partners import Partner
from chalicelib.services.partners import billing_profiles, partners

ACTOR = "benchmark"


def new_partner(*, program: str, at: datetime) -> Partner:
    """A new partner in a program."""
    partner, _ = partners.create_partner(
        partner_id=new_id("prt", at=at),
        name="Agency",
        program=program,
        email="books@agency.example",
        country="US",
        time_zone="America/Chicago",
        currency=None,
        now=at,
        actor=ACTOR,
    )
    return partner


def company_card(partner_id: str, *, at: datetime) -> str:
    """The id of a new billing profile of a partner's, whose card always pays."""
    profile = billing_profiles.create_profile(
        profile_id=new_id("bp", at=at),
        partner_id=partner_id,
        name="Company card",
        payment_method="pm_card_visa",
        address=None,
        default=False,
        now=at,
        actor=ACTOR,
    )
    return profile.id
