"""What an account is while a charge is in progress, and once its period or change of plan is paid (rules §4, §5)."""

from datetime import date, datetime

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, PaymentState, PendingChange, Status
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money


def advanced_to(
    account: Account, *, period: Period, price: Money | None, terms: Terms | None, now: datetime
) -> Account:
    """The account renewed, on the plan pending for it: paid for, or unpriced and skipped (§2, §5)."""
    if account.pending_change is not None:
        plan, anchor = lifecycle.plan_due(account), lifecycle.anchor_due(account)
        account = replace(account, plan=plan, anchor=anchor, pending_change=None, updated_at=now)
    return in_period(account, period=period, price=price, terms=terms, now=now)


def in_period(account: Account, *, period: Period, price: Money | None, terms: Terms | None, now: datetime) -> Account:
    """The account in a period that begins, on the plan it has: a change that is pending stays pending (§5)."""
    return replace(
        account,
        period=period,
        price=price,
        terms=terms,
        migrated_cycles=max(account.migrated_cycles - 1, 0),
        payment_state=PaymentState.OK,
        overdue=None,
        waits_until=None,
        touched_at=now,
        updated_at=account.updated_at if account.overdue is None else now,
    )


def charging(account: Account, charge: Charge, *, now: datetime) -> Account:
    """The account while ``charge`` is in progress. The charge takes the next number; a retry has one already.

    A retry clears ``retry_soon_at``; a card that is set during it sets that again. A change of plan may still be
    declined, and then the account looks as if nothing had touched it.
    """
    touched_at = account.touched_at if charge.plan is not None else now
    if account.overdue is not None and account.overdue.invoice_id == charge.id:
        overdue = replace(account.overdue, retry_soon_at=None)
        return replace(account, charge=charge, overdue=overdue, touched_at=touched_at)
    return replace(account, charge=charge, charges=account.charges + 1, touched_at=touched_at)


def paid(account: Account, charge: Charge, *, now: datetime) -> Account:
    """The account after ``charge`` was paid; what was set aside for it is used up first (§6)."""
    rest = account.prepaid_set_aside - charge.from_set_aside if charge.from_set_aside else account.prepaid_set_aside
    account = replace(account, charge=None, set_aside=rest or None, touched_at=now)
    if charge.kind is not ChargeKind.RENEWAL:
        account = replace(account, updated_at=now)
    if charge.plan is not None:
        account = replanned(
            account,
            charge.plan,
            then=charge.then,
            anchor=charge.anchor,
            billing_profile_id=charge.billing_profile_id,
            request=charge.request,
            now=now,
        )
    elif charge.kind is ChargeKind.FIRST_PERIOD:
        account = replace(account, status=Status.ACTIVE)
    assert charge.period is not None
    assert charge.price is not None
    if charge.kind is ChargeKind.UPGRADE:
        return replace(account, price=charge.price)  # period and terms are those it has
    assert charge.terms is not None
    begin = advanced_to if charge.plan is None else in_period  # the plan that was asked for is that of its first period
    return begin(account, period=charge.period, price=charge.price, terms=charge.terms, now=now)


def replanned(
    account: Account,
    plan: Plan,
    *,
    then: Plan | None,
    anchor: date | None,
    billing_profile_id: str | None,
    request: str | None,
    now: datetime,
) -> Account:
    """The account on a paid plan from now on; ``then`` replaces the change that was pending (§5).

    A trial, or an account that has ended, starts anew: its end or cancellation is cleared (§3).
    """
    starts = not account.counts_as_active_paid
    account = replace(
        account,
        plan=plan,
        pending_change=pending(account, then, now=now),
        anchor=anchor or account.anchor,
        billing_profile_id=billing_profile_id or account.billing_profile_id,
        updated_at=now,
    )
    if not starts:
        return account
    return replace(
        account,
        kind=PlanKind.PAID,
        status=Status.DISABLED if account.status is Status.DISABLED else Status.ACTIVE,
        cancellation=None,
        reminded_for=None,
        renewed_by=request,
        expired_at=None,
        expiry_reason=None,
        archived_at=None,
    )


def plan_change_event(before: Account, plan: Plan) -> str:
    """The event of a change to ``plan``: a revival if an account that had ended has its own plan again."""
    return "account.revived" if before.has_ended and plan == before.plan else "account.plan_changed"


def pending(account: Account, plan: Plan | None, *, now: datetime) -> PendingChange | None:
    """The change to ``plan`` that waits for the renewal, asked for at ``now`` unless it was waiting already."""
    if plan is None:
        return None
    before = account.pending_change
    if before is None:
        return PendingChange(plan, now)
    return before if before.plan == plan else PendingChange(plan, now, required=before.required)
