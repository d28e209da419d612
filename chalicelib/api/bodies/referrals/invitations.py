"""What the page of an invite link offers, over HTTP."""

from typing import Self

from pydantic import Field

from chalicelib.api.base import Shape
from chalicelib.api.bodies.referrals.visits import PartnerName
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import PlanKind, PlanOffer
from chalicelib.domain.referrals.invite_links import Experience, shown_experiences, shown_plans
from chalicelib.services.referrals.invite_links import Invitation


class PlanPrice(Shape):
    """List prices up to that many contacts, in minor units; null where that frequency is not offered."""

    contacts: int
    monthly: int | None
    annual: int | None


class OfferedPlan(Shape):
    """A plan to buy."""

    pricing_version: str
    product: str
    tier: str
    billing_frequencies: list[Frequency]
    prices: list[PlanPrice]

    @classmethod
    def of(cls, offer: PlanOffer) -> Self:
        return cls(
            pricing_version=offer.pricing_version,
            product=offer.product,
            tier=offer.tier,
            billing_frequencies=list(offer.billing_frequencies),
            prices=[PlanPrice(contacts=row.contacts, monthly=row.monthly, annual=row.annual) for row in offer.prices],
        )


class OfferedTrial(Shape):
    """The trial: its plan, and for how many days."""

    pricing_version: str
    product: str
    tier: str
    days: int


class InvitationShape(Shape):
    """The page of an invite link."""

    pn: str
    partner: PartnerName
    program: str
    currency: str
    experiences: list[Experience]
    trial: OfferedTrial | None = Field(description="Null unless the page offers trials.")
    plans: list[OfferedPlan]

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        program = invitation.program
        experiences = shown_experiences(invitation.link, program)
        trial = next((offer for offer in program.plans if offer.kind is PlanKind.TRIAL), None)
        return cls(
            pn=invitation.link.pn,
            partner=PartnerName(name=invitation.partner.name),
            program=program.name,
            currency=program.currency,
            experiences=list(experiences),
            trial=OfferedTrial(
                pricing_version=trial.pricing_version,
                product=trial.product,
                tier=trial.tier,
                days=program.trial_days,
            )
            if trial is not None and program.trial_days is not None and Experience.TRIAL in experiences
            else None,
            plans=[OfferedPlan.of(offer) for offer in shown_plans(invitation.link, program)],
        )
