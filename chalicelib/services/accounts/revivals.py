"""Renewing an account on request: taking a cancellation back, or reviving one that has ended (docs/rules.md §3)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts import plan_changes, transitions
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import Action, Caller, refuse_to_charge_client, refuse_unless
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.values import dataclass
from chalicelib.services.accounts import priced_changes
from chalicelib.services.accounts.priced_changes import ChangeContext, PricedChange
from chalicelib.services.accounts.transitions import Transition


@dataclass(frozen=True)
class RevivalRequest:
    """A requested renewal; a billing profile, if given, is the account's from then on.

    ``request_id`` stays the same when a request is repeated.
    """

    billing_profile_id: str | None = None
    expect_due_today: int | None = None
    request_id: str | None = None


def renew(
    *, partner_id: str, account_id: str, request: RevivalRequest, by: Caller = Caller.PARTNER, now: datetime, actor: str
) -> Account:
    """Renew an account (§3). While its period runs nothing is charged and its renewal day stays; one that has ended
    begins a new period, charged now, and has a new renewal day.

    The same request again returns the account as it renewed it. Raises :class:`NotFound`, :class:`Invalid`, the
    refusals of :func:`actions.refuse_unless` and those of :func:`priced_changes.apply_change`.
    """

    def price(account: Account, program: Program) -> PricedChange | Account:
        if request.request_id is not None and account.renewed_by == request.request_id:
            return account
        return _priced(account, request, program=program, by=by, now=now)

    return priced_changes.apply_change(
        partner_id=partner_id,
        account_id=account_id,
        price=price,
        is_own=_revives,
        expect_due_today=request.expect_due_today,
        by=by,
        now=now,
        actor=actor,
    )


def preview(
    *, partner_id: str, account_id: str, request: RevivalRequest, by: Caller = Caller.PARTNER, now: datetime
) -> Quote:
    """The quote of a renewal: what :func:`renew` would charge now. Nothing changes. Raises :class:`QuoteChanged`."""
    return priced_changes.preview_change(
        partner_id=partner_id,
        account_id=account_id,
        price=lambda account, program: _priced(account, request, program=program, by=by, now=now),
        expect_due_today=request.expect_due_today,
        by=by,
    )


def _priced(account: Account, request: RevivalRequest, *, program: Program, by: Caller, now: datetime) -> PricedChange:
    refuse_unless(account, Action.RENEW, now=now)
    if account.has_ended or request.billing_profile_id is not None:
        refuse_to_charge_client(account, by=by)
    if faults := list(priced_changes.profile_faults(account.payer, request.billing_profile_id)):
        raise Invalid(errors=faults)
    if account.has_ended:
        context = ChangeContext(account, program=program, by=by, now=now)
        change = plan_changes.revival(account, program=program, now=now, terms_on=context.terms_on)
        return context.priced(change, billing_profile_id=request.billing_profile_id, request=request.request_id)
    after = transitions.cancellation_taken_back(account, request=request.request_id, now=now)
    after = replace(after, billing_profile_id=request.billing_profile_id or after.billing_profile_id)
    return PricedChange(
        account=account,
        quote=plan_changes.quote(plan_changes.unchanged(account, program=program), None, program=program),
        free=Transition(account, after, "account.cancellation_withdrawn"),
    )


def _revives(account: Account, charge: Charge, program: Program) -> bool:  # noqa: ARG001 - one shape for all
    return account.has_ended and charge.plan == account.plan
