"""Accounts with the step that is next for them, in a forecast (docs/decisions/forecast.md).

One of which only renewals are ahead is moved from period to period without a copy of the account for each.
"""

from datetime import date, datetime
from typing import NamedTuple

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.lifecycle import Step, StepKind
from chalicelib.domain.accounts.light_accounts import lightened
from chalicelib.domain.calendar import Period, first_instant, next_period
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.copies import replace
from chalicelib.domain.schedule.next_prices import priced_by, terms_by

_CHARGING = frozenset({StepKind.FINISH_CHARGE, StepKind.CHARGE_PERIOD, StepKind.RETRY_CHARGE})


class Waiting(NamedTuple):
    """An account, and the step that is next for it at ``due_at``."""

    account: Account
    step: Step
    due_at: datetime

    @property
    def charges_next(self) -> bool:
        """Whether the step charges something."""
        return self.step.kind in _CHARGING


class Renewing:
    """An account of which :func:`lifecycle.only_renews` is true, and the step that is next for it at ``due_at``.

    That is what :func:`lifecycle.upcoming` says of :meth:`as_account`: the charge of the next period if
    ``charges_next``, else the reminder of it.
    """

    __slots__ = (
        "_anchor",
        "_frequency",
        "_period",
        "_reminder_days",
        "account",
        "charges_next",
        "due_at",
        "priced_by",
        "terms_by",
    )

    def __init__(self, account: Account, *, reminder_days: int) -> None:
        assert account.anchor is not None
        assert account.period is not None
        self.account = account
        self.terms_by, self.priced_by = terms_by(account), priced_by(account.plan)
        self._anchor, self._frequency, self._reminder_days = account.anchor, account.frequency, reminder_days
        self.begin(account.period)
        if account.reminded_for == account.period.end:
            self.remind()

    def as_account(self) -> Account:
        """The account as it is now, as far as a forecast looks at it."""
        reminded_for = self._period.end if self.charges_next else self.account.reminded_for
        return replace(lightened(self.account), period=self._period, reminded_for=reminded_for)

    def period_due(self) -> Period:
        """The period to charge next, as :func:`lifecycle.period_due` has it."""
        return next_period(anchor=self._anchor, frequency=self._frequency, after=self._period.end)

    def begin(self, period: Period) -> None:
        """The period begins; its reminder or its end is next."""
        self._period = period
        reminder_on = lifecycle.reminder_day(period, self._reminder_days)
        self._next(reminder_on or period.end, charges=reminder_on is None)

    def remind(self) -> None:
        """The reminder is sent."""
        self._next(self._period.end, charges=True)

    def _next(self, day: date, *, charges: bool) -> None:
        self.charges_next = charges
        self.due_at = first_instant(day, self.account.time_zone)


Ahead = Waiting | Renewing


def ahead_of(account: Account, *, program: Program) -> Ahead | None:
    """The account with its next step; None if there is none."""
    if lifecycle.only_renews(account):
        return Renewing(account, reminder_days=program.renewal_reminder_days)
    step = lifecycle.upcoming(account, program=program)
    return Waiting(lightened(account), step, step.due_at) if step else None
