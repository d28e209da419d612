"""Plans: what was asked for, checked against what the program offers (docs/rules.md §2)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import TypeVar

from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import NamesOffer, PlanKind, PlanOffer, Program
from chalicelib.domain.values import dataclass

T = TypeVar("T")
Fault = tuple[str, str]
"""A field, such as `plan.limits.email_sends`, and what is wrong with it and offered instead."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as an account has it: every choice made, everything in it offered when it was chosen."""

    pricing_version: str
    product: str
    tier: str
    contacts: int | None
    billing_frequency: Frequency | None
    limits: Mapping[str, int]
    add_ons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A plan as somebody asks for it: what is left out is filled in where the program leaves no choice.

    Add-ons left out are none; only a snapshot gives those it has in their place (docs/rules.md §12).
    """

    pricing_version: str
    product: str
    tier: str
    contacts: int | None = None
    billing_frequency: Frequency | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    add_ons: tuple[str, ...] | None = None


class PlanNotOffered(ValueError):
    """The program doesn't offer this plan; `faults` holds every reason, in the order of the choices."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{where}: {message}" for where, message in faults))
        self.faults = faults


def resolve_plan(*, program: Program, requested: PlanRequest, own_limits: Mapping[str, int] | None = None) -> Plan:
    """The plan that was asked for, with every choice made; otherwise PlanNotOffered (docs/rules.md §2).

    Limits left out get their first offered value; contacts and frequency may be left out where only one is offered.
    Add-ons are put in the order of the price list, each once. Limits have no price, so only a partner may choose others
    than those listed. A client gives the limits it has as ``own_limits``: these, and those listed, it may have.
    """
    offer = _offer_named(program, requested)
    add_ons = requested.add_ons or ()
    faults = [
        *_faults_of_choice("contacts", requested.contacts, _contact_tiers(offer)),
        *_faults_of_choice("billing_frequency", requested.billing_frequency, offer.billing_frequencies),
        *_faults_of_limits(offer, requested.limits, own_limits),
        *_faults_of_add_ons(offer, add_ons),
    ]
    if faults:
        raise PlanNotOffered(faults)

    return Plan(
        pricing_version=offer.pricing_version,
        product=offer.product,
        tier=offer.tier,
        contacts=_chosen(requested.contacts, _contact_tiers(offer)),
        billing_frequency=_chosen(requested.billing_frequency, offer.billing_frequencies),
        limits={name: requested.limits.get(name, limit.values[0]) for name, limit in offer.limits.items()},
        add_ons=tuple(name for name in offer.add_ons if name in add_ons),
    )


def plan_kind(plan: NamesOffer, program: Program) -> PlanKind:
    """Whether a plan in use is paid, a trial or a sandbox; UnknownPlan if the program doesn't have it."""
    return program.offer_for(plan).kind


def is_paid(plan: Plan, program: Program) -> bool:
    """Whether the plan is charged by period, even if it is unpriced."""
    return plan_kind(plan, program) is PlanKind.PAID


def is_trial(plan: Plan, program: Program) -> bool:
    """Whether the plan is free for the program's trial days."""
    return plan_kind(plan, program) is PlanKind.TRIAL


def is_sandbox(plan: Plan, program: Program) -> bool:
    """Whether the plan is free for good and can never become a paid one."""
    return plan_kind(plan, program) is PlanKind.SANDBOX


def _offer_named(program: Program, requested: PlanRequest) -> PlanOffer:
    """The offer for version, product and tier; PlanNotOffered at the first of them that is not offered."""
    offers, way = program.plans, ""
    for step in ("pricing_version", "product", "tier"):
        asked = getattr(requested, step)
        offered = tuple(dict.fromkeys(getattr(offer, step) for offer in offers))
        if asked not in offered:
            raise PlanNotOffered([(f"plan.{step}", f"{asked!r} is not offered{way}; {_list(offered)}")])
        offers = tuple(offer for offer in offers if getattr(offer, step) == asked)
        way = f"{way}/{asked}" if way else f" in {asked}"
    return offers[0]


def _faults_of_choice(step: str, asked: object | None, offered: Collection[object]) -> Iterator[Fault]:
    if asked is None and len(offered) > 1:
        yield f"plan.{step}", f"must be chosen; {_list(offered)}"
    elif asked is not None and asked not in offered:
        yield f"plan.{step}", f"{asked} is not offered with this tier; {_list(offered)}"


def _faults_of_limits(offer: PlanOffer, asked: Mapping[str, int], own: Mapping[str, int] | None) -> Iterator[Fault]:
    for name, value in asked.items():
        limit = offer.limits.get(name)
        if limit is None:
            yield f"plan.limits.{name}", f"is not a limit of this tier; {_list(offer.limits)}"
            continue
        custom = limit.custom and own is None
        kept = own is not None and own.get(name) == value
        if value not in limit.values and not kept and not (custom and value >= 0):
            or_else = " or any other whole number" if custom else ""
            yield f"plan.limits.{name}", f"{value} is not offered; {_list(limit.values)}{or_else}"


def _faults_of_add_ons(offer: PlanOffer, asked: Collection[str]) -> Iterator[Fault]:
    for name in asked:
        if name not in offer.add_ons:
            yield "plan.add_ons", f"{name!r} is not offered with this tier; {_list(offer.add_ons)}"


def _list(offered: Collection[object]) -> str:
    return f"offered: {', '.join(str(choice) for choice in offered)}" if offered else "none is offered"


def _contact_tiers(offer: PlanOffer) -> tuple[int, ...]:
    return tuple(row.contacts for row in offer.prices)


def _chosen(asked: T | None, offered: tuple[T, ...]) -> T | None:
    return offered[0] if asked is None and offered else asked
