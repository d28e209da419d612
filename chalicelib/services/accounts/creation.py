"""Creating an account: its first period is charged, all or nothing (docs/rules.md §2, §3)."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import cache

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.catalog.plans import Plan, is_sandbox, plan_kind
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.ids import fingerprint, new_id
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.values import dataclass
from chalicelib.models import reads, transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts, names, passwords
from chalicelib.services.accounts.account_requests import NewAccountRequest, plan_and_faults, priced_plan
from chalicelib.services.accounts.openings import (
    Opened,
    PayerRead,
    finish_opening,
    first_period,
    new_account,
    open_account,
)


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
    password = passwords.generate()
    hashed = cache(lambda: passwords.hash_password(password))

    def attempt() -> Opened:
        rows = _read(request, partner_id=partner_id, account_id=account_id)
        if rows.before is not None:
            return Opened(_repeated(rows.before, partner_id, request, now=now, actor=actor), by_this_run=False)
        plan = _checked(request, rows)
        if rows.name_is_taken:
            raise names.refused(request.name)
        account = new_account(account_id, request, plan, program=rows.program, partner_id=partner_id, now=now)
        return open_account(account, request, hashed(), program=rows.program, read=rows.payer, now=now, actor=actor)

    account, by_this_run = transactions.retry(
        attempt, busy="The partner's other accounts kept changing its discount. Try again in a moment."
    )
    if not by_this_run and hashed.cache_info().currsize:  # this run may have written it, and not got the answer
        by_this_run = name_rows.password_hash(account.name) == hashed()
    return CreatedAccount(account, password if by_this_run else None)


def check_request(*, partner_id: str, request: NewAccountRequest) -> None:
    """Raise :class:`Invalid` with every fault the rules find in a request for an account."""
    _checked(request, _read(request, partner_id=partner_id, account_id=None))


def quote_account(*, partner_id: str, request: NewAccountRequest, now: datetime) -> Quote:
    """What :func:`create_account` would charge now (§5); nothing is created or checked that has no part in the price.

    The plan, the snapshot, the time zone, how it is paid for and whether it is migrated count. Raises :class:`Invalid`
    for a plan that is not offered or an unknown time zone, and :class:`accounts.NoSingleBill`.
    """
    rows = _read(request, partner_id=partner_id, account_id=None)
    plan, faults = priced_plan(request, program=rows.program, partner_id=partner_id)
    if plan is None or faults:
        raise Invalid(errors=faults)
    account = new_account(new_id("acct", at=now), request, plan, program=rows.program, partner_id=partner_id, now=now)
    return first_period(account, request, wallet=rows.payer.wallet, program=rows.program, now=now)[1]


def _repeated(before: Account, partner_id: str, request: NewAccountRequest, *, now: datetime, actor: str) -> Account:
    """The account that an earlier request of this key created. Raises :class:`KeyReused` if it was a different one."""
    if before.partner_id != partner_id:
        raise KeyReused("It created an account that has moved to another partner. Use a new Idempotency-Key.")
    return finish_opening(before, fingerprint=fingerprint(before.id, asdict(request)), now=now, actor=actor)


@dataclass(frozen=True)
class _Rows:
    """What a request for an account is decided from. ``before`` is the account, if it was created before."""

    payer: PayerRead
    before: Account | None
    name_is_taken: bool

    @property
    def program(self) -> Program:
        return load_program(self.payer.partner.program)


def _read(request: NewAccountRequest, *, partner_id: str, account_id: str | None) -> _Rows:
    """All that a request is decided from, in one read. Raises :class:`NotFound` if there is no such partner."""
    partner, wallet = partner_rows.read(partner_id), wallet_rows.read(partner_id)
    account = account_rows.read(account_id) if account_id else None
    profile = profile_rows.read(partner_id, request.billing_profile_id) if request.billing_profile_id else None
    name = None if any(names.faults(request.name)) else name_rows.read_owner(request.name)
    found = reads.together(partner, wallet, account, profile, name)
    whose, kept, card = found.of(partner), found.of(wallet), found.of(profile)
    if whose is None or kept is None:
        raise NotFound.of("partner", partner_id)
    payer = PayerRead(kept, whose, {card.id: card} if card and card.deleted_at is None else {})
    return _Rows(payer, before=found.of(account), name_is_taken=found.of(name) is not None)


def _checked(request: NewAccountRequest, rows: _Rows) -> Plan:
    """The plan that was asked for, with its defaults. Raises :class:`Invalid` with every fault of the request."""
    plan, faults = plan_and_faults(request, program=rows.program, partner_id=rows.payer.partner.id)
    faults += _payment_faults(request, plan, rows)
    if faults:
        raise Invalid(errors=faults)
    assert plan is not None
    return plan


def _payment_faults(request: NewAccountRequest, plan: Plan | None, rows: _Rows) -> Iterable[tuple[str, str]]:
    """What is wrong with how it is to be paid. What depends on the plan is not checked if the plan is not offered."""
    program, profile_id = rows.program, request.billing_profile_id
    paid = plan is not None and plan_kind(plan, program) is PlanKind.PAID
    if request.single_bill and not (program.single_bill and (paid or plan is None)):
        yield "single_bill", "is for paid plans of a program that has a Single Bill"
    if request.migrated and not (program.migration_discount and (paid or plan is None)):
        yield "migrated", "is for paid plans of a program that has a migration discount"
    if request.billing_day is not None and not (program.billing_day_allowed and (paid or plan is None)):
        yield "billing_day", "can only be chosen for a paid plan of a program that allows it"
    if profile_id is not None and plan is not None and is_sandbox(plan, program):
        yield "billing_profile_id", "is for plans that are paid for, now or later: a sandbox never is"
    elif profile_id is not None and profile_id not in rows.payer.profiles:
        yield "billing_profile_id", f"{profile_id} is no billing profile of yours"
    elif (
        profile_id is None
        and plan is not None
        and paid
        and not request.single_bill
        and accounts.plan_is_priced(plan, program)
    ):
        yield "billing_profile_id", "is needed for a plan that has a price"
