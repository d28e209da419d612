"""An account at a glance: what a list shows of it without reading its row (docs/rules.md §12).

A renewal moves the period and nothing else that a list shows, and the period follows from the anchor and the day. So
the period is left out of what is kept for lists, and renewing an account does not touch that. Where the period does not
follow, it is kept.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.domain.accounts.accounts import Account, Status, local_today
from chalicelib.domain.calendar import Period, first_instant, period_containing
from chalicelib.domain.catalog.programs import PlanKind

RENEWED_WITHIN = timedelta(hours=1)
"""So long after its renewal day began an account may still wait for the sweep. Later than that an alarm rings."""


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """An account as it is kept for lists, with its :func:`kept_period`; its counters, terms and charge are not known.

    It is ``whole`` unless something was too long to be kept.
    """

    account: Account
    whole: bool = True


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account as a list shows it; ``certain`` unless its renewal may be under way."""

    account: Account
    certain: bool = True
    whole: bool = True


def kept_period(account: Account) -> Period | None:
    """The account's period where it does not follow from anchor and day: it stands still, or is a short first one."""
    if account.period is None or _stands_still(account):
        return account.period
    return account.period if account.period.start != _period_on(account, account.period.start).start else None


def summary_at(stored: StoredSummary, *, now: datetime) -> AccountSummary:
    """The account as it is at ``now``."""
    account = stored.account
    if _stands_still(account):
        return AccountSummary(account, whole=stored.whole)
    assert account.anchor is not None
    today = max(local_today(account, now), account.anchor)
    period = account.period
    if period is None or today >= period.end:
        period = _period_on(account, today)
    return AccountSummary(
        replace(account, period=period), certain=not _just_renewed(account, period, now), whole=stored.whole
    )


def _just_renewed(account: Account, period: Period, now: datetime) -> bool:
    """Whether the period is so young that its charge may not be through; a first one begins with its charge."""
    if period.start == account.anchor or period.start != _period_on(account, period.start).start:
        return False
    return now - first_instant(period.start, account.time_zone) < RENEWED_WITHIN


def _stands_still(account: Account) -> bool:
    """Whether no renewal is ahead that would move the period by itself: none at all, one declined, one held up, or
    one that waits until the account is prepared.
    """
    renews = account.kind is PlanKind.PAID and account.status in (Status.ACTIVE, Status.DISABLED)
    waits = account.overdue is not None or account.waits_until is not None or account.provisioning is not None
    return not renews or account.anchor is None or waits


def _period_on(account: Account, day: date) -> Period:
    assert account.anchor is not None
    return period_containing(anchor=account.anchor, frequency=account.frequency, day=day)
