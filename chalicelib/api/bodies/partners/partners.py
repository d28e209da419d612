"""Partners, their keys and their billing profiles over HTTP."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator

from chalicelib.api.base import (
    Body,
    CountryCode,
    Currency,
    Email,
    Legible,
    ListQuery,
    Percent,
    Shape,
    Timestamp,
    TimeZone,
)
from chalicelib.api.bodies.accounts.usage import ContactsShape
from chalicelib.api.bodies.catalog.programs import TierShape
from chalicelib.domain.accounts.usage import ContactPool
from chalicelib.domain.money import Money
from chalicelib.domain.partners.api_keys import Family
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.request_limits import RequestLimit
from chalicelib.services.partners.partners import Standing

Text = Annotated[str, Field(min_length=1, max_length=200), Legible]
PaymentMethod = Annotated[str, Field(min_length=1, max_length=200, examples=["pm_card_visa"])]
TaxId = Annotated[
    str, Field(min_length=1, max_length=40, examples=["DE123456789"], description="As it should appear on invoices.")
]
KeyScope = Literal["read", "write", "billing"]


def _each_once(scopes: list[KeyScope]) -> list[KeyScope]:
    return list(dict.fromkeys(scopes))


class CreatePartner(Body):
    """A new partner of a program."""

    name: Text
    program: Annotated[str, Field(max_length=64, examples=["agency"])]
    email: Email
    country: CountryCode
    time_zone: TimeZone
    currency: Currency | None = None


class NewKey(Shape):
    """A key; it is shown once and never again."""

    id: str
    key: str | None
    scopes: list[str]


class PartnerShape(Shape):
    """A partner."""

    id: str
    name: str
    program: str
    email: str
    country: str
    time_zone: str
    currency: str
    created_at: Timestamp
    suspended_at: Timestamp | None = Field(description="Since when it earns nothing new and is paid nothing.")

    @classmethod
    def of(cls, partner: Partner) -> Self:
        return cls.model_validate(partner, extra="ignore", from_attributes=True)


class ListPartners(ListQuery):
    """Partners, newest first."""

    program: Annotated[str, Field(min_length=1, max_length=64, description="Only those of this program.")] | None = None


class PartnerCreated(PartnerShape):
    """A new partner, with its first key."""

    api_key: NewKey


class DiscountStanding(Shape):
    """The discount of the partner's accounts today, and what the next tier would save."""

    active_paid_accounts: int
    percent: Percent
    next_tier: TierShape | None
    accounts_to_next_tier: int | None
    next_tier_saves_percent: Percent | None
    next_tier_saves_per_month: int | None = Field(
        description="Minor units: how much less today's accounts would cost in a month on today's plans. Null "
        "without a next tier, and for partners with more than 1,000 accounts."
    )


class Limits(Shape):
    """How much of the API a partner may use."""

    page_size: int = 100
    body_bytes: int = 1_000_000
    metadata_keys: int = 20
    requests_per_second: int | None = Field(description="By one API key. Null without a limit.")
    requests_at_once: int | None = Field(description="By one API key after a pause. Null without a limit.")

    @classmethod
    def of(cls, limit: RequestLimit | None) -> Self:
        rate, burst = (limit.rate, limit.burst) if limit else (None, None)
        return cls(requests_per_second=rate, requests_at_once=burst)


class Me(PartnerShape):
    """The partner a key belongs to."""

    key_id: str
    scopes: list[str]
    endpoints: dict[str, str]
    limits: Limits
    discount: DiscountStanding
    contacts: ContactsShape | None = Field(
        description="The active contacts of all accounts, where the program pools them."
    )

    @classmethod
    def of_standing(
        cls,
        standing: Standing,
        *,
        key_id: str,
        scopes: tuple[str, ...],
        pool: ContactPool | None,
        saved: Money | None,
        limit: RequestLimit | None,
    ) -> Self:
        upper = standing.next_tier
        return cls(
            **PartnerShape.of(standing.partner).model_dump(),
            key_id=key_id,
            scopes=list(scopes),
            endpoints={"api": "/v1", "openapi": "/openapi.json", "docs": "/docs", "health": "/health"},
            limits=Limits.of(limit),
            discount=DiscountStanding(
                active_paid_accounts=standing.accounts,
                percent=standing.percent,
                next_tier=TierShape(from_accounts=upper.from_accounts, percent=upper.percent) if upper else None,
                accounts_to_next_tier=upper.from_accounts - standing.accounts if upper else None,
                next_tier_saves_percent=upper.percent - standing.percent if upper else None,
                next_tier_saves_per_month=saved.amount if saved is not None else None,
            ),
            contacts=ContactsShape.of(pool.measure) if pool else None,
        )


class CreateKey(Body):
    """A further key, with no more scopes than it needs."""

    name: Text
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=3), AfterValidator(_each_once)]
    expires_at: Timestamp | None = Field(
        default=None, description="No later than the end of the key used for this; by default the same."
    )


class CreateOperatorKey(Body):
    """A further key for the vendor's own staff."""

    name: Text
    expires_at: Timestamp | None = Field(
        default=None,
        description="No later than the end of the key used for this, and at most 365 days; by default 90 days.",
    )


class CreateFirstKey(Body):
    """A key for a partner, with all scopes and no parent."""

    name: Text
    expires_at: Timestamp | None = None


class KeyShape(Shape):
    """A key, without its secret."""

    id: str
    name: str
    scopes: list[str]
    last4: str
    parent_id: str | None = Field(description="The key that made it: it ends no later, and is revoked with it.")
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    revoked_at: Timestamp | None = Field(description="When it, or a key it descends from, was revoked.")

    @classmethod
    def of(cls, family: Family) -> Self:
        key = family.key
        return cls(
            id=key.id,
            name=key.name,
            scopes=list(key.scopes),
            last4=key.last4,
            parent_id=key.parent_id,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            revoked_at=family.revoked_at,
        )


class KeyCreated(KeyShape):
    """A new key, shown once."""

    key: str | None


class AddressBody(Body):
    line1: Text
    city: Text
    postal_code: Annotated[str, Field(min_length=1, max_length=20), Legible]
    country: CountryCode


class CreateProfile(Body):
    """A card to put on file, by the processor's id of it. It is not charged."""

    name: Text
    payment_method: PaymentMethod
    address: AddressBody | None = None
    tax_id: TaxId | None = None
    default: bool = False


class UpdateProfile(Body):
    """The fields to change; what is left out stays. `address: null` and `tax_id: null` remove these."""

    name: Text | None = None
    payment_method: PaymentMethod | None = None
    address: AddressBody | None = None
    tax_id: TaxId | None = None
    default: bool | None = None

    @field_validator("name", "payment_method", "default", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave it out to keep it")
        return value


class CardShape(Shape):
    brand: str
    last4: str
    exp_month: int
    exp_year: int


class AddressShape(Shape):
    line1: str
    city: str
    postal_code: str
    country: str


class ProfileShape(Shape):
    """A card on file."""

    id: str
    name: str
    card: CardShape
    address: AddressShape | None
    tax_id: str | None
    default: bool
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, profile: BillingProfile) -> Self:
        return cls(
            id=profile.id,
            name=profile.name,
            card=CardShape.model_validate(profile.card),
            address=AddressShape.model_validate(profile.address) if profile.address else None,
            tax_id=profile.tax_id,
            default=profile.default,
            created_at=profile.created_at,
            updated_at=profile.updated_at,
        )
