"""The automaton: what an account's time does to it, and when (docs/rules.md §3, §4).

``upcoming`` is the heart: from an account alone it tells its one next step and the moment that
falls due. The moment is the account's alarm; the step is what the worker then takes.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.accounts.accounts import Account, Overdue, PaymentState, PendingChange, Status, renews_at
from chalicelib.domain.billing.dunning import retry_date
from chalicelib.domain.calendar import (
    Period,
    after_days,
    first_instant,
    next_period,
)
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money

CHARGE_CHECKED_AFTER = timedelta(minutes=2)
"""A charge still in progress after this long was cut off: the worker finishes it."""


class StepKind(StrEnum):
    FINISH_CHARGE = "finish_charge"
    CHARGE_PERIOD = "charge_period"
    RETRY_CHARGE = "retry_charge"
    REMIND_OF_RENEWAL = "remind_of_renewal"
    REMIND_OF_TRIAL_END = "remind_of_trial_end"
    END_TRIAL = "end_trial"
    CANCEL = "cancel"
    EXPIRE = "expire"
    ARCHIVE = "archive"
    PREPARE = "prepare"
    REFUND_ALL = "refund_all"


class Sweep(StrEnum):
    """Which schedule wakes an alarm."""

    RENEWALS = "renewals"
    TRIALS = "trials"
    PREPAID = "prepaid"
    DELIVERIES = "deliveries"


@dataclass(frozen=True, slots=True)
class Step:
    kind: StepKind
    due_at: datetime


def next_step(account: Account, *, program: Program, now: datetime) -> Step | None:
    """The step that is due at ``now``, or None."""
    step = upcoming(account, program=program)
    return step if step is not None and step.due_at <= now else None


def upcoming(account: Account, *, program: Program) -> Step | None:
    """The account's next step and when it falls due, or None when time changes it no more.

    Where two fall on the same instant the earlier named in :class:`StepKind` goes first.
    """
    if account.charge is not None:
        return Step(StepKind.FINISH_CHARGE, account.charge.started_at + CHARGE_CHECKED_AFTER)
    steps = _steps_ahead(account, program)
    return min(steps, key=lambda step: (step.due_at, _ORDER[step.kind]), default=None)


def sweep_of(account: Account) -> Sweep:
    """The schedule that wakes this account."""
    return Sweep.TRIALS if account.kind is PlanKind.TRIAL else Sweep.RENEWALS


# A cancellation goes before the charge of the same instant: nobody is charged for a day he gave up.
_ORDER = {
    kind: place
    for place, kind in enumerate(
        (
            StepKind.FINISH_CHARGE,
            StepKind.CANCEL,
            StepKind.PREPARE,
            StepKind.REFUND_ALL,
            StepKind.REMIND_OF_RENEWAL,
            StepKind.REMIND_OF_TRIAL_END,
            StepKind.RETRY_CHARGE,
            StepKind.CHARGE_PERIOD,
            StepKind.END_TRIAL,
            StepKind.EXPIRE,
            StepKind.ARCHIVE,
        )
    )
}


def _steps_ahead(account: Account, program: Program) -> list[Step]:
    if account.runs:
        preparing = _preparing(account)  # what is not ready is not charged again, and its trial does not end
        return [*_cancellation(account), *(preparing or _running(account, program))]
    if account.status is Status.CANCELED and account.period:
        return [*_preparing(account), Step(StepKind.EXPIRE, first_instant(account.period.end, account.time_zone))]
    if account.status is Status.EXPIRED and account.expired_at:
        archive_at = after_days(account.expired_at, program.archive_after_days, account.time_zone)
        preparing = _preparing(account) if account.charges else []  # one that can't be prepared is given back
        return [*preparing, *_refunding(account), Step(StepKind.ARCHIVE, archive_at)]
    return _refunding(account)


def _preparing(account: Account) -> list[Step]:
    """The platform is asked until it has decided, or its time is over (§2)."""
    provisioning = account.provisioning
    if provisioning is None or provisioning.ask_at is None:
        return []
    return [Step(StepKind.PREPARE, min(provisioning.ask_at, provisioning.give_up_at))]


def _refunding(account: Account) -> list[Step]:
    """What was paid for an account that could not be prepared goes back."""
    if account.provisioning is None or account.provisioning.refund_at is None:
        return []
    return [Step(StepKind.REFUND_ALL, account.provisioning.refund_at)]


def _cancellation(account: Account) -> list[Step]:
    if account.cancellation is None:
        return []
    return [Step(StepKind.CANCEL, first_instant(account.cancellation.effective_on, account.time_zone))]


def _running(account: Account, program: Program) -> list[Step]:
    if account.period is None:
        return []
    end = first_instant(account.period.end, account.time_zone)
    if account.kind is PlanKind.TRIAL:
        return [
            *_reminder(account, StepKind.REMIND_OF_TRIAL_END, program.trial_reminder_days),
            Step(StepKind.END_TRIAL, end),
        ]
    if account.overdue:
        scheduled = scheduled_retry(account, account.overdue, program=program)
        soon = account.overdue.retry_soon_at or scheduled
        return [Step(StepKind.RETRY_CHARGE, min(soon, scheduled))]
    reminder = _reminder(account, StepKind.REMIND_OF_RENEWAL, program.renewal_reminder_days)
    return [
        *(reminder if renews_at(account) else []),
        Step(StepKind.CHARGE_PERIOD, max(end, account.waits_until or end)),
    ]


def _reminder(account: Account, kind: StepKind, days_before: int) -> list[Step]:
    """The reminder ahead of the period's end, unless it was given or the period is shorter than that."""
    assert account.period is not None
    day = account.period.end - timedelta(days=days_before)
    if account.reminded_for == account.period.end or day <= account.period.start:
        return []
    return [Step(kind, first_instant(day, account.time_zone))]


def retry_on(overdue: Overdue, time_zone: str, *, program: Program) -> date:
    """The local date of the next scheduled retry of a declined charge (§6)."""
    return retry_date(
        first_declined_at=overdue.first_declined_at,
        retries=overdue.retries,
        retried_at=overdue.retried_at,
        retry_days=program.retry_days,
        time_zone=time_zone,
    )


def scheduled_retry(account: Account, overdue: Overdue, *, program: Program) -> datetime:
    """The instant of the next scheduled retry."""
    return first_instant(retry_on(overdue, account.time_zone, program=program), account.time_zone)


def retry_soon(account: Account, *, now: datetime) -> Account:
    """An account past due whose partner has changed the card: tried again without waiting (§6).

    While a retry by the old card is in flight, it is tried again as soon as that was declined.
    """
    assert account.overdue is not None
    return replace(account, overdue=replace(account.overdue, retry_soon_at=now), updated_at=now)


def deferred(account: Account, *, now: datetime) -> Account:
    """An account whose renewal an unpaid Single Bill holds up: looked at again tomorrow (§6)."""
    return replace(account, waits_until=after_days(now, 1, account.time_zone), touched_at=now)


def period_due(account: Account) -> Period:
    """The period to charge next: the one that was declined, or the one after the current (§4)."""
    if account.overdue:
        return account.overdue.period
    if account.anchor is None or account.period is None:
        raise ValueError(f"{account.id} has no paid period to follow")
    frequency = plan_due(account).billing_frequency
    assert frequency is not None
    return next_period(anchor=account.anchor, frequency=frequency, after=account.period.end)


def plan_due(account: Account) -> Plan:
    """The plan of the period to charge next: the one that is pending, or the one it has (§5)."""
    return account.pending_change.plan if account.pending_change else account.plan


def reminded(account: Account, *, now: datetime) -> Account:
    assert account.period is not None
    return replace(account, reminded_for=account.period.end, touched_at=now)


def advanced_to(account: Account, *, period: Period, price: Money | None, terms: Terms, now: datetime) -> Account:
    """The account renewed, on the plan pending for it: paid for, or unpriced and gone by (§2, §5)."""
    if account.pending_change is not None:
        account = replace(account, plan=plan_due(account), pending_change=None, updated_at=now)
    return in_period(account, period=period, price=price, terms=terms, now=now)


def in_period(account: Account, *, period: Period, price: Money | None, terms: Terms, now: datetime) -> Account:
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
    """The account while ``charge`` is in progress. Its number is taken for good, a retry's was before.

    A change of plan may still come to nothing, and then the account looks as if never touched.
    """
    is_retry = account.overdue is not None and account.overdue.invoice_id == charge.id
    charged = replace(account, charge=charge, charges=account.charges + (0 if is_retry else 1))
    return charged if charge.plan is not None else replace(charged, touched_at=now)


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
    """The account on a paid plan from now on; what was pending gives way to ``then`` (§5).

    A trial, or an account that has ended, starts anew: nothing of its end or of a cancellation is left (§3).
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
    """The event that a change to ``plan`` is told as: a revival, if an account that had ended has its plan again."""
    return "account.revived" if before.has_ended and plan == before.plan else "account.plan_changed"


def pending(account: Account, plan: Plan | None, *, now: datetime) -> PendingChange | None:
    """The change to ``plan`` that waits for the renewal, wished since ``now`` unless it waits already."""
    if plan is None:
        return None
    before = account.pending_change
    return before if before is not None and before.plan == plan else PendingChange(plan, now)


def trial_period(*, created_on: date, trial_days: int) -> Period:
    """A trial's free days, the day of creation the first (§2, §4)."""
    return Period(start=created_on, end=created_on + timedelta(days=trial_days))
