"""Changing the plan of an account: at once and paid for at once, or at its next renewal (docs/rules.md §3, §5)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts import plan_changes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import Action, Caller, refuse_to_charge_client, refuse_unless
from chalicelib.domain.accounts.plan_changes import ChangeKind, Effective, PlanChange
from chalicelib.domain.catalog.plans import Plan, PlanNotOffered, PlanRequest, is_paid, resolve_plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.values import dataclass
from chalicelib.services.accounts import accounts, priced_changes
from chalicelib.services.accounts.priced_changes import ChangeContext, PricedChange
from chalicelib.services.accounts.transitions import Transition


@dataclass(frozen=True)
class PlanChangeRequest:
    """A requested change of plan. Profile and billing day are for a first paid period only (§2)."""

    plan: PlanRequest
    effective: Effective | None = None
    billing_profile_id: str | None = None
    billing_day: int | None = None
    expect_due_today: int | None = None


def change_plan(
    *,
    partner_id: str,
    account_id: str,
    request: PlanChangeRequest,
    by: Caller = Caller.PARTNER,
    now: datetime,
    actor: str,
) -> Account:
    """Change an account's plan. What takes effect at once is charged at once, all or nothing (§5, §6).

    Asking for the plan it has changes nothing, except that a pending change is withdrawn. Raises
    :class:`NotFound`, :class:`Invalid`, the refusals of :func:`plan_changes.plan_change` and those of
    :func:`priced_changes.apply_change`.
    """
    return priced_changes.apply_change(
        partner_id=partner_id,
        account_id=account_id,
        price=lambda account, program: _priced(account, request, program=program, by=by, now=now),
        is_own=lambda account, charge, program: charge.plan == _resolved(account, request.plan, program, by=by),
        expect_due_today=request.expect_due_today,
        by=by,
        now=now,
        actor=actor,
    )


def preview(
    *, partner_id: str, account_id: str, request: PlanChangeRequest, by: Caller = Caller.PARTNER, now: datetime
) -> Quote:
    """The quote of a change: what :func:`change_plan` would charge now. Nothing changes.

    Raises :class:`QuoteChanged` if another amount is expected.
    """
    return priced_changes.preview_change(
        partner_id=partner_id,
        account_id=account_id,
        price=lambda account, program: _priced(account, request, program=program, by=by, now=now),
        expect_due_today=request.expect_due_today,
        by=by,
    )


def withdraw(*, partner_id: str, account_id: str, by: Caller = Caller.PARTNER, now: datetime, actor: str) -> Account:
    """Take back the change that waits for the next renewal (§5)."""

    def withdrawn(account: Account) -> Transition:
        refuse_unless(account, Action.WITHDRAW_CHANGE, now=now)
        after = replace(account, pending_change=None, updated_at=now)
        return Transition(account, after, "account.plan_change_withdrawn")

    return accounts.change_account(withdrawn, partner_id=partner_id, account_id=account_id, by=by, now=now, actor=actor)


def _resolved(account: Account, requested: PlanRequest, program: Program, *, by: Caller) -> Plan:
    """The plan that was asked for, as it is offered to whoever asks. Raises :class:`Invalid`."""
    own_limits = None if by is Caller.PARTNER else _own_limits(account, requested)
    try:
        plan = resolve_plan(program=program, requested=requested, own_limits=own_limits)
    except PlanNotOffered as error:
        raise Invalid(errors=error.faults) from error
    return plan


def _own_limits(account: Account, requested: PlanRequest) -> Mapping[str, int]:
    """The limits that a client keeps: those it has, in the tier it has or, after a move, has to have (§9)."""
    has = account.priced_plan
    same = (has.pricing_version, has.product, has.tier) == (
        requested.pricing_version,
        requested.product,
        requested.tier,
    )
    return has.limits if same else {}


def _priced(
    account: Account, request: PlanChangeRequest, *, program: Program, by: Caller, now: datetime
) -> PricedChange:
    plan = _resolved(account, request.plan, program, by=by)
    refuse_unless(account, Action.CHANGE_PLAN, now=now)
    if not account.counts_as_active_paid:
        refuse_to_charge_client(account, by=by)
    if not is_paid(plan, program):
        raise Invalid(errors=[("plan.tier", f"must be a paid plan: no account changes to a {plan.tier}")])
    context = ChangeContext(account, program=program, by=by, now=now)
    change = plan_changes.plan_change(
        account,
        plan,
        program=program,
        now=now,
        terms_on=context.terms_on,
        paid=context.paid(),
        billing_day=request.billing_day,
    )
    plan_changes.refuse_other(change, account, request.effective, now=now)
    faults = list(_faults(account, change, request, program=program))
    if faults:
        raise Invalid(errors=faults)
    return context.priced(change, billing_profile_id=request.billing_profile_id)


def _faults(
    account: Account, change: PlanChange, request: PlanChangeRequest, *, program: Program
) -> Iterable[tuple[str, str]]:
    first = change.kind is ChangeKind.START and account.anchor is None
    if request.billing_day is not None and not (first and program.billing_day_allowed):
        yield "billing_day", "can only be chosen for a first paid period, in a program that allows it"
    if request.billing_profile_id is not None and change.kind is not ChangeKind.START:
        yield "billing_profile_id", "can only be given where a first period begins; change the account's own instead"
        return
    yield from priced_changes.profile_faults(account.payer, request.billing_profile_id)
