"""The steps of an account's life: which one is next, and when it falls due (docs/rules.md §3, §4).

``upcoming`` works out the next step from the account alone, and the moment it falls due. Then the account's alarm rings
(``alarm_at``); the step is what the worker does.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.accounts.accounts import Account, Overdue, Status, renews_at, written_at
from chalicelib.domain.billing.dunning import retry_date
from chalicelib.domain.calendar import (
    Frequency,
    Period,
    after_days,
    first_instant,
    next_period,
)
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.copies import replace
from chalicelib.domain.values import dataclass

CHARGE_CHECKED_AFTER = timedelta(minutes=2)
"""A charge that is still in progress after this long was interrupted: the worker finishes it."""


class StepKind(StrEnum):
    FINISH_CHARGE = "finish_charge"
    CHARGE_PERIOD = "charge_period"
    RETRY_CHARGE = "retry_charge"
    REMIND_OF_RENEWAL = "remind_of_renewal"
    REMIND_OF_TRIAL_END = "remind_of_trial_end"
    ANNOUNCE_CARD_EXPIRY = "announce_card_expiry"
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
    """The account's next step and when it falls due, or None when no step is left.

    Where two fall on the same instant the earlier named in :class:`StepKind` goes first.
    """
    if account.charge is not None:
        return Step(StepKind.FINISH_CHARGE, account.charge.started_at + CHARGE_CHECKED_AFTER)
    steps = _steps_ahead(account, program)
    if len(steps) == 1:
        return steps[0]
    return min(steps, key=lambda step: (step.due_at, _ORDER[step.kind]), default=None)


def only_renews(account: Account) -> bool:
    """Whether renewals and their reminders are all that is ahead of the account, on the plan and terms it has.

    Then each period ends with the charge of the next one, unless somebody asks for something else or it is declined.
    """
    return (
        account.kind is PlanKind.PAID
        and account.runs
        and account.anchor is not None
        and account.period is not None
        and account.overdue is None
        and account.cancellation is None
        and account.pending_change is None
        and account.waits_until is None
        and account.provisioning is None
        and account.charge is None
        and not account.pays_itself
        and not account.migrated_cycles
    )


def alarm_at(account: Account, step: Step) -> datetime:
    """When the alarm for the account's next step rings: when that falls due or, if it was due already, at the second in
    which the account was last written. A sweep looks back for minutes only, so an alarm in the past would not be heard.
    """
    return max(step.due_at, written_at(account).replace(microsecond=0))


def sweep_of(account: Account) -> Sweep:
    """The schedule that wakes this account."""
    return Sweep.TRIALS if account.kind is PlanKind.TRIAL else Sweep.RENEWALS


# A cancellation goes before a charge at the same instant: nobody pays for days after their cancellation.
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
            StepKind.ANNOUNCE_CARD_EXPIRY,
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
        preparing = _preparing(account)  # until it is ready it is not charged again, and its trial does not end
        return [*_cancellation(account), *(preparing or _running(account, program))]
    if account.status is Status.CANCELED and account.period:
        return [*_preparing(account), Step(StepKind.EXPIRE, first_instant(account.period.end, account.time_zone))]
    if account.status is Status.EXPIRED and account.expired_at:
        archive_at = after_days(account.expired_at, program.archive_after_days, account.time_zone)
        preparing = _preparing(account) if account.charges else []  # if it can't be prepared, what it paid is refunded
        return [*preparing, *_refunding(account), Step(StepKind.ARCHIVE, archive_at)]
    return _refunding(account)


def _preparing(account: Account) -> list[Step]:
    """The platform is asked until it has decided or its time is up (§2)."""
    provisioning = account.provisioning
    if provisioning is None or provisioning.ask_at is None:
        return []
    return [Step(StepKind.PREPARE, min(provisioning.ask_at, provisioning.give_up_at))]


def _refunding(account: Account) -> list[Step]:
    """What was paid for an account that could not be prepared is refunded."""
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
        return [*_card_notice(account), Step(StepKind.RETRY_CHARGE, min(soon, scheduled))]
    reminder = _reminder(account, StepKind.REMIND_OF_RENEWAL, program.renewal_reminder_days)
    return [
        *_card_notice(account),
        *(reminder if renews_at(account) else []),
        Step(StepKind.CHARGE_PERIOD, max(end, account.waits_until or end)),
    ]


def _reminder(account: Account, kind: StepKind, days_before: int) -> list[Step]:
    """The reminder ahead of the period's end, unless it was sent or the period is too short for it."""
    assert account.period is not None
    day = reminder_day(account.period, days_before)
    if account.reminded_for == account.period.end or day is None:
        return []
    return [Step(kind, first_instant(day, account.time_zone))]


def reminder_day(period: Period, days_before: int) -> date | None:
    """The date of the reminder ahead of the period's end; None if the period is too short for it."""
    day = period.end - timedelta(days=days_before)
    return day if day > period.start else None


def _card_notice(account: Account) -> list[Step]:
    """The notice that the card of a client who pays is about to expire; a partner's cards are checked daily (§11)."""
    if account.card_notice_on is None or not account.pays_itself:
        return []
    return [Step(StepKind.ANNOUNCE_CARD_EXPIRY, first_instant(account.card_notice_on, account.time_zone))]


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
    """An account past due whose partner has changed the card: the charge is retried at once (§6).

    If a retry with the old card is in progress, the new card is tried as soon as that is declined.
    """
    assert account.overdue is not None
    return replace(account, overdue=replace(account.overdue, retry_soon_at=now), updated_at=now)


def deferred(account: Account, *, now: datetime) -> Account:
    """An account whose renewal waits for an unpaid Single Bill: it is tried again tomorrow (§6)."""
    return replace(account, waits_until=after_days(now, 1, account.time_zone), touched_at=now)


def period_due(account: Account) -> Period:
    """The period to charge next: the one that was declined, or the one after the current (§4)."""
    if account.overdue:
        return account.overdue.period
    if account.anchor is None or account.period is None:
        raise ValueError(f"{account.id} has no paid period to follow")
    frequency = plan_due(account).billing_frequency
    assert frequency is not None
    return next_period(anchor=anchor_due(account), frequency=frequency, after=account.period.end)


def anchor_due(account: Account) -> date:
    """The anchor of the period to charge next: the account's own, except where a year follows on months (§4, §9).

    That only happens after a move into a program that offers other plans. The years are counted from the renewal day.
    """
    assert account.anchor is not None
    assert account.period is not None
    if plan_due(account).billing_frequency is not Frequency.ANNUAL or account.frequency is Frequency.ANNUAL:
        return account.anchor
    return account.period.end


def plan_due(account: Account) -> Plan:
    """The plan of the period to charge next: the one that is pending, or the one it has (§5)."""
    return account.pending_change.plan if account.pending_change else account.plan


def reminded(account: Account, *, now: datetime) -> Account:
    assert account.period is not None
    return replace(account, reminded_for=account.period.end, touched_at=now)


def card_expiry_announced(account: Account, *, now: datetime) -> Account:
    """The account once its client was told of its card's expiry, or the card needs no notice any more."""
    return replace(account, card_notice_on=None, touched_at=now)


def trial_period(*, created_on: date, trial_days: int) -> Period:
    """A trial's free days; the day of creation is the first (§2, §4)."""
    return Period(start=created_on, end=created_on + timedelta(days=trial_days))
