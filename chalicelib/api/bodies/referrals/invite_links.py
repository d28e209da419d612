"""Invite links over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Shape
from chalicelib.domain.referrals.invite_links import Experience, HighlightedPlan, InviteLink, Traffic
from chalicelib.services.referrals.invite_links import ChangeRequest

_EXAMPLE: dict[str, Any] = {
    "pn": "bright-agency",
    "highlighted_plans": [{"pricing_version": "V3", "product": "marketing", "tier": "plus"}],
    "experiences": ["trial", "buy_now"],
}
_Word = Annotated[str, Field(min_length=1, max_length=40)]


class HighlightedPlanBody(Body):
    """A plan of the program."""

    pricing_version: _Word
    product: _Word
    tier: _Word


class ChangeInviteLink(Body):
    """The fields to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    example: ClassVar[Mapping[str, Any]] = _EXAMPLE

    pn: Annotated[str, Field(max_length=200, description="3–40 of a–z, 0–9 and hyphen.")] | None = None
    highlighted_plans: Annotated[list[HighlightedPlanBody], Field(max_length=20)] | None = Field(
        default=None, description="The plans that the page shows; all, if this is empty."
    )
    experiences: Annotated[list[Experience], Field(min_length=1, max_length=10)] | None = Field(
        default=None, description="Whether the page offers a trial, buying at once, or both."
    )

    def wanted(self) -> ChangeRequest:
        plans = self.highlighted_plans
        return ChangeRequest(
            pn=self.pn,
            highlighted_plans=None
            if plans is None
            else tuple(HighlightedPlan(plan.pricing_version, plan.product, plan.tier) for plan in plans),
            experiences=None if self.experiences is None else tuple(self.experiences),
        )


class HighlightedPlanShape(Shape):
    pricing_version: str
    product: str
    tier: str


class InviteLinkShape(Shape):
    """A partner's invite link, with how often it was visited and used."""

    pn: str
    url: str = Field(description="The page to send to a client.")
    highlighted_plans: list[HighlightedPlanShape]
    experiences: list[Experience]
    visits: int
    sign_ups: int

    @classmethod
    def of(cls, link: InviteLink, traffic: Traffic, *, base_url: str) -> Self:
        return cls(
            pn=link.pn,
            url=page_of(link, base_url=base_url),
            highlighted_plans=[HighlightedPlanShape.model_validate(plan) for plan in link.highlighted_plans],
            experiences=list(link.experiences),
            visits=traffic.visits,
            sign_ups=traffic.sign_ups,
        )


def page_of(link: InviteLink, *, base_url: str) -> str:
    """The address of the page that a link leads to."""
    return f"{base_url}/public/invites/{link.pn}"
