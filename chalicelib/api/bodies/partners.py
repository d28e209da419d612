"""Partners, their keys and their billing profiles over HTTP."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator

from chalicelib.api.base import (
    Body,
    CountryCode,
    Currency,
    Email,
    Percent,
    Shape,
    Timestamp,
    TimeZone,
)
from chalicelib.api.bodies.usage import ContactsShape
from chalicelib.domain.partners import ApiKey, Partner
from chalicelib.domain.profiles import BillingProfile
from chalicelib.domain.usage import ContactPool
from chalicelib.services.partners import Standing

Text = Annotated[str, Field(min_length=1, max_length=200)]
PaymentMethod = Annotated[str, Field(min_length=1, max_length=200, examples=["pm_card_visa"])]
TaxId = Annotated[
    str, Field(min_length=1, max_length=40, examples=["DE123456789"], description="As invoices are to show it.")
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

    @classmethod
    def of(cls, partner: Partner) -> Self:
        return cls.model_validate(partner, extra="ignore", from_attributes=True)


class PartnerCreated(PartnerShape):
    """A new partner, with its first key."""

    api_key: NewKey


class Tier(Shape):
    """A step of the partner discount."""

    from_accounts: int
    percent: Percent


class DiscountStanding(Shape):
    """The discount of the partner's accounts today, and what the next tier would save."""

    active_paid_accounts: int
    percent: Percent
    next_tier: Tier | None
    accounts_to_next_tier: int | None
    next_tier_saves_percent: Percent | None


class Limits(Shape):
    """How much of the API a partner may use."""

    page_size: int = 100
    body_bytes: int = 1_000_000
    metadata_keys: int = 20


class Me(PartnerShape):
    """Who the key speaks for."""

    key_id: str
    scopes: list[str]
    endpoints: dict[str, str]
    limits: Limits
    discount: DiscountStanding
    contacts: ContactsShape | None = Field(
        description="The active contacts of all accounts, where the program pools them."
    )

    @classmethod
    def of_standing(cls, standing: Standing, *, key_id: str, scopes: tuple[str, ...], pool: ContactPool | None) -> Self:
        upper = standing.next_tier
        return cls(
            **PartnerShape.of(standing.partner).model_dump(),
            key_id=key_id,
            scopes=list(scopes),
            endpoints={"api": "/v1", "openapi": "/openapi.json", "docs": "/docs", "health": "/health"},
            limits=Limits(),
            discount=DiscountStanding(
                active_paid_accounts=standing.accounts,
                percent=standing.percent,
                next_tier=Tier(from_accounts=upper.from_accounts, percent=upper.percent) if upper else None,
                accounts_to_next_tier=upper.from_accounts - standing.accounts if upper else None,
                next_tier_saves_percent=upper.percent - standing.percent if upper else None,
            ),
            contacts=ContactsShape.of(pool.measure) if pool else None,
        )


class CreateKey(Body):
    """A further key, for as little as it needs."""

    name: Text
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=3), AfterValidator(_each_once)]
    expires_at: Timestamp | None = None


class KeyShape(Shape):
    """A key, without the key."""

    id: str
    name: str
    scopes: list[str]
    last4: str
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    revoked_at: Timestamp | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls(
            id=key.id,
            name=key.name,
            scopes=list(key.scopes),
            last4=key.last4,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            revoked_at=key.revoked_at,
        )


class KeyCreated(KeyShape):
    """A new key, shown once."""

    key: str | None


class AddressBody(Body):
    line1: Text
    city: Text
    postal_code: Annotated[str, Field(min_length=1, max_length=20)]
    country: CountryCode


class CreateProfile(Body):
    """A card on file, named as the processor names it. It is not charged."""

    name: Text
    payment_method: PaymentMethod
    address: AddressBody | None = None
    tax_id: TaxId | None = None
    default: bool = False


class UpdateProfile(Body):
    """What is to be changed; what is left out stays. `address: null` and `tax_id: null` take these away."""

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
