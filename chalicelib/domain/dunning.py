"""Declined charges: what becomes of an account, and when it, or a Single Bill, is tried again (docs/rules.md §6)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from chalicelib.domain import transitions
from chalicelib.domain.accounts import Account, ExpiryReason, Overdue, PaymentState
from chalicelib.domain.calendar import local_date
from chalicelib.domain.charges import Charge
from chalicelib.domain.copies import replace
from chalicelib.domain.programs import Program


def retry_date(
    *, first_declined_at: datetime, retries: int, retried_at: datetime | None, retry_days: Sequence[int], time_zone: str
) -> date:
    """The local date of the next scheduled retry, after ``retries`` of them: days 1, 3, 5 and 7, say.

    ``retried_at`` is when the last scheduled one was made. Retries that an outage has put off are a day apart at
    least: a card is not asked four times in one minute and then given up.
    """
    day = local_date(first_declined_at, time_zone) + timedelta(days=retry_days[min(retries, len(retry_days) - 1)])
    if retried_at is None:
        return day
    return max(day, local_date(retried_at, time_zone) + timedelta(days=1))


def declined(account: Account, charge: Charge, *, program: Program, now: datetime) -> Account:
    """The account after a scheduled charge was declined: past due, or expired by the last retry (§3, §6)."""
    before = account.overdue
    account = replace(account, charge=None, updated_at=now)
    if before is None:
        assert charge.period is not None
        assert charge.price is not None
        assert charge.terms is not None
        overdue = Overdue(
            invoice_id=charge.id,
            period=charge.period,
            total=charge.total,
            price=charge.price,
            terms=charge.terms,
            first_declined_at=now,
        )
        return replace(account, payment_state=PaymentState.PAST_DUE, overdue=overdue)
    changed_meanwhile = before.retry_soon_at is not None and before.retry_soon_at > charge.started_at
    overdue = replace(
        before,
        attempts=charge.attempt,
        retries=before.retries + (1 if charge.on_schedule else 0),
        retry_soon_at=before.retry_soon_at if changed_meanwhile else None,
        retried_at=now if charge.on_schedule else before.retried_at,
    )
    if overdue.retries >= len(program.retry_days):
        return transitions.expired(account, reason=ExpiryReason.NON_PAYMENT, at=now, now=now)
    return replace(account, overdue=overdue)
