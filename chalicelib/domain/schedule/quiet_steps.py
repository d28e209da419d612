"""Steps that charge nothing: what they make of an account (docs/rules.md §3).

Ends are dated by the moment they fell due, so that a late sweep does not delay what follows.
"""

from datetime import datetime

from chalicelib.domain.accounts import lifecycle, paid_periods, transitions
from chalicelib.domain.accounts.accounts import Account, ExpiryReason
from chalicelib.domain.accounts.lifecycle import Step, StepKind


def taken(account: Account, step: Step, *, now: datetime) -> Account:
    """The account after a quiet step. Raises ValueError for any step that is not quiet."""
    match step.kind:
        case StepKind.REMIND_OF_RENEWAL | StepKind.REMIND_OF_TRIAL_END:
            return lifecycle.reminded(account, now=now)
        case StepKind.ANNOUNCE_CARD_EXPIRY:
            return lifecycle.card_expiry_announced(account, now=now)
        case StepKind.END_TRIAL:
            return transitions.expired(account, reason=ExpiryReason.TRIAL, at=step.due_at, now=now)
        case StepKind.CANCEL:
            return transitions.cancellation_taking_effect(account, at=step.due_at, now=now)
        case StepKind.EXPIRE:
            return transitions.expired(account, reason=ExpiryReason.CANCELED, at=step.due_at, now=now)
        case StepKind.ARCHIVE:
            return transitions.archived(account, at=step.due_at, now=now)
        case other:
            raise ValueError(f"{other} is no quiet step")


def advanced_unpriced(account: Account, *, now: datetime) -> Account:
    """An unpriced account in its next period: no invoice, no price (§2). A summary of it does not have its terms."""
    return paid_periods.advanced_to(
        account, period=lifecycle.period_due(account), price=None, terms=account.terms, now=now
    )
