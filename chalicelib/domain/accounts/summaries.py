"""Account summaries: what a list shows of an account without reading its row (docs/rules.md §12).

Of what a list shows, a renewal changes only the period, and the period follows from the anchor and the day. So the
stored summary leaves the period out, and a renewal does not have to write it. Where the period does not follow from
them, it is stored.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from chalicelib.domain.accounts.accounts import Account, Status, local_today
from chalicelib.domain.accounts.overview import ends_at
from chalicelib.domain.calendar import Period, first_instant, period_containing
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.copies import replace
from chalicelib.domain.values import dataclass

RENEWED_WITHIN = timedelta(hours=1)
"""How long after the start of its renewal day an account may still wait for the sweep; then an alarm is raised."""


class StoredSummary(NamedTuple):
    """An account as stored for lists, with its :func:`stored_period`; its counters, terms and charge are not known.

    It is ``whole`` unless something was too long to be stored.
    """

    account: Account
    whole: bool = True


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account as a list shows it; ``certain`` unless its renewal may be under way."""

    account: Account
    certain: bool = True
    whole: bool = True


def stored_period(account: Account) -> Period | None:
    """The account's period if it does not follow from anchor and day: it does not advance, or is a short first one."""
    if account.period is None or _does_not_advance(account):
        return account.period
    return account.period if account.period.start != _period_on(account, account.period.start).start else None


def summary_at(stored: StoredSummary, *, now: datetime) -> AccountSummary:
    """The account as it is at ``now``."""
    account = account_at(stored, now=now)
    return AccountSummary(account, certain=not _just_renewed(account, now), whole=stored.whole)


def account_at(stored: StoredSummary, *, now: datetime) -> Account:
    """The account as it is at ``now``, whether or not that is certain."""
    account = stored.account
    if _does_not_advance(account):
        return account
    assert account.anchor is not None
    today = max(local_today(account, now), account.anchor)
    period = account.period
    if period is not None and today < period.end:
        return account
    return replace(account, period=_period_on(account, today))


def end_at(stored: StoredSummary, *, now: datetime) -> datetime | None:
    """When the account ends, or its period if it renews, as of ``now``: :func:`ends_at` of :func:`account_at`."""
    account = stored.account
    if account.period is not None or account.cancellation is not None or _does_not_advance(account):
        return ends_at(account_at(stored, now=now))
    assert account.anchor is not None
    period = _period_on(account, max(local_today(account, now), account.anchor))
    return first_instant(period.end, account.time_zone)


def _just_renewed(account: Account, now: datetime) -> bool:
    """Whether its period began so recently that its charge may not be settled; a first one begins with its charge."""
    period = account.period
    if period is None or now - first_instant(period.start, account.time_zone) >= RENEWED_WITHIN:
        return False
    if _does_not_advance(account) or period.start == account.anchor:
        return False
    return period.start == _period_on(account, period.start).start


def _does_not_advance(account: Account) -> bool:
    """Whether the period does not advance by itself: no renewal is ahead, it was declined, it is deferred, or it waits
    until the account is prepared.
    """
    renews = account.kind is PlanKind.PAID and account.status in (Status.ACTIVE, Status.DISABLED)
    waits = account.overdue is not None or account.waits_until is not None or account.provisioning is not None
    return not renews or account.anchor is None or waits


def _period_on(account: Account, day: date) -> Period:
    assert account.anchor is not None
    return period_containing(anchor=account.anchor, frequency=account.frequency, day=day)
