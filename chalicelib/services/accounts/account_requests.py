"""What is asked of a new account, and whether it is offered (docs/rules.md §2)."""

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Client
from chalicelib.domain.accounts.actions import Caller
from chalicelib.domain.accounts.snapshots import plan_request, snapshot_faults
from chalicelib.domain.catalog.plans import Fault, Plan, PlanNotOffered, PlanRequest, resolve_plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.setup.custom_domains import fault_of
from chalicelib.domain.time_zones import UnknownTimeZone, check_time_zone
from chalicelib.domain.values import dataclass
from chalicelib.services.accounts import names, snapshots


@dataclass(frozen=True)
class NewAccountRequest:
    """What a partner asks for when it creates an account; a snapshot may give the ``plan``."""

    name: str
    client: Client
    notification_email: str
    country: str
    language: str
    time_zone: str
    plan: PlanRequest | None
    billing_profile_id: str | None = None
    billing_day: int | None = None
    custom_domain: str | None = None
    single_bill: bool = False
    snapshot_id: str | None = None
    migrated: bool = False
    metadata: dict[str, str] | None = None
    expect_due_today: int | None = None


def plan_and_faults(
    request: NewAccountRequest, *, program: Program, partner_id: str, by: Caller = Caller.PARTNER
) -> tuple[Plan | None, list[Fault]]:
    """The plan that was asked for, if it is offered to whoever asks, and the faults of all that has nothing to do with
    payment."""
    faults = list(names.faults(request.name))
    if request.custom_domain is not None and (
        fault := fault_of(request.custom_domain, login_domain=settings().login_domain)
    ):
        faults.append(("custom_domain", fault))
    plan, plan_faults = priced_plan(request, program=program, partner_id=partner_id, by=by)
    return plan, faults + plan_faults


def priced_plan(
    request: NewAccountRequest, *, program: Program, partner_id: str, by: Caller = Caller.PARTNER
) -> tuple[Plan | None, list[Fault]]:
    """The plan that was asked for, and the faults of all that decides its price: the plan, and the day it is there."""
    plan, faults = _planned(request, program=program, partner_id=partner_id, by=by)
    try:
        check_time_zone(request.time_zone)
    except UnknownTimeZone as error:
        faults.append(("time_zone", str(error)))
    return plan, faults


def _planned(
    request: NewAccountRequest, *, program: Program, partner_id: str, by: Caller
) -> tuple[Plan | None, list[Fault]]:
    """The plan that was asked for, completed by the snapshot's if there is one, or what is wrong with it (§2, §12)."""
    requested = request.plan
    if request.snapshot_id is not None:
        try:
            snapshot = snapshots.get_snapshot(partner_id=partner_id, snapshot_id=request.snapshot_id)
        except NotFound:
            return None, [("snapshot_id", f"{request.snapshot_id} is no snapshot of yours")]
        requested = plan_request(snapshot.plan, request.plan, program=program)
    if requested is None:
        return None, [("plan", "is needed without a snapshot")]
    try:
        own_limits: dict[str, int] | None = None if by is Caller.PARTNER else {}
        return resolve_plan(program=program, requested=requested, own_limits=own_limits), []
    except PlanNotOffered as error:
        if request.snapshot_id is None:
            return None, error.faults
        return None, list(snapshot_faults(error.faults, request.plan, requested))
