"""Snapshots: a named copy of an account's set-up, from which new accounts are built (docs/rules.md §12)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime

from chalicelib.domain.catalog.plans import Fault, Plan, PlanRequest
from chalicelib.domain.catalog.programs import LimitOffer, PlanOffer, Program, UnknownPlan
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.values import dataclass

MOST_SNAPSHOTS = 100
"""The most snapshots a partner can keep."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An account's set-up as it was when the copy was made; ``account_id`` only says where it came from.

    ``templates`` are the snapshot's own copies of the account's templates: names by id.
    """

    id: str
    partner_id: str
    name: str
    account_id: str
    plan: Plan
    created_at: datetime
    updated_at: datetime
    templates: Mapping[str, str] = field(default_factory=dict)
    branding: Branding = PLAIN
    deleted_at: datetime | None = None
    revision: int = 0
    version: int = 0


def plan_request(plan: Plan, asked: PlanRequest | None, *, program: Program) -> PlanRequest:
    """The plan to ask for when a new account is built from a snapshot with ``plan``: what is asked for wins (§12).

    Without ``asked`` it is the snapshot's own plan. With the same version, product and tier, each choice left out is
    the snapshot's. With another tier, the snapshot's choices are taken over as far as they are offered there: limits
    and add-ons that were chosen, and between two tiers of a kind the contacts and the frequency. So a sandbox gives
    a paid account only what somebody chose for it.
    """
    own = PlanRequest(
        pricing_version=plan.pricing_version,
        product=plan.product,
        tier=plan.tier,
        contacts=plan.contacts,
        billing_frequency=plan.billing_frequency,
        limits=plan.limits,
        add_ons=plan.add_ons,
    )
    if asked is None:
        return own
    given = own if _is_same_tier(own, asked) else _where_offered(own, program, asked)
    return replace(
        asked,
        contacts=given.contacts if asked.contacts is None else asked.contacts,
        billing_frequency=given.billing_frequency if asked.billing_frequency is None else asked.billing_frequency,
        limits={**given.limits, **asked.limits},
        add_ons=given.add_ons if asked.add_ons is None else asked.add_ons,
    )


def snapshot_faults(faults: Collection[Fault], asked: PlanRequest | None, requested: PlanRequest) -> Iterator[Fault]:
    """The faults of a plan made by :func:`plan_request`; those of the snapshot's choices are put on ``snapshot_id``."""
    for where, message in faults:
        if _is_asked(where, asked, requested):
            yield where, message
        else:
            what = where.removeprefix("plan.")
            yield "snapshot_id", f"has a {what} that is not offered now: {message}. Give {where} to choose another"


def _is_asked(where: str, asked: PlanRequest | None, requested: PlanRequest) -> bool:
    if asked is None:
        return False
    first, _, rest = where.removeprefix("plan.").partition(".")
    if first == "limits":
        return rest in asked.limits
    if first in {"contacts", "billing_frequency", "add_ons"}:
        return bool(getattr(asked, first) == getattr(requested, first))
    return True


def _is_same_tier(plan: PlanRequest, other: PlanRequest) -> bool:
    return (plan.pricing_version, plan.product, plan.tier) == (other.pricing_version, other.product, other.tier)


def _where_offered(own: PlanRequest, program: Program, asked: PlanRequest) -> PlanRequest:
    """The parts of a snapshot's plan that another tier offers too; none if the program has lost either tier."""
    try:
        was, offer = program.offer_for(own), program.offer_for(asked)
    except UnknownPlan:
        return asked
    alike = was.kind is offer.kind
    return PlanRequest(
        pricing_version=asked.pricing_version,
        product=asked.product,
        tier=asked.tier,
        contacts=own.contacts if alike and offer.contact_price(own.contacts) else None,
        billing_frequency=own.billing_frequency
        if alike and own.billing_frequency in offer.billing_frequencies
        else None,
        limits={
            name: value
            for name, value in own.limits.items()
            if _was_chosen(was, name, value) and name in offer.limits and _takes(offer.limits[name], value)
        },
        add_ons=tuple(name for name in own.add_ons or () if name in offer.add_ons),
    )


def _was_chosen(offer: PlanOffer, limit: str, value: int) -> bool:
    """Whether a limit differs from the tier's default."""
    return limit in offer.limits and value != offer.limits[limit].values[0]


def _takes(limit: LimitOffer, value: int) -> bool:
    return limit.custom or value in limit.values
