"""Steps that ask nobody for money: what they make of an account (docs/rules.md §3).

Ends are dated by the moment they fell due, so that a late sweep does not delay what follows.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from chalicelib.domain.accounts import lifecycle, paid_periods, transitions
from chalicelib.domain.accounts.accounts import Account, ExpiryReason
from chalicelib.domain.accounts.lifecycle import Step, StepKind

TAKEN: Mapping[StepKind, Callable[[Account, Step, datetime], Account]] = {
    StepKind.REMIND_OF_RENEWAL: lambda account, _, now: lifecycle.reminded(account, now=now),
    StepKind.REMIND_OF_TRIAL_END: lambda account, _, now: lifecycle.reminded(account, now=now),
    StepKind.END_TRIAL: lambda account, step, now: transitions.expired(
        account, reason=ExpiryReason.TRIAL, at=step.due_at, now=now
    ),
    StepKind.CANCEL: lambda account, step, now: transitions.cancellation_taking_effect(
        account, at=step.due_at, now=now
    ),
    StepKind.EXPIRE: lambda account, step, now: transitions.expired(
        account, reason=ExpiryReason.CANCELED, at=step.due_at, now=now
    ),
    StepKind.ARCHIVE: lambda account, step, now: transitions.archived(account, at=step.due_at, now=now),
}
"""The account after each quiet step, taken at ``now``."""


def advanced_unpriced(account: Account, *, now: datetime) -> Account:
    """An unpriced account in its next period: no invoice, no price (§2)."""
    assert account.terms is not None
    return paid_periods.advanced_to(
        account, period=lifecycle.period_due(account), price=None, terms=account.terms, now=now
    )
