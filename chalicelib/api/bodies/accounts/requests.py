"""What is asked of accounts: to be created, changed, canceled, renewed, disabled; and what the platform says of one."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from chalicelib.api.base import (
    Body,
    CountryCode,
    Domain,
    Email,
    ExpectedDue,
    Id,
    Language,
    Legible,
    LocalDate,
    Metadata,
    TimeZone,
)
from chalicelib.api.bodies.catalog.plans import PlanBody
from chalicelib.domain.accounts.accounts import Client
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.accounts.details import DetailsRequest

Text = Annotated[str, Field(min_length=1, max_length=200), Legible]

_A_TRIAL: dict[str, Any] = {
    "name": "acme",
    "client": {"name": "Acme Inc", "email": "owner@acme.example"},
    "notification_email": "ops@agency.example",
    "country": "US",
    "language": "en",
    "time_zone": "America/Chicago",
    "plan": {"pricing_version": "V1", "product": "EM", "tier": "trial"},
}


class ClientBody(Body):
    """The owner of the account."""

    name: Text
    email: Email


class CreateAccount(Body):
    """A new account. A plan with a price needs a billing profile."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_TRIAL]})
    example: ClassVar[Mapping[str, Any]] = _A_TRIAL

    name: Annotated[str, Field(max_length=200, description="3–63 of a–z, 0–9 and hyphen; where the client logs in.")]
    client: ClientBody
    notification_email: Email
    country: CountryCode
    language: Language
    time_zone: TimeZone
    plan: PlanBody | None = Field(
        default=None, description="Required without a snapshot; else the snapshot's by default."
    )
    snapshot_id: Id | None = Field(
        default=None, description="Build it from this snapshot; fields given here take precedence."
    )
    billing_profile_id: Id | None = None
    billing_day: Annotated[int, Field(ge=1, le=31)] | None = None
    custom_domain: Domain | None = None
    single_bill: bool = False
    migrated: bool = False
    metadata: Metadata = Field(default_factory=dict)
    expect_due_today: ExpectedDue = None

    def wanted(self) -> NewAccountRequest:
        return NewAccountRequest(
            name=self.name,
            client=Client(name=self.client.name, email=self.client.email),
            notification_email=self.notification_email,
            country=self.country,
            language=self.language,
            time_zone=self.time_zone,
            plan=self.plan.request() if self.plan else None,
            snapshot_id=self.snapshot_id,
            billing_profile_id=self.billing_profile_id,
            billing_day=self.billing_day,
            custom_domain=self.custom_domain,
            single_bill=self.single_bill,
            migrated=self.migrated,
            metadata=dict(self.metadata),
            expect_due_today=self.expect_due_today,
        )


class UpdateAccount(Body):
    """The fields to change; what is left out stays. Metadata is replaced as a whole."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        "name": "is fixed when an account is created: its client logs in there",
        "country": "is fixed when an account is created: it decides where the data is kept",
        "data_region": "follows from the country, which is fixed when an account is created",
        "time_zone": "is fixed when an account is created: its renewal days are days of that time zone",
        "plan": "is changed by PUT /v1/accounts/{account_id}/plan",
        "custom_domain": "is changed by PUT /v1/accounts/{account_id}/domain",
        "single_bill": "is changed by PUT and DELETE /v1/accounts/{account_id}/single-bill",
    }

    client: ClientBody | None = None
    notification_email: Email | None = None
    language: Language | None = None
    billing_profile_id: Id | None = None
    metadata: Metadata | None = None

    def wanted(self) -> DetailsRequest:
        return DetailsRequest(
            client=Client(name=self.client.name, email=self.client.email) if self.client else None,
            notification_email=self.notification_email,
            language=self.language,
            billing_profile_id=self.billing_profile_id,
            metadata=dict(self.metadata) if self.metadata is not None else None,
        )


class CancelAccount(Body):
    """Why it ends, what becomes of the data, and, for a later end, the local date until which it renews as usual."""

    reason: Annotated[str, Field(min_length=1, max_length=500), Legible] | None = None
    retain_data: bool = True
    effective_date: LocalDate | None = None


class RenewAccount(Body):
    """Another billing profile to pay from now on, if wanted."""

    billing_profile_id: Id | None = None
    expect_due_today: ExpectedDue = None


class DisableAccount(Body):
    """What the client of a disabled account reads at login."""

    message: Annotated[str, Field(min_length=1, max_length=500), Legible] | None = None


class ProvisioningAnswer(Body):
    """The platform's answer about an account it was asked to prepare; a reason goes with `failed` only."""

    status: Literal["ready", "failed"]
    reason: Annotated[str, Field(min_length=1, max_length=500), Legible] | None = None

    @field_validator("reason")
    @classmethod
    def _of_failures(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is not None and info.data.get("status") == "ready":
            raise ValueError("is for status failed: an account that is ready needs none")
        return reason
