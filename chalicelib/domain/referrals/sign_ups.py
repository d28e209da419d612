"""Which program a sign-up without a partner is for (docs/rules.md §9)."""

from collections.abc import Sequence

from chalicelib.domain.catalog.programs import NamesOffer, PlanKind, Program, UnknownPlan


def kind_of(plan: NamesOffer, program: Program) -> PlanKind | None:
    """The kind of a plan, as far as the program offers it."""
    try:
        return program.offer_for(plan).kind
    except UnknownPlan:
        return None


def programs_that_offer(plan: NamesOffer, programs: Sequence[Program]) -> list[Program]:
    """Those of the programs with referred accounts that a client can sign up for this plan in."""
    return [
        program
        for program in programs
        if "referred" in program.relationships and kind_of(plan, program) in (PlanKind.TRIAL, PlanKind.PAID)
    ]
