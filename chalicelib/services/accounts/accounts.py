"""Accounts as their partner sees them: reading, canceling, disabling and enabling (docs/rules.md §2, §3)."""

from collections.abc import Callable
from datetime import date, datetime
from typing import NoReturn

from chalicelib.config import settings
from chalicelib.domain.accounts import accounts as account_domain
from chalicelib.domain.accounts import transitions as domain
from chalicelib.domain.accounts.accounts import Account, Status, local_today
from chalicelib.domain.accounts.actions import Action, Caller, refusal, refuse_unless, refuse_unless_managed
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.pricing import plan_components
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.clients.rights import Right, refuse_without
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.services.accounts.transitions import Transition, cancellation, write_transition
from chalicelib.services.partners import partners


class NoSingleBill(Refusal):
    """The program has no Single Bill, the partner has none yet, or it is held up by one that is unpaid (§6)."""

    code = "no_single_bill"
    title = "There is no Single Bill"


def get_account(*, partner_id: str, account_id: str) -> Account:
    """A partner's account. Raises :class:`NotFound` for another partner's, and while the account is pending."""
    account = account_rows.get(account_id)
    if account is None or account.partner_id != partner_id or account.status is Status.PENDING:
        raise NotFound.of("account", account_id)
    return account


def get_any(*, account_id: str) -> Account:
    """An account, whoever's it is, for operators. Raises :class:`NotFound`, also while it is pending."""
    account = account_rows.get(account_id)
    if account is None or account.status is Status.PENDING:
        raise NotFound.of("account", account_id)
    return account


def get_managed(*, partner_id: str, account_id: str) -> Account:
    """A partner's account that it manages. Raises :class:`NotFound`, and :class:`NotManaged` if it only refers it."""
    account = get_account(partner_id=partner_id, account_id=account_id)
    refuse_unless_managed(account)
    return account


def get_known(*, partner_id: str, account_id: str, managed: bool = True) -> Account:
    """An account that the partner has or had: it keeps what is of its own time (§9). Raises :class:`NotFound`.

    Raises :class:`NotManaged` for an account that it has and only refers, unless ``managed`` is False.
    """
    account = account_rows.get(account_id)
    if account is not None and partner_id in account.earlier_partners:
        return account
    return (get_managed if managed else get_account)(partner_id=partner_id, account_id=account_id)


def get_for(by: Caller, *, partner_id: str, account_id: str, right: Right = Right.SUBSCRIPTION) -> Account:
    """The account, for its partner if that manages it, or for its client if that has the ``right`` (§9).

    Called anew for each attempt at a change: what the caller was allowed a moment ago may have been taken over since.
    Raises as :func:`get_managed`, and :class:`~chalicelib.domain.clients.rights.NotYoursToChange`.
    """
    if by is Caller.PARTNER:
        return get_managed(partner_id=partner_id, account_id=account_id)
    account = get_account(partner_id=partner_id, account_id=account_id)
    refuse_without(account, right)
    return account


def refuse_deletion(*, partner_id: str, account_id: str, now: datetime) -> NoReturn:
    """Raise the refusal of a deletion: no account can be deleted, whatever its status (§3)."""
    account = get_managed(partner_id=partner_id, account_id=account_id)
    raise refusal(account, "delete", "Accounts cannot be deleted. Cancel it to end it.", now=now)


def refuse_unless_open(wallet: Wallet) -> None:
    """Raise :class:`NoSingleBill` unless an invoice can go on the partner's Single Bill now."""
    if wallet.single_bill is None:
        raise NoSingleBill("Arrange for one first: PATCH /v1/single-bill with bill_day and billing_profile_id.")
    if not wallet.single_bill.takes_invoices:
        raise NoSingleBill(f"Nothing new goes on the bill until {wallet.single_bill.unpaid} is paid.")


def cancel_account(
    *,
    partner_id: str,
    account_id: str,
    reason: str | None,
    retain_data: bool,
    effective_date: date | None,
    by: Caller = Caller.PARTNER,
    now: datetime,
    actor: str,
) -> Account:
    """End an account now, or on a later local date until which it renews as usual (§3).

    Raises :class:`NotFound`, :class:`Invalid` for a date in the past, and the refusals of
    :func:`chalicelib.domain.accounts.actions.refuse_unless`.
    """

    def canceled(account: Account) -> Transition:
        after = _canceled(account, reason=reason, retain_data=retain_data, on=effective_date, now=now)
        return cancellation(account, after)

    return change_account(canceled, partner_id=partner_id, account_id=account_id, by=by, now=now, actor=actor)


def preview_cancellation(*, partner_id: str, account_id: str, effective_date: date | None, now: datetime) -> Account:
    """The account as :func:`cancel_account` would leave it. Nothing changes; it raises the same."""
    account = get_managed(partner_id=partner_id, account_id=account_id)
    return _canceled(account, reason=None, retain_data=True, on=effective_date, now=now)


def _canceled(account: Account, *, reason: str | None, retain_data: bool, on: date | None, now: datetime) -> Account:
    refuse_unless(account, Action.CANCEL, now=now)
    if on is not None and on < local_today(account, now):
        raise Invalid(errors=[("effective_date", "must not be in the past")])
    if on is not None and account.kind is PlanKind.TRIAL and account.period is not None:
        _refuse_after_trial(on, account.period.end)
    return domain.canceled(account, reason=reason, retain_data=retain_data, on=on, now=now)


def _refuse_after_trial(day: date, end: date) -> None:
    """A trial ends by itself: a cancellation for a later date would never take effect."""
    if day > end:
        raise Invalid(errors=[("effective_date", f"must not be after {end}, when the trial ends by itself")])


def disable_account(*, partner_id: str, account_id: str, message: str | None, now: datetime, actor: str) -> Account:
    """Switch an account off for its client, who reads ``message`` at login. It is billed like any other (§3)."""

    def disabled(account: Account) -> Transition:
        return Transition(account, domain.disabled(account, message=message, now=now), "account.disabled")

    return change_account(disabled, partner_id=partner_id, account_id=account_id, now=now, actor=actor)


def enable_account(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Switch a disabled account on again (§3)."""

    def enabled(account: Account) -> Transition:
        return Transition(account, domain.enabled(account, now=now), "account.enabled")

    return change_account(enabled, partner_id=partner_id, account_id=account_id, now=now, actor=actor)


def change_account(
    transition_of: Callable[[Account], Transition | None],
    *,
    partner_id: str,
    account_id: str,
    by: Caller = Caller.PARTNER,
    now: datetime,
    actor: str,
) -> Account:
    """The account after the transition that ``transition_of`` works out, or unchanged if that is None.

    When others changed it first, the account is read and the transition worked out anew.
    """
    program = partners.program_of(partner_id=partner_id)

    def attempt() -> Account:
        account = get_for(by, partner_id=partner_id, account_id=account_id)
        transition = transition_of(account)
        return write_transition(transition, program=program, now=now, actor=actor) if transition else account

    return transactions.retry(attempt, busy=f"Others kept changing {account_id}. Try again in a moment.")


def login_url(account: Account) -> str:
    """Where the client logs in: at its own domain once that is verified."""
    return account_domain.login_url(account, pattern=settings().login_pattern)


def plan_is_priced(plan: Plan, program: Program) -> bool:
    """Whether the plan's periods are invoiced; a price of zero is a price (§2)."""
    return plan_components(program=program, plan=plan) is not None
