"""Putting an add-on on an account, or taking it off: its plan now, and from its next renewal on (rules §5).

A pending change of plan stays pending; the add-on is put on or taken off in it as well.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import Action, refusal
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan an account is to have at once, and the one that is to wait for its next renewal, if it is another."""

    now: Plan
    then: Plan | None


def put_on(account: Account, name: str, *, program: Program, now: datetime) -> Plans:
    """The plans with the add-on, at once and from the next renewal on.

    Raises :class:`NotFound` for one the program does not have, :class:`Invalid` naming what is offered with this
    plan, and a refusal where the plan that is pending does not offer it.
    """
    _refuse_unless_known(name, program)
    _refuse_unless_paid(account, now=now)
    offered = program.offer_for(account.plan).add_ons
    if name not in offered:
        raise Invalid(errors=[("add_on", f"{name!r} is not offered with {account.plan.tier}; {_listed(offered)}")])
    pending = account.pending_change.plan if account.pending_change else None
    if pending is not None and name not in program.offer_for(pending).add_ons:
        why = f"{name!r} is not offered with {pending.tier}, its plan from the next renewal on. Withdraw that first."
        raise refusal(account, Action.CHANGE_PLAN, why, now=now)
    return _plans(_with(account.plan, name, program), pending and _with(pending, name, program))


def take_off(account: Account, name: str, *, program: Program, now: datetime) -> Plans:
    """The plans without the add-on from the next renewal on. Raises :class:`NotFound` if the account has none."""
    _refuse_unless_known(name, program)
    _refuse_unless_paid(account, now=now)
    then = account.pending_change.plan if account.pending_change else account.plan
    if name not in (*account.plan.add_ons, *then.add_ons):
        raise NotFound(f"{account.id} has no add-on {name!r}, only {', '.join(account.plan.add_ons) or 'none'}.")
    without = replace(then, add_ons=tuple(each for each in then.add_ons if each != name))
    return _plans(account.plan, without)


def _plans(now: Plan, then: Plan | None) -> Plans:
    return Plans(now, then if then != now else None)


def _with(plan: Plan, name: str, program: Program) -> Plan:
    """The plan with the add-on, in the order of the price list."""
    chosen = {*plan.add_ons, name}
    return replace(plan, add_ons=tuple(each for each in program.offer_for(plan).add_ons if each in chosen))


def _refuse_unless_known(name: str, program: Program) -> None:
    known = [add_on.name for add_on in program.add_ons]
    if name not in known:
        raise NotFound(f"There is no add-on {name!r}; {_listed(known)}.")


def _refuse_unless_paid(account: Account, *, now: datetime) -> None:
    """Add-ons belong to a plan that is being paid for; a first period begins with a whole plan."""
    if account.priced_plan != account.plan:
        why = "Until its next renewal it has a plan of the program it came from. Change the plan that waits instead."
        raise refusal(account, Action.CHANGE_PLAN, why, now=now)
    if account.counts_as_active_paid:
        return
    kind = "" if account.kind is PlanKind.PAID else f"It has no add-ons while it is on a {account.kind} plan. "
    why = f"{kind}Change its plan to a paid one and name the add-ons there."
    raise refusal(account, Action.CHANGE_PLAN, why, now=now)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return f"offered: {', '.join(names)}" if names else "none is offered"
