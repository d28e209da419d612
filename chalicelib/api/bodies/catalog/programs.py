"""A partner's price list and options over HTTP."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from chalicelib.api.base import ListQuery, Percent, Shape
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import DiscountTier, PlanKind, Program


class TierShape(Shape):
    """A step of the partner discount."""

    from_accounts: int
    percent: Percent


class PrepaidTerms(Shape):
    minimum: int


class PackShape(Shape):
    quantity: int
    price: int


class CreditPacks(Shape):
    """The packs credits are sold in; none if credits are granted."""

    sms: list[PackShape] = Field(default_factory=list)
    inbox_preview: list[PackShape] = Field(default_factory=list)


class PricesShape(Shape):
    monthly: int | None
    annual: int | None


class AddOnShape(Shape):
    """Something an account can have on top of its plan, on the tiers named."""

    name: str
    title: str
    tiers: list[str]
    prices: PricesShape
    included_in: list[str]


class ContactPriceShape(Shape):
    """The list price up to that many active contacts; null if it is not invoiced or not offered."""

    contacts: int
    monthly: int | None
    annual: int | None


class LimitOfferShape(Shape):
    """The values a limit can be given, the first being the default; with `custom`, any other whole number too."""

    values: list[int]
    custom: bool


class PlanOfferShape(Shape):
    pricing_version: str
    product: str
    tier: str
    kind: PlanKind
    billing_frequencies: list[Frequency]
    prices: list[ContactPriceShape]
    limits: dict[str, LimitOfferShape]
    add_ons: list[str]


class MigrationShape(Shape):
    """The discount of a migrated account, and for how many cycles."""

    percent: Percent
    cycles: int


class HouseShape(Shape):
    """The vendor as a partner: the accounts without another partner belong to it."""

    name: str
    email: str
    country: str
    time_zone: str


class ProgramShape(Shape):
    """A program: what is offered and what it costs, in minor units, list prices before discounts."""

    program: str
    version: int
    title: str
    currency: str
    house: HouseShape
    trial_days: int | None
    partner_discount: list[TierShape]
    migration_discount: MigrationShape | None
    prepaid: PrepaidTerms
    credits_can_be_bought: bool
    credit_packs: CreditPacks
    minimum_card_charge: int
    billing_day_allowed: bool
    retry_days: list[int]
    cancel_reasons: list[str]
    snapshot_kinds: list[PlanKind] = Field(description="The kinds of plan whose accounts a snapshot can be made of.")
    services: list[str] = Field(description="The kinds of work a service request can ask for.")
    add_ons: list[AddOnShape]
    plans: list[PlanOfferShape]

    @classmethod
    def of(cls, program: Program, *, tiers: Sequence[DiscountTier]) -> Self:
        migration = program.migration_discount
        return cls(
            program=program.name,
            version=program.version,
            title=program.title,
            currency=program.currency,
            house=HouseShape.model_validate(program.house),
            trial_days=program.trial_days,
            partner_discount=[TierShape.model_validate(tier) for tier in tiers],
            migration_discount=MigrationShape.model_validate(migration) if migration else None,
            prepaid=PrepaidTerms(minimum=program.prepaid_minimum),
            credits_can_be_bought=program.credits_can_be_bought,
            credit_packs=CreditPacks.model_validate(program.credit_packs),
            minimum_card_charge=program.minimum_card_charge,
            billing_day_allowed=program.billing_day_allowed,
            retry_days=list(program.retry_days),
            cancel_reasons=list(program.cancel_reasons),
            snapshot_kinds=list(program.snapshot_kinds),
            services=list(program.services),
            add_ons=[
                AddOnShape(
                    name=add_on.name,
                    title=add_on.title,
                    tiers=list(add_on.tiers),
                    prices=PricesShape(monthly=add_on.prices.monthly, annual=add_on.prices.annual),
                    included_in=list(add_on.included_in),
                )
                for add_on in program.add_ons
            ],
            plans=[
                PlanOfferShape(
                    pricing_version=offer.pricing_version,
                    product=offer.product,
                    tier=offer.tier,
                    kind=offer.kind,
                    billing_frequencies=list(offer.billing_frequencies),
                    prices=[
                        ContactPriceShape(contacts=row.contacts, monthly=row.monthly, annual=row.annual)
                        for row in offer.prices
                    ],
                    limits={
                        name: LimitOfferShape(values=list(limit.values), custom=limit.custom)
                        for name, limit in offer.limits.items()
                    },
                    add_ons=list(offer.add_ons),
                )
                for offer in program.plans
            ],
        )


class ListPrograms(ListQuery):
    """The programs, by name."""
