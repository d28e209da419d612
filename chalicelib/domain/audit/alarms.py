"""Alarms: whatever has a next step has exactly the alarm for it, and no alarm rang long ago without effect."""

from datetime import datetime, timedelta

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.audit.books import AccountInBooks, Alarm, Waiting
from chalicelib.domain.audit.findings import Finding, Findings, Kind
from chalicelib.domain.catalog.programs import Program

LATE = timedelta(hours=2)
"""The healing run sends every half hour whatever is still due: what is still due after this long is overdue."""
_SECOND = timedelta(seconds=1)


def of_account(booked: AccountInBooks, *, program: Program, now: datetime) -> Findings:
    """The account's one alarm against its next step."""
    account, alarm = booked.account, booked.alarm
    step = lifecycle.upcoming(account, program=program)
    if step is None and alarm is not None:
        yield Finding(
            Kind.ALARM_NEEDLESS,
            account.id,
            f"An alarm is set for {alarm.at:%Y-%m-%d %H:%M:%S} UTC, but time changes this {account.status} account "
            "no more.",
        )
    elif step is not None and alarm is None:
        yield Finding(
            Kind.ALARM_MISSING,
            account.id,
            f"No alarm is set, but the account's next step ({step.kind}) falls due "
            f"at {step.due_at:%Y-%m-%d %H:%M:%S} UTC.",
        )
    elif step is not None and alarm is not None:
        rings_at = lifecycle.alarm_at(account, step)
        rang = account.charge is not None and alarm.at <= account.charge.started_at  # it woke who makes the charge
        if not rang and not rings_at <= alarm.at < rings_at + _SECOND:
            yield Finding(
                Kind.ALARM_WRONG,
                account.id,
                f"The alarm is set for {alarm.at:%Y-%m-%d %H:%M:%S} UTC, that for the account's next step "
                f"({step.kind}) rings at {rings_at:%Y-%m-%d %H:%M:%S} UTC.",
            )
        else:
            yield from _rings(account.id, alarm, now)


def of_waiting(waiting: Waiting, *, now: datetime) -> Findings:
    """A purchase or bill in progress, or a partner's daily balance check."""
    if waiting.alarm is not None:
        yield from _rings(waiting.subject, waiting.alarm, now)
    elif waiting.needs_alarm:
        yield Finding(Kind.ALARM_MISSING, waiting.subject, "No alarm is set, so it would be left as it is forever.")


def _rings(subject: str, alarm: Alarm, now: datetime) -> Findings:
    if not alarm.heard:
        yield Finding(
            Kind.ALARM_UNHEARD,
            subject,
            f"The alarm of {alarm.at:%Y-%m-%d %H:%M:%S} UTC lies where no sweep looks: it is parked.",
        )
    elif alarm.at < now - LATE:
        yield Finding(
            Kind.ALARM_LATE,
            subject,
            f"The alarm rang at {alarm.at:%Y-%m-%d %H:%M:%S} UTC, now it is {now:%Y-%m-%d %H:%M:%S} UTC, "
            "and nothing was done.",
        )
