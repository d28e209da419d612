"""Creating an account that its client pays for: all or nothing (docs/rules.md §9)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.accounts.actions import Caller
from chalicelib.domain.catalog.plans import Plan, is_sandbox, plan_kind
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import Invalid
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Write
from chalicelib.services.accounts import accounts, names, passwords
from chalicelib.services.accounts.account_requests import NewAccountRequest, plan_and_faults
from chalicelib.services.accounts.openings import finish_opening, new_account, open_account
from chalicelib.services.partners import billing_profiles, partners


def create_own_account(
    *,
    account_id: str,
    partner_id: str,
    request: NewAccountRequest,
    password: str,
    payment_method: str | None,
    extra_writes: Callable[[], Sequence[Write]] = tuple,
    now: datetime,
    actor: str = "client",
) -> Account:
    """Create an account that its client pays for: referred, at list price, with a password of its own (§9).

    A plan that has a price needs a ``payment_method``, which is charged; with a trial it is kept and not charged.
    ``extra_writes`` are made in the transaction that writes the account. They are worked out anew whenever one of them
    conflicts, so the function may raise its own refusal of what it finds then. A declined first charge removes the
    account again, but does not undo them. The function is called last: only a request that would otherwise be carried
    out learns of its refusal.

    The same ``account_id`` again is the same request repeated. Raises as :func:`creation.create_account`, and
    :class:`~chalicelib.services.partners.billing_profiles.ProcessorSilent`.
    """
    asked = replace(request, notification_email=request.client.email)
    signed = fingerprint(account_id, {**asdict(asked), "payment_method": payment_method})
    before = account_rows.get(account_id)
    if before is not None:
        return finish_opening(before, fingerprint=signed, now=now, actor=actor)
    program = partners.program_of(partner_id=partner_id)
    plan = _checked_own(asked, program=program, partner_id=partner_id, has_card=payment_method is not None)
    passwords.refuse_weak(password, account_name=asked.name, field="password")
    if name_rows.owner(asked.name) is not None:
        raise names.refused(asked.name)
    hashed = passwords.hash_password(password)
    card = None
    if payment_method is not None:
        card = billing_profiles.register_own_card(
            account_id=account_id,
            name=asked.client.name,
            email=asked.client.email,
            payment_method=payment_method,
            now=now,
        )

    def attempt() -> Account:
        account = replace(
            new_account(account_id, asked, plan, program=program, partner_id=partner_id, now=now),
            payer=account_id,
            relationship=Relationship.REFERRED,
            billing_profile_id=card.id if card else None,
            card_notice_on=card.card.notice_on if card else None,
            fingerprint=signed,
        )
        stored_card = [profile_rows.put(card, actor=actor, event="billing_profile.created")] if card else []

        def opens_with() -> Sequence[Write]:
            return [*stored_card, *extra_writes()]

        return open_account(
            account, asked, hashed, opens_with=opens_with, program=program, now=now, actor=actor
        ).account

    return transactions.retry(attempt, busy="Others kept changing the same rows. Try again in a moment.")


def _checked_own(request: NewAccountRequest, *, program: Program, partner_id: str, has_card: bool) -> Plan:
    """The plan that a client asked for, to pay for it itself. Raises :class:`Invalid` with every fault."""
    plan, faults = plan_and_faults(request, program=program, partner_id=partner_id, by=Caller.CLIENT)
    faults += _own_payment_faults(request, plan, program=program, has_card=has_card)
    if faults:
        raise Invalid(errors=faults)
    assert plan is not None
    return plan


def _own_payment_faults(
    request: NewAccountRequest, plan: Plan | None, *, program: Program, has_card: bool
) -> Iterable[tuple[str, str]]:
    """What is wrong with how a client wants to pay. What depends on the plan is not checked if it is not offered."""
    if plan is None:
        return
    if is_sandbox(plan, program):
        yield "plan.tier", "must be a trial or a paid plan"
    paid = plan_kind(plan, program) is PlanKind.PAID
    if request.billing_day is not None and not (program.billing_day_allowed and paid):
        yield "billing_day", "can only be chosen for a paid plan of a program that allows it"
    if not has_card and paid and accounts.plan_is_priced(plan, program):
        yield "payment_method", "is needed for a plan that has a price"
