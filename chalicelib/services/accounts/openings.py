"""Opening a new account, with its first period charged if it has a price: all or nothing (docs/rules.md §3, §6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.config import settings
from chalicelib.domain.accounts import earning, lifecycle
from chalicelib.domain.accounts.accounts import Account, Provisioning, ProvisioningStatus, Relationship, Status
from chalicelib.domain.accounts.actions import Caller
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.plans import Plan, plan_kind
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.copies import replace
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import KeyReused
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.provisioning import platform
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.transactions import Busy, Write, WriteConflict, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts, names, priced_changes
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.accounts.priced_changes import ChangeContext
from chalicelib.services.accounts.quotes import quote_purchase
from chalicelib.services.charging import charges
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.results import Conflict, PriceChanged, Result, refuse_unpaid
from chalicelib.services.partners import partners


def new_account(
    account_id: str,
    request: NewAccountRequest,
    plan: Plan,
    *,
    program: Program,
    partner_id: str,
    now: datetime,
) -> Account:
    """The account, pending, before its first paid period."""
    today = local_date(now, request.time_zone)
    account = Account(
        id=account_id,
        partner_id=partner_id,
        payer=partner_id,
        name=request.name,
        status=Status.PENDING,
        kind=plan_kind(plan, program),
        relationship=Relationship.MANAGED,
        client=request.client,
        notification_email=request.notification_email,
        country=request.country,
        data_region=program.data_region(request.country),
        language=request.language,
        time_zone=request.time_zone,
        plan=plan,
        created_at=now,
        updated_at=now,
        currency=program.currency,
        custom_domain=request.custom_domain,
        billing_profile_id=request.billing_profile_id,
        single_bill=request.single_bill,
        metadata=request.metadata or {},
        provisioning=_provisioning(request, now=now),
        fingerprint=fingerprint(account_id, asdict(request)),
    )
    account = replace(account, earning_terms=earning.terms_of_new(account, program=program, now=now))
    if account.kind is PlanKind.TRIAL:
        assert program.trial_days is not None
        return replace(account, period=lifecycle.trial_period(created_on=today, trial_days=program.trial_days))
    if account.kind is PlanKind.SANDBOX:
        return account
    cycles = program.migration_discount.cycles if request.migrated and program.migration_discount else 0
    return replace(account, migrated_cycles=cycles, migrated=request.migrated)


@dataclass(frozen=True)
class PayerRead:
    """What was just read of a partner that pays, so that it need not be read again; ``profiles`` by their ids."""

    wallet: Wallet
    partner: Partner
    profiles: Mapping[str, BillingProfile]


class Opened(NamedTuple):
    """An account that was opened, and whether by this run for certain: then its password is the one of this run."""

    account: Account
    by_this_run: bool


def open_account(
    account: Account,
    request: NewAccountRequest,
    password_hash: str,
    *,
    opens_with: Callable[[], Sequence[Write]] = tuple,
    program: Program,
    read: PayerRead | None = None,
    now: datetime,
    actor: str,
) -> Opened:
    """Open a new account, once its first period is paid if it has a price. Raises :class:`WriteConflict` if it has to
    be worked out anew.

    ``opens_with`` works out what is written along with the account. It comes last, after all that may be refused.
    ``read`` is what the caller has just read of the payer.
    """
    wallet, partner, profiles = (read.wallet, read.partner, read.profiles) if read else (None, None, None)
    account, quote, charge = first_period(account, request, wallet=wallet, program=program, now=now)
    priced_changes.as_expected(quote, request.expect_due_today)
    if charge is None:
        return _open_free(account, password_hash, wallet, opens_with=opens_with(), program=program, actor=actor)
    intent = AccountIntent(account, charge, program, password_hash=password_hash, opens_with=tuple(opens_with()))
    (result,) = charges.make(
        [intent],
        payer=account.payer,
        program=program,
        wallet=wallet,
        partner=partner,
        profiles=profiles,
        now=now,
        actor=actor,
    )
    return _opened(result)


def first_period(
    account: Account, request: NewAccountRequest, *, wallet: Wallet | None, program: Program, now: datetime
) -> tuple[Account, Quote, Charge | None]:
    """A new account in its first period, what that costs, and the charge of it if it has a price."""
    nothing = quote_purchase((), program=program)
    if account.kind is not PlanKind.PAID:
        return account, nothing, None
    by = Caller.CLIENT if account.pays_itself else Caller.PARTNER
    context = ChangeContext(account, program=program, wallet=wallet, by=by, now=now)
    if request.single_bill:
        accounts.refuse_unless_open(context.wallet)
    account, first = context.first_period(billing_day=request.billing_day)
    return account, first.quote if first.charge else nothing, first.charge


def finish_opening(account: Account, *, fingerprint: str, now: datetime, actor: str) -> Account:
    """The account that a repeated request created, once its charge is settled. Raises :class:`KeyReused` if it was a
    different request.
    """
    if account.fingerprint != fingerprint:
        raise KeyReused(f"It created the account {account.name} by another request. Use a new Idempotency-Key.")
    if account.status is Status.PENDING and account.charge is not None:
        program = partners.program_of(partner_id=account.partner_id)
        intent = AccountIntent(account, account.charge, program)
        finished = charges.finish([intent], payer=account.payer, now=now, actor=actor)
        return _opened(finished[0]).account
    return account


def _provisioning(request: NewAccountRequest, *, now: datetime) -> Provisioning | None:
    """The preparation by the platform that the account waits for; None when it is ready at once (§2)."""
    if request.snapshot_id is None and platform().is_instant(request.metadata or {}):
        return None
    return Provisioning(
        status=ProvisioningStatus.PENDING,
        give_up_at=now + timedelta(hours=settings().provisioning_hours),
        ask_at=now,
        snapshot_id=request.snapshot_id,
    )


def _opened(result: Result) -> Opened:
    """The account that a first charge opened. Raises the refusal of one that did not, :class:`WriteConflict` if the
    discount changed before anything was charged.
    """
    intent = result.intent
    assert isinstance(intent, AccountIntent)
    if isinstance(result, Conflict) and name_rows.subject(intent.account.name) in result.subjects:
        raise names.refused(intent.account.name)
    if isinstance(result, PriceChanged):
        raise WriteConflict([intent.payer])
    if isinstance(result, Conflict) and intent.opens_with:
        raise WriteConflict(result.subjects)
    paid = refuse_unpaid(
        result,
        declined="The card was declined; no account was created and nothing was charged.",
        unknown="The account will be created or given up within minutes. "
        "Repeat the request with the same Idempotency-Key to learn which.",
    )
    if paid is None:
        raise Busy("Others kept changing the same rows. Try again in a moment.", retry_after=1)
    account = account_rows.get(intent.subject) if paid.by_other_run else intent.account
    assert account is not None
    return Opened(account, by_this_run=bool(intent.password_hash) and not paid.by_other_run)


def _open_free(
    account: Account,
    password_hash: str,
    wallet: Wallet | None,
    *,
    opens_with: Sequence[Write],
    program: Program,
    actor: str,
) -> Opened:
    """Open an account that is not charged: a trial, a sandbox, an unpriced plan."""
    account = replace(account, status=Status.ACTIVE)
    put = account_rows.put(account, program=program, actor=actor, event="account.created")
    writes: list[Write] = [put, *opens_with]
    writes.append(name_rows.take(account.name, account_id=account.id, password_hash=password_hash))
    if account.counts_as_active_paid or account.pays_itself:
        wallet = wallet or wallet_rows.get_or_new(account.payer, currency=account.currency)
        writes.append(wallet_rows.put(wallets.count(wallet, int(account.counts_as_active_paid))))
    try:
        commit(writes)
    except WriteConflict as conflict:
        if (existing := account_rows.get(account.id)) is not None:
            return Opened(existing, by_this_run=False)
        if name_rows.subject(account.name) in conflict.subjects:
            raise names.refused(account.name) from conflict
        raise
    return Opened(account_rows.stored(put), by_this_run=True)
