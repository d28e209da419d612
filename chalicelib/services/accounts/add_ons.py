"""Add-ons put on an account, prorated like an upgrade, and taken off at its next renewal (docs/rules.md §5)."""

from datetime import datetime

from chalicelib.domain.accounts import add_ons, plan_changes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import Action, Caller, refuse_unless
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.values import dataclass
from chalicelib.services.accounts import priced_changes
from chalicelib.services.accounts.priced_changes import ChangeContext, PricedChange


@dataclass(frozen=True)
class AddOnRequest:
    """A request to put an add-on ``on``, or to take it off."""

    name: str
    on: bool
    expect_due_today: int | None = None


def change(
    *, partner_id: str, account_id: str, request: AddOnRequest, by: Caller = Caller.PARTNER, now: datetime, actor: str
) -> Account:
    """Put an add-on on at once, charged at once, all or nothing; or take it off at the next renewal.

    Repeating it changes nothing. What else is pending stays pending. Raises :class:`NotFound`, :class:`Invalid`, the
    refusals of :mod:`domain.accounts.add_ons` and those of :func:`priced_changes.apply_change`.
    """
    return priced_changes.apply_change(
        partner_id=partner_id,
        account_id=account_id,
        price=lambda account, program: _priced(account, request, program=program, by=by, now=now),
        is_own=lambda account, charge, program: _is_for(account, charge, request, program=program, now=now),
        expect_due_today=request.expect_due_today,
        by=by,
        now=now,
        actor=actor,
    )


def preview(
    *, partner_id: str, account_id: str, request: AddOnRequest, by: Caller = Caller.PARTNER, now: datetime
) -> Quote:
    """The quote of it: what :func:`change` would charge now. Nothing changes. Raises :class:`QuoteChanged`."""
    return priced_changes.preview_change(
        partner_id=partner_id,
        account_id=account_id,
        price=lambda account, program: _priced(account, request, program=program, by=by, now=now),
        expect_due_today=request.expect_due_today,
        by=by,
    )


def _priced(account: Account, request: AddOnRequest, *, program: Program, by: Caller, now: datetime) -> PricedChange:
    refuse_unless(account, Action.CHANGE_PLAN, now=now)
    plans = _plans(account, request, program=program, now=now)
    context = ChangeContext(account, program=program, by=by, now=now)
    pending = account.pending_change.plan if account.pending_change else None
    if plans.now == account.plan and plans.then not in (None, pending):
        waits = plan_changes.at_renewal(account, plans.then, program=program, now=now, terms_on=context.terms_on)
        return context.priced(waits)
    at_once = plan_changes.plan_change(
        account, plans.now, program=program, now=now, terms_on=context.terms_on, paid=context.paid()
    )
    return context.priced(at_once, then=plans.then)


def _plans(account: Account, request: AddOnRequest, *, program: Program, now: datetime) -> add_ons.Plans:
    work_out = add_ons.put_on if request.on else add_ons.take_off
    return work_out(account, request.name, program=program, now=now)


def _is_for(account: Account, charge: Charge, request: AddOnRequest, *, program: Program, now: datetime) -> bool:
    """Whether a charge found on the account was held for this very add-on, by this request before it was cut off."""
    if not request.on or charge.plan is None or not account.counts_as_active_paid:
        return False
    return charge.plan == _plans(account, request, program=program, now=now).now != account.plan
