"""Plans and quotes over HTTP."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Id, LocalDate, Percent, Shape
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.explanations import Rule
from chalicelib.domain.catalog.plans import Plan, PlanRequest
from chalicelib.domain.catalog.quotes import Line, Quote

Choice = Annotated[str, Field(min_length=1, max_length=64)]
Limit = Annotated[int, Field(ge=0, le=10**12)]


_PLUS: dict[str, Any] = {
    "pricing_version": "V3",
    "product": "marketing",
    "tier": "plus",
    "contacts": 1000,
    "billing_frequency": "monthly",
}


class PlanBody(Body):
    """A requested plan; `GET /v1/program` lists what is offered. Fields with only one choice may be left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLUS]})

    pricing_version: Choice
    product: Choice
    tier: Choice
    contacts: Annotated[int, Field(ge=0, le=10**9)] | None = None
    billing_frequency: Annotated[Frequency, Field(strict=False)] | None = None
    limits: dict[Choice, Limit] = Field(default_factory=dict, max_length=50)
    add_ons: Annotated[list[Choice], Field(max_length=50)] = Field(default_factory=list)

    def request(self) -> PlanRequest:
        return PlanRequest(
            pricing_version=self.pricing_version,
            product=self.product,
            tier=self.tier,
            contacts=self.contacts,
            billing_frequency=self.billing_frequency,
            limits=dict(self.limits),
            add_ons=tuple(self.add_ons) if "add_ons" in self.model_fields_set else None,
        )


class PlanShape(Shape):
    """An account's plan."""

    pricing_version: str
    product: str
    tier: str
    contacts: int | None
    billing_frequency: Frequency | None
    limits: dict[str, int]
    add_ons: list[str]

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(
            pricing_version=plan.pricing_version,
            product=plan.product,
            tier=plan.tier,
            contacts=plan.contacts,
            billing_frequency=plan.billing_frequency,
            limits=dict(plan.limits),
            add_ons=list(plan.add_ons),
        )


class PeriodShape(Shape):
    """Local dates from the first day to the day after the last."""

    start: LocalDate
    end: LocalDate


class ExplanationShape(Shape):
    """How an amount was calculated: in words, and as rule and inputs to repeat it. Amounts are in minor units.

    By the rules `price` and `unused` it is `list_price`, less `migration_percent` of it, less `partner_percent` of what
    is left, which makes `price_per_cycle`; × `days` / `of_days` where they are given. Each step is rounded half up.
    `limit` is the most that is credited, or for `waived` the smallest amount that a card is charged.
    """

    rule: Rule
    text: str
    item: str | None = Field(description="`plan`, or the name of an add-on.")
    list_price: int | None
    migration_percent: Percent
    partner_percent: Percent
    price_per_cycle: int | None
    days: int | None
    of_days: int | None
    limit: int | None
    times: int | None
    rounding: Literal["half_up"] = "half_up"

    @classmethod
    def of(cls, line: Line) -> Self | None:
        why = line.explanation
        if why is None:
            return None
        return cls(
            rule=why.rule,
            text=line.explained,
            item=why.item,
            list_price=why.list_price,
            migration_percent=why.migration_percent,
            partner_percent=why.partner_percent,
            price_per_cycle=why.per_cycle(line.amount.currency).amount if why.item else None,
            days=why.days,
            of_days=why.of_days,
            limit=why.limit,
            times=why.times,
        )


class LineShape(Shape):
    """A line of a quote or an invoice, in minor units; negative if it reduces the total."""

    kind: str
    description: str
    amount: int
    period: PeriodShape | None = None
    explanation: ExplanationShape | None

    @classmethod
    def of(cls, line: Line) -> Self:
        period = PeriodShape(start=line.period.start, end=line.period.end) if line.period else None
        return cls(
            kind=line.kind,
            description=line.description,
            amount=line.amount.amount,
            period=period,
            explanation=ExplanationShape.of(line),
        )


class QuoteRequest(Body):
    """What a plan would cost; with `account_id`, for that account."""

    plan: PlanBody
    account_id: Id | None = None


class QuoteShape(Shape):
    """What it costs per cycle, what of it is due today, and how that would be paid. Taxes are not included."""

    currency: str
    value_of_plan: int | None = Field(description="Null, as the discounts and the price, for a plan without a price.")
    migration_discount: int | None
    partner_discount: int | None
    price_per_cycle: int | None
    billing_frequency: Frequency | None
    lines: list[LineShape]
    prorated_amount: int | None
    due_today: int
    prepaid_applied: int
    card_charge: int
    taxes_included: Literal[False] = False
    effective: Literal["now", "renewal"]

    @classmethod
    def of(cls, quote: Quote) -> Self:
        price = quote.price
        return cls(
            currency=quote.currency,
            value_of_plan=price.value_of_plan.amount if price else None,
            migration_discount=price.migration_discount.amount if price else None,
            partner_discount=price.partner_discount.amount if price else None,
            price_per_cycle=price.price_per_cycle.amount if price else None,
            billing_frequency=quote.billing_frequency,
            lines=[LineShape.of(line) for line in quote.lines],
            prorated_amount=quote.prorated_amount.amount if quote.prorated_amount is not None else None,
            due_today=quote.due_today.amount,
            prepaid_applied=quote.prepaid_applied.amount,
            card_charge=quote.card_charge.amount,
            effective=quote.effective,
        )
