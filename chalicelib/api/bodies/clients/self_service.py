"""What the client of an account sees of it, and sends about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, ExpectedDue, ListQuery, LocalDate, Money, Shape, Timestamp, not_before
from chalicelib.api.bodies.accounts.accounts import AccountShape, AnyStatus, ClientShape, PendingChangeShape
from chalicelib.api.bodies.catalog.plans import PeriodShape, PlanBody, PlanShape
from chalicelib.api.bodies.partners.partners import CardShape, PaymentMethod
from chalicelib.domain.accounts.accounts import Account, PaymentState, ProvisioningStatus, Relationship
from chalicelib.domain.accounts.actions import Action, Caller
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.services.accounts.plan_changes import PlanChangeRequest

_A_CARD: dict[str, Any] = {"payment_method": "pm_card_visa"}
_TO_PRO: dict[str, Any] = {
    "plan": {
        "pricing_version": "V3",
        "product": "marketing",
        "tier": "professional",
        "contacts": 1000,
        "billing_frequency": "monthly",
    },
}


class ClientAccountShape(Shape):
    """An account as its client sees it. What its partner pays for it, and how, is the partner's own: null."""

    id: str
    name: str
    status: AnyStatus
    payer: Literal["partner", "client"]
    relationship: Relationship
    payment_state: PaymentState | None = Field(description="Null if the partner pays.")
    client: ClientShape
    country: str
    data_region: str
    language: str
    time_zone: str
    custom_domain: str | None
    login_url: str
    plan: PlanShape
    price_per_cycle: Money | None = Field(description="Null if the partner pays, and without a price.")
    current_period: PeriodShape | None
    renews_at: Timestamp | None
    expires_at: Timestamp | None
    pending_change: PendingChangeShape | None
    cancels_on: LocalDate | None
    disabled_message: str | None
    allowed_actions: list[Action] = Field(description="What the client may do by /client.")
    provisioning: ProvisioningStatus
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, account: Account, *, now: datetime) -> Self:
        """The account at ``now``; its allowed actions depend on the time."""
        seen = AccountShape.of(account, now=now, by=Caller.CLIENT)
        shown = {name: getattr(seen, name) for name in cls.model_fields}
        if not account.pays_itself:
            shown |= {"price_per_cycle": None, "payment_state": None}
        return cls(**shown)


class ListOwnInvoices(ListQuery):
    """The client's invoices, newest first; dates are local ones of the account, both included."""

    status: InvoiceStatus | None = None
    from_: LocalDate | None = Field(default=None, alias="from")
    to: Annotated[LocalDate | None, not_before("from_")] = None


class PaymentMethodShape(Shape):
    """The client's card on file; null without one."""

    card: CardShape | None
    updated_at: Timestamp | None

    @classmethod
    def of(cls, profile: BillingProfile | None) -> Self:
        if profile is None:
            return cls(card=None, updated_at=None)
        return cls(card=CardShape.model_validate(profile.card), updated_at=profile.updated_at)


class PutPaymentMethod(Body):
    """The card to put on file, by the processor's id of it. It is charged for what is past due, and for renewals."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_CARD]})
    example: ClassVar[Mapping[str, Any]] = _A_CARD

    payment_method: PaymentMethod


class ChangeOwnPlan(Body):
    """The whole plan the account is to have. The rules say when it takes effect; `effective` can only agree. The plan
    it has withdraws a change that waits for the renewal."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TO_PRO]})
    example: ClassVar[Mapping[str, Any]] = _TO_PRO

    plan: PlanBody
    effective: Literal["now", "renewal"] | None = None
    billing_day: Annotated[int, Field(ge=1, le=31)] | None = Field(
        default=None, description="The day of the month renewals fall on; for a first paid period only."
    )
    expect_due_today: ExpectedDue = None

    def wanted(self) -> PlanChangeRequest:
        return PlanChangeRequest(
            plan=self.plan.request(),
            effective=self.effective,
            billing_day=self.billing_day,
            expect_due_today=self.expect_due_today,
        )


class RenewOwnAccount(Body):
    """What the client expects to be charged, if it likes."""

    expect_due_today: ExpectedDue = None
