"""Changes of an account's plan over HTTP."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, ExpectedDue, Id, Query
from chalicelib.api.bodies.catalog.plans import PlanBody
from chalicelib.services.accounts.plan_changes import PlanChangeRequest

_TO_PRO: dict[str, Any] = {
    "plan": {
        "pricing_version": "V3",
        "product": "marketing",
        "tier": "professional",
        "contacts": 1000,
        "billing_frequency": "monthly",
    },
}


class ChangePlan(Body):
    """The whole plan the account is to have. The rules say when it takes effect; `effective` can only agree."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TO_PRO]})
    example: ClassVar[dict[str, Any]] = _TO_PRO

    plan: PlanBody
    effective: Literal["now", "renewal"] | None = None
    billing_profile_id: Id | None = Field(default=None, description="Who pays from a first paid period on.")
    billing_day: Annotated[int, Field(ge=1, le=31)] | None = Field(
        default=None, description="The day of the month renewals fall on; for a first paid period only."
    )
    expect_due_today: ExpectedDue = None

    def wanted(self) -> PlanChangeRequest:
        return PlanChangeRequest(
            plan=self.plan.request(),
            effective=self.effective,
            billing_profile_id=self.billing_profile_id,
            billing_day=self.billing_day,
            expect_due_today=self.expect_due_today,
        )


class PutOnAddOn(Body):
    """Adds an add-on now; its price for the days left is charged now."""

    expect_due_today: ExpectedDue = None


class Preview(Query):
    """Whether only to quote the price."""

    preview: bool = Field(default=False, description="`true`: answers with the quote and changes nothing.")
