"""What a partner program consists of: these dataclasses are the program file (docs/programs.md).

Everything a business may want to choose stands in that file, none of it in code. Amounts are minor units of the
program's currency, percentages Decimal; whatever is dated holds from its `effective_from` on, earliest first.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol

from chalicelib.domain.calendar import Frequency
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

Relationship = Literal["managed", "referred"]


class PlanKind(StrEnum):
    """What a plan is to billing: charged by period, free for the trial days, or free for good."""

    PAID = "paid"
    TRIAL = "trial"
    SANDBOX = "sandbox"


class _Section:
    """A section of a program file: unknown keys are faults."""

    __slots__ = ()
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices(_Section):
    """List prices per cycle, in minor units, of the frequencies offered.

    With none at all, accounts go without invoices. A price of 0 is a price: its invoice is paid, no card is charged
    (docs/rules.md §2).
    """

    monthly: int | None = None
    annual: int | None = None

    def price(self, frequency: Frequency) -> int | None:
        """The list price per cycle at that frequency, if there is one."""
        return self.annual if frequency is Frequency.ANNUAL else self.monthly

    @property
    def unpriced(self) -> bool:
        """Whether the program asks nothing, at any frequency."""
        return self.monthly is None and self.annual is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPrice(Prices):
    """The price of a plan up to that many active contacts."""

    contacts: int


@dataclass(frozen=True, slots=True)
class LimitOffer(_Section):
    """The values a limit can be given, the first being the default; with `custom`, any other whole number as well."""

    values: tuple[int, ...]
    custom: bool = False


@dataclass(frozen=True, slots=True)
class PlanOffer(_Section):
    """One tier of one product in one pricing version, and what can be chosen with it (docs/rules.md §2)."""

    pricing_version: str
    product: str
    tier: str
    kind: PlanKind
    billing_frequencies: tuple[Frequency, ...]
    prices: tuple[ContactPrice, ...]
    limits: Mapping[str, LimitOffer]
    add_ons: tuple[str, ...]

    def contact_price(self, contacts: int | None) -> ContactPrice | None:
        """The row of the price list for that contact tier, if it is offered."""
        return next((row for row in self.prices if row.contacts == contacts), None)


@dataclass(frozen=True, slots=True)
class AddOn(_Section):
    """Something an account can have on top of its plan, on the tiers named; free on those that include it."""

    name: str
    title: str
    tiers: tuple[str, ...]
    prices: Prices
    included_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscountTier(_Section):
    """The partner discount from that many active paid accounts on."""

    from_accounts: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class DiscountVersion(_Section):
    """The discount tiers, fewest accounts first, in force from a date on."""

    effective_from: date
    tiers: tuple[DiscountTier, ...]


@dataclass(frozen=True, slots=True)
class DatedPercent(_Section):
    """A percentage in force from a date on."""

    effective_from: date
    percent: Decimal


@dataclass(frozen=True, slots=True)
class MigrationDiscount(_Section):
    """What a migrated account gets off the list price, for its first so many billed cycles."""

    percent: Decimal
    cycles: int


@dataclass(frozen=True, slots=True)
class Pack(_Section):
    """A number of credits sold together, and its price in minor units."""

    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class SingleBill(_Section):
    """One payment a month for many accounts: the discount given up front, in place of revenue share (rules §6)."""

    discount_percent: tuple[DatedPercent, ...]

    def percent_on(self, day: date) -> Decimal:
        """The discount in force on that day."""
        return percent_on(self.discount_percent, day=day)


@dataclass(frozen=True, slots=True)
class Commission(_Section):
    """What a partner earns from paid invoices (docs/rules.md §10)."""

    relationships: tuple[Relationship, ...]
    """The accounts that earn; those on a Single Bill never do."""
    percent: tuple[DatedPercent, ...]
    months: int | None
    """How long an account earns from its first paid invoice; null: for good."""
    hold_days: int
    """How long an earning waits for refunds before it can be paid out."""
    new_account_bonus: int
    attribution_days: int
    """How long after following an invite link a sign-up is credited to its partner."""
    move_window_days: int
    """How soon after its conversion, or the partner's start, a moved account must come to earn like a new one."""
    payout_day: int
    """The day of the month on which partners are paid, the last one of a month that is shorter; in the house's zone."""
    payout_minimum: int
    payout_confirmation: bool
    """Whether an operator has to confirm the payouts of a run before they are sent."""
    payout_hold_hours: int
    """How old a PayPal address must be before anything is sent to it."""

    @property
    def pays_commissions_only(self) -> bool:
        """Whether partners earn nothing but commissions: no share of managed accounts, no bonus for new ones."""
        return "managed" not in self.relationships and not self.new_account_bonus

    def percent_on(self, day: date) -> Decimal:
        """The rate in force on that day."""
        return percent_on(self.percent, day=day)


@dataclass(frozen=True, slots=True)
class DataRegions(_Section):
    """The region that keeps an account's data, by the account's country (ISO 3166, two letters)."""

    default: str
    countries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seller(_Section):
    """The vendor as its invoices name it."""

    name: str
    address_lines: tuple[str, ...]
    email: str
    tax_id: str | None
    """As it is to be printed, with whatever prefix it has; null where there is none."""


@dataclass(frozen=True, slots=True)
class House(_Section):
    """The vendor as a partner: the accounts that belong to no other are its own (docs/rules.md §9)."""

    name: str
    email: str
    country: str
    time_zone: str


class NamesOffer(Protocol):
    """Whatever names a pricing version, product and tier: a plan, or a request for one."""

    @property
    def pricing_version(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def tier(self) -> str: ...


class UnknownPlan(LookupError):
    """The program has no such plan, though an account has it: a plan in use must stay in the program file."""


class UnknownAddOn(LookupError):
    """The program has no add-on of that name."""


@dataclass(frozen=True, slots=True)
class Program(_Section):
    """The rules and prices a partner belongs to."""

    name: str
    version: int
    title: str
    seller: Seller
    house: House
    currency: str
    relationships: tuple[Relationship, ...]

    trial_days: int | None
    trial_reminder_days: int
    renewal_reminder_days: int
    retry_days: tuple[int, ...]
    """Days after the first decline on which a scheduled charge is tried again; after the last the account expires."""
    archive_after_days: int
    prepaid_watch_days: int
    management_request_days: int
    """How long a client has to answer a partner's request to manage its account."""
    transfer_request_days: int
    """How long a request to move an account waits for its owner and an operator."""
    direct_program: str | None
    """The program whose house takes the accounts that leave this one; null: this program's own house."""
    cancel_reasons: tuple[str, ...]
    billing_day_allowed: bool
    contacts_pooled: bool
    """Whether partners have a contract: active contacts are summed over all accounts and held against it."""
    snapshot_kinds: tuple[PlanKind, ...]
    """The kinds of plan whose accounts a snapshot can be taken from."""
    services: tuple[str, ...]
    """The kinds of work on an account that a partner can ask for."""

    minimum_card_charge: int
    prepaid_minimum: int
    credits_can_be_bought: bool
    credit_packs: Mapping[str, tuple[Pack, ...]]
    low_credits: Mapping[str, int]
    """The balance of each kind of credits below which the partner is told."""

    partner_discounts: tuple[DiscountVersion, ...]
    migration_discount: MigrationDiscount | None
    single_bill: SingleBill | None
    commission: Commission | None

    add_ons: tuple[AddOn, ...]
    plans: tuple[PlanOffer, ...]
    data_regions: DataRegions

    @property
    def has_prices(self) -> bool:
        """Whether an account can have a price of its own here; in some programs a contract pays for all of them."""
        return any(not row.unpriced for plan in self.plans for row in plan.prices)

    def money(self, amount: int) -> Money:
        """An amount from this file as money."""
        return Money(amount, self.currency)

    def offer_for(self, plan: NamesOffer) -> PlanOffer:
        """What the program offers under the version, product and tier of a plan in use; otherwise UnknownPlan."""
        for offer in self.plans:
            if (offer.pricing_version, offer.product, offer.tier) == (plan.pricing_version, plan.product, plan.tier):
                return offer
        raise UnknownPlan(f"{self.name} has no plan {plan.pricing_version}/{plan.product}/{plan.tier}")

    def add_on(self, name: str) -> AddOn:
        """The add-on of that name, otherwise UnknownAddOn."""
        for add_on in self.add_ons:
            if add_on.name == name:
                return add_on
        raise UnknownAddOn(f"{self.name} has no add-on {name!r}, only {', '.join(a.name for a in self.add_ons)}")

    def discount_tiers_on(self, day: date) -> tuple[DiscountTier, ...]:
        """The tiers of the partner discount in force on that day; none before the first version (docs/rules.md §5)."""
        in_force = [version.tiers for version in self.partner_discounts if version.effective_from <= day]
        return in_force[-1] if in_force else ()

    def data_region(self, country: str) -> str:
        """The region that keeps the data of an account in that country (docs/rules.md §2)."""
        return self.data_regions.countries.get(country, self.data_regions.default)


def percent_on(versions: Sequence[DatedPercent], *, day: date) -> Decimal:
    """The percentage in force on that day, 0 before the first version."""
    in_force = [version.percent for version in versions if version.effective_from <= day]
    return in_force[-1] if in_force else Decimal(0)
