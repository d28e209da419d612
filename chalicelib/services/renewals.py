"""Renewing an account on request: taking a cancellation back, or reviving one that has ended (docs/rules.md §3)."""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import changes, transitions
from chalicelib.domain.accounts import Account
from chalicelib.domain.actions import Action, refuse_unless
from chalicelib.domain.charges import Charge
from chalicelib.domain.programs import Program
from chalicelib.domain.quotes import Quote
from chalicelib.domain.refusals import Invalid
from chalicelib.services import accounts, drafts, partners
from chalicelib.services.drafts import Desk, Draft
from chalicelib.services.moves import Move


@dataclass(frozen=True)
class Renewal:
    """A renewal as it is asked for; a billing profile, if given, is the account's from then on.

    ``request`` is the same whenever one request is repeated.
    """

    billing_profile_id: str | None = None
    expect_due_today: int | None = None
    request: str | None = None


def renew(*, partner_id: str, account_id: str, wanted: Renewal, now: datetime, actor: str) -> Account:
    """Renew an account (§3). While its period runs nothing is charged and its renewal day stays; one that has ended
    begins a new period, charged now, and has a new renewal day.

    The same request again finds what it did. Raises :class:`NotFound`, :class:`Invalid`, the refusals of
    :func:`chalicelib.domain.actions.refuse_unless` and those of :func:`chalicelib.services.drafts.carry_out`.
    """

    def draft_for(account: Account, program: Program) -> Draft | Account:
        if wanted.request is not None and account.renewed_by == wanted.request:
            return account
        return _drafted(account, wanted, program=program, now=now)

    return drafts.carry_out(
        partner_id=partner_id,
        account_id=account_id,
        draft_for=draft_for,
        is_own=_revives,
        expect_due_today=wanted.expect_due_today,
        now=now,
        actor=actor,
    )


def preview(*, partner_id: str, account_id: str, wanted: Renewal, now: datetime) -> Quote:
    """The quote of a renewal: what :func:`renew` would charge now. Nothing changes. Raises :class:`QuoteChanged`."""
    program = partners.program_of(partner_id=partner_id)
    account = accounts.get_account(partner_id=partner_id, account_id=account_id)
    return drafts.as_expected(_drafted(account, wanted, program=program, now=now).quote, wanted.expect_due_today)


def _drafted(account: Account, wanted: Renewal, *, program: Program, now: datetime) -> Draft:
    refuse_unless(account, Action.RENEW, now=now)
    if faults := list(drafts.profile_faults(account.partner_id, wanted.billing_profile_id)):
        raise Invalid(errors=faults)
    if account.has_ended:
        desk = Desk(account, program=program, now=now)
        change = changes.revival(account, program=program, now=now, terms_on=desk.terms_on)
        return desk.draft(change, billing_profile_id=wanted.billing_profile_id, request=wanted.request)
    after = transitions.cancellation_taken_back(account, request=wanted.request, now=now)
    after = replace(after, billing_profile_id=wanted.billing_profile_id or after.billing_profile_id)
    return Draft(
        account=account,
        quote=changes.quote(changes.unchanged(account, program=program), None, program=program),
        free=Move(account, after, "account.cancellation_withdrawn"),
    )


def _revives(account: Account, charge: Charge, program: Program) -> bool:  # noqa: ARG001 - as carry_out asks
    return account.has_ended and charge.plan == account.plan
