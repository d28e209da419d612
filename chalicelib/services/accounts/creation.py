"""Creating an account: its first period is charged, all or nothing (docs/rules.md §2, §3)."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.catalog.plans import Plan, is_sandbox, plan_kind
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.services.accounts import accounts, names, passwords
from chalicelib.services.accounts.account_requests import NewAccountRequest, plan_and_faults
from chalicelib.services.accounts.openings import finish_opening, new_account, open_account
from chalicelib.services.partners import billing_profiles, partners


@dataclass(frozen=True)
class CreatedAccount:
    """A new account and, the first time only, the password of its ``admin``."""

    account: Account
    password: str | None


def create_account(
    *, partner_id: str, account_id: str, request: NewAccountRequest, now: datetime, actor: str
) -> CreatedAccount:
    """Create an account and charge its first period: all or nothing (§3, §6).

    The same ``account_id`` again is the same request repeated: the account as it is, or its charge
    finished first. Raises :class:`Invalid` with every fault, :class:`NameTaken`,
    :class:`QuoteChanged`, :class:`CardDeclined`, :class:`ChargeOutcomeUnknown` when the
    processor does not answer, and :class:`KeyReused` once the account has moved to another partner.
    """
    before = account_rows.get(account_id)
    if before is not None:
        if before.partner_id != partner_id:
            raise KeyReused("It created an account that has moved to another partner. Use a new Idempotency-Key.")
        signed = fingerprint(account_id, asdict(request))
        return CreatedAccount(finish_opening(before, fingerprint=signed, now=now, actor=actor), None)
    program = partners.program_of(partner_id=partner_id)
    plan = _checked(request, program=program, partner_id=partner_id)
    if name_rows.owner(request.name) is not None:
        raise names.refused(request.name)
    password = passwords.generate()
    hashed = passwords.hash_password(password)

    def attempt() -> Account:
        account = new_account(account_id, request, plan, program=program, partner_id=partner_id, now=now)
        return open_account(account, request, hashed, program=program, now=now, actor=actor)

    opened = transactions.retry(
        attempt, busy="The partner's other accounts kept changing its discount. Try again in a moment."
    )
    return CreatedAccount(opened, password if name_rows.password_hash(opened.name) == hashed else None)


def check_request(*, partner_id: str, request: NewAccountRequest) -> None:
    """Raise :class:`Invalid` with every fault the rules find in a request for an account."""
    _checked(request, program=partners.program_of(partner_id=partner_id), partner_id=partner_id)


def _checked(request: NewAccountRequest, *, program: Program, partner_id: str) -> Plan:
    """The plan that was asked for, with its defaults. Raises :class:`Invalid` with every fault of the request."""
    plan, faults = plan_and_faults(request, program=program, partner_id=partner_id)
    faults += _payment_faults(request, plan, program=program, partner_id=partner_id)
    if faults:
        raise Invalid(errors=faults)
    assert plan is not None
    return plan


def _payment_faults(
    request: NewAccountRequest, plan: Plan | None, *, program: Program, partner_id: str
) -> Iterable[tuple[str, str]]:
    """What is wrong with how it is to be paid. What depends on the plan is not checked if the plan is not offered."""
    paid = plan is not None and plan_kind(plan, program) is PlanKind.PAID
    if request.single_bill and not (program.single_bill and (paid or plan is None)):
        yield "single_bill", "is for paid plans of a program that has a Single Bill"
    if request.migrated and not (program.migration_discount and (paid or plan is None)):
        yield "migrated", "is for paid plans of a program that has a migration discount"
    if request.billing_day is not None and not (program.billing_day_allowed and (paid or plan is None)):
        yield "billing_day", "can only be chosen for a paid plan of a program that allows it"
    if request.billing_profile_id is not None and plan is not None and is_sandbox(plan, program):
        yield "billing_profile_id", "is for plans that are paid for, now or later: a sandbox never is"
    elif request.billing_profile_id is not None:
        try:
            billing_profiles.get_profile(partner_id=partner_id, profile_id=request.billing_profile_id)
        except NotFound:
            yield "billing_profile_id", f"{request.billing_profile_id} is no billing profile of yours"
    elif plan is not None and paid and not request.single_bill and accounts.plan_is_priced(plan, program):
        yield "billing_profile_id", "is needed for a plan that has a price"
