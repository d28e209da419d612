"""What an account is after it was canceled, renewed or disabled, or has ended (docs/rules.md §3).

Each function first checks that the transition is possible, except for those that happen at their due time.
"""

from datetime import date, datetime

from chalicelib.domain.accounts.accounts import (
    Account,
    Cancellation,
    ExpiryReason,
    Overdue,
    PaymentState,
    Status,
    local_today,
)
from chalicelib.domain.accounts.actions import Action, refuse_unless
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.copies import replace


def canceled(account: Account, *, reason: str | None, retain_data: bool, on: date | None, now: datetime) -> Account:
    """The account after its partner canceled it.

    It is canceled at once and stays usable until the paid period ends; with a later local date it
    renews as usual until then. A sandbox expires at once, and so does an account that is past due or whose renewal
    waits for an unpaid Single Bill.
    """
    refuse_unless(account, Action.CANCEL, now=now)
    today = local_today(account, now)
    wish = Cancellation(reason=reason, retain_data=retain_data, effective_on=on or today)
    account = replace(account, cancellation=wish, renewed_by=None, updated_at=now)
    if wish.effective_on > today:
        return account
    return cancellation_taking_effect(account, at=now, now=now)


def cancellation_taking_effect(account: Account, *, at: datetime, now: datetime) -> Account:
    """The account on the day its cancellation begins."""
    unpaid = account.payment_state is PaymentState.PAST_DUE or account.waits_until is not None
    if account.kind is PlanKind.SANDBOX or unpaid or account.period is None:
        return expired(account, reason=ExpiryReason.CANCELED, at=at, now=now)
    return replace(account, status=Status.CANCELED, disabled_message=None, updated_at=now)


def cancellation_taken_back(account: Account, *, request: str | None, now: datetime) -> Account:
    """The account renewed while its period runs, as if never canceled: nothing is charged, no date changes."""
    refuse_unless(account, Action.RENEW, now=now)
    return replace(
        account,
        status=Status.ACTIVE if account.status is Status.CANCELED else account.status,
        cancellation=None,
        renewed_by=request,
        updated_at=now,
    )


def disabled(account: Account, *, message: str | None, now: datetime) -> Account:
    """The account switched off for its client, who reads ``message`` at login; it is billed like any other."""
    refuse_unless(account, Action.DISABLE, now=now)
    return replace(account, status=Status.DISABLED, disabled_message=message, updated_at=now)


def enabled(account: Account, *, now: datetime) -> Account:
    """The account switched on again."""
    refuse_unless(account, Action.ENABLE, now=now)
    return replace(account, status=Status.ACTIVE, disabled_message=None, updated_at=now)


def expired(account: Account, *, reason: ExpiryReason, at: datetime, now: datetime) -> Account:
    """The account that ended ``at``. Its open invoice is given up, and money set aside for it is released (§7)."""
    return replace(
        account,
        status=Status.EXPIRED,
        plan=account.priced_plan,
        payment_state=PaymentState.OK,
        overdue=None,
        pending_change=None,
        set_aside=None,
        waits_until=None,
        disabled_message=None,
        renewed_by=None,
        expired_at=at,
        expiry_reason=reason,
        updated_at=now,
    )


def archived(account: Account, *, at: datetime, now: datetime) -> Account:
    """The account archived ``at``."""
    return replace(account, status=Status.ARCHIVED, archived_at=at, updated_at=now)


def payment_declined(
    account: Account, charge: Charge, *, program: Program, now: datetime, card_changed: bool = False
) -> Account:
    """The account after a scheduled charge was declined: past due, or expired by the last retry (§3, §6).

    If the card was changed while it was asked (``card_changed``), the new one is tried soon.
    """
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
            retry_soon_at=now if card_changed else None,
        )
        return replace(account, payment_state=PaymentState.PAST_DUE, overdue=overdue)
    overdue = replace(
        before,
        attempts=charge.attempt,
        retries=before.retries + (1 if charge.on_schedule else 0),
        retried_at=now if charge.on_schedule else before.retried_at,
    )
    if overdue.retries >= len(program.retry_days):
        return expired(account, reason=ExpiryReason.NON_PAYMENT, at=now, now=now)
    return replace(account, overdue=overdue)
