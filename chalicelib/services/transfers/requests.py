"""What a partner asks for when it requests to move an account, and what is wrong with it (docs/rules.md §9)."""

from collections.abc import Iterator

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.catalog.plans import Plan, PlanNotOffered, PlanRequest, is_paid, resolve_plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.transfers.transfers import Direction
from chalicelib.domain.values import dataclass
from chalicelib.programs import program as load_program
from chalicelib.services.partners import billing_profiles, partners


@dataclass(frozen=True)
class TransferRequest:
    """What a partner asks for. Which fields a request has to have depends on its ``direction``."""

    direction: Direction | None
    account: str | None = None
    owner_email: str | None = None
    relationship: Relationship | None = None
    billing_profile_id: str | None = None
    single_bill: bool = False
    account_id: str | None = None
    client_email: str | None = None
    plan: PlanRequest | None = None


@dataclass(frozen=True)
class Filer:
    """The partner that files requests, and its program."""

    partner: Partner
    program: Program


def filer_of(*, partner_id: str) -> Filer:
    """Who files. Raises :class:`NotFound`."""
    partner = partners.get_partner(partner_id=partner_id)
    return Filer(partner, load_program(partner.program))


def faults_of(request: TransferRequest, *, filer: Filer) -> Iterator[tuple[str, str]]:
    """What is wrong with a request, by the rules of the partner's program; fields that it does not have are faults."""
    match request.direction:
        case None:
            yield "direction", "is required: in or out"
        case Direction.IN:
            yield from _missing(request, "account", "owner_email", "relationship")
            yield from _out_of_place(request, "account_id", "client_email", "plan")
            yield from _faults_of_terms(request, filer)
        case Direction.OUT:
            yield from _missing(request, "account_id", "client_email")
            yield from _out_of_place(
                request, "account", "owner_email", "relationship", "billing_profile_id", "single_bill"
            )
            yield from _faults_of_direct_plan(request.plan, filer.program)


def _missing(request: TransferRequest, *fields: str) -> Iterator[tuple[str, str]]:
    return ((name, "is required") for name in fields if getattr(request, name) is None)


_WHY_NOT_IN = {"plan": "is given once it is needed: see needs in GET /v1/transfers/{id}"}


def _out_of_place(request: TransferRequest, *fields: str) -> Iterator[tuple[str, str]]:
    for name in fields:
        if getattr(request, name):
            yield name, _WHY_NOT_IN.get(name, f"is not for a transfer {request.direction}")


def _faults_of_terms(request: TransferRequest, filer: Filer) -> Iterator[tuple[str, str]]:
    program, relationship = filer.program, request.relationship
    if relationship is None:
        return
    if relationship not in program.relationships:
        yield "relationship", f"must be one of {', '.join(program.relationships)}"
        return
    if request.single_bill and program.single_bill is None:
        yield "single_bill", f"the program {program.name} has no Single Bill"
    if relationship is Relationship.REFERRED:
        if request.billing_profile_id or request.single_bill:
            yield (
                "relationship",
                "the client of a referred account pays for it: give no billing_profile_id, no single_bill",
            )
        return
    if request.billing_profile_id and request.single_bill:
        yield "billing_profile_id", "is not needed on the Single Bill: give one of the two"
    elif request.billing_profile_id:
        yield from _faults_of_profile(filer.partner.id, request.billing_profile_id)
    elif program.has_prices and not request.single_bill:
        or_bill = ", unless it goes on the Single Bill" if program.single_bill else ""
        yield "billing_profile_id", f"is needed to pay for a managed account{or_bill}"


def _faults_of_profile(partner_id: str, profile_id: str) -> Iterator[tuple[str, str]]:
    try:
        billing_profiles.get_profile(partner_id=partner_id, profile_id=profile_id)
    except NotFound:
        yield "billing_profile_id", f"{profile_id} is no billing profile of yours"


def _faults_of_direct_plan(plan: PlanRequest | None, program: Program) -> Iterator[tuple[str, str]]:
    """A program without prices needs a plan of the program whose house takes the account; others keep theirs."""
    if program.direct_program is None:
        if plan is not None:
            yield "plan", "is kept: the account goes to the house of the same program"
        return
    if plan is None:
        yield "plan", f"is needed, of the program {program.direct_program}: the account's own has no price there"
        return
    yield from plan_faults(plan, load_program(program.direct_program))


def plan_faults(requested: PlanRequest, program: Program) -> Iterator[tuple[str, str]]:
    """What is wrong with a plan for an account that moves into a program."""
    try:
        plan = resolve_plan(program=program, requested=requested)
    except PlanNotOffered as error:
        yield from error.faults
        return
    if not is_paid(plan, program):
        yield "plan.tier", f"must be a paid plan: no account changes to a {plan.tier}"


def resolved(requested: PlanRequest | None, program: Program) -> Plan | None:
    """The plan of a program that is requested, if one is. Raises :class:`PlanNotOffered`."""
    return None if requested is None else resolve_plan(program=program, requested=requested)


def house_program(program: Program) -> Program:
    """The program of the house that the accounts which leave ``program`` go to."""
    return load_program(program.direct_program) if program.direct_program else program
