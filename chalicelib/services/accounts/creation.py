"""Creating an account: its first period is charged, all or nothing (docs/rules.md §2, §3)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from chalicelib.config import settings
from chalicelib.domain.accounts import earning, lifecycle
from chalicelib.domain.accounts.accounts import Account, Client, Provisioning, ProvisioningStatus, Relationship, Status
from chalicelib.domain.accounts.actions import Caller
from chalicelib.domain.accounts.snapshots import plan_request, snapshot_faults
from chalicelib.domain.calendar import (
    UnknownTimeZone,
    check_time_zone,
    local_date,
)
from chalicelib.domain.catalog.plans import (
    Fault,
    Plan,
    PlanNotOffered,
    PlanRequest,
    is_sandbox,
    plan_kind,
    resolve_plan,
)
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.setup.custom_domains import fault_of
from chalicelib.domain.wallet import wallets
from chalicelib.gateways.provisioning import platform
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Busy, Write, WriteConflict, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts, names, passwords, priced_changes, snapshots
from chalicelib.services.accounts.priced_changes import ChangeContext
from chalicelib.services.accounts.quotes import quote_purchase
from chalicelib.services.charging import charges
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.charges import Conflict, PriceChanged
from chalicelib.services.partners import billing_profiles, partners


@dataclass(frozen=True)
class NewAccountRequest:
    """What a partner asks for when it creates an account; a snapshot may give the ``plan``."""

    name: str
    client: Client
    notification_email: str
    country: str
    language: str
    time_zone: str
    plan: PlanRequest | None
    billing_profile_id: str | None = None
    billing_day: int | None = None
    custom_domain: str | None = None
    single_bill: bool = False
    snapshot_id: str | None = None
    migrated: bool = False
    metadata: dict[str, str] | None = None
    expect_due_today: int | None = None


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
    :class:`QuoteChanged`, :class:`CardDeclined`, and :class:`ChargeOutcomeUnknown` when the
    processor does not answer.
    """
    before = account_rows.get(account_id)
    if before is not None:
        signed = fingerprint(account_id, asdict(request))
        return CreatedAccount(_finished(before, fingerprint=signed, now=now, actor=actor), None)
    program = partners.program_of(partner_id=partner_id)
    plan = _checked(request, program=program, partner_id=partner_id)
    if name_rows.owner(request.name) is not None:
        raise names.refused(request.name)
    password = passwords.generate()
    hashed = passwords.hash_password(password)

    def attempt() -> Account:
        account = _new_account(account_id, request, plan, program=program, partner_id=partner_id, now=now)
        return _open(account, request, hashed, program=program, now=now, actor=actor)

    opened = transactions.retry(
        attempt, busy="The partner's other accounts kept changing its discount. Try again in a moment."
    )
    return CreatedAccount(opened, password if name_rows.password_hash(opened.name) == hashed else None)


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
    account again, but does not undo them.

    The same ``account_id`` again is the same request repeated. Raises as :func:`create_account`, and
    :class:`~chalicelib.services.partners.billing_profiles.ProcessorSilent`.
    """
    asked = replace(request, notification_email=request.client.email)
    signed = fingerprint(account_id, {**asdict(asked), "payment_method": payment_method})
    before = account_rows.get(account_id)
    if before is not None:
        return _finished(before, fingerprint=signed, now=now, actor=actor)
    program = partners.program_of(partner_id=partner_id)
    plan = _checked_own(asked, program=program, partner_id=partner_id, has_card=payment_method is not None)
    passwords.refuse_weak(password, account_name=asked.name, field="password")
    if name_rows.owner(asked.name) is not None:
        raise names.refused(asked.name)
    hashed = passwords.hash_password(password)
    extra_writes()  # refuses what can be refused before a card is put on file
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
            _new_account(account_id, asked, plan, program=program, partner_id=partner_id, now=now),
            payer=account_id,
            relationship=Relationship.REFERRED,
            billing_profile_id=card.id if card else None,
            fingerprint=signed,
        )
        stored_card = [profile_rows.put(card, actor=actor, event="billing_profile.created")] if card else []
        opens_with = (*stored_card, *extra_writes())
        return _open(account, asked, hashed, opens_with=opens_with, program=program, now=now, actor=actor)

    return transactions.retry(attempt, busy="Others kept changing the same rows. Try again in a moment.")


def _open(
    account: Account,
    request: NewAccountRequest,
    password_hash: str,
    *,
    opens_with: tuple[Write, ...] = (),
    program: Program,
    now: datetime,
    actor: str,
) -> Account:
    """Open a new account, once its first period is paid if it has a price. Raises :class:`WriteConflict` if it has to
    be worked out anew.
    """
    charge, quote = None, quote_purchase((), program=program)  # nothing is bought
    if account.kind is PlanKind.PAID:
        by = Caller.CLIENT if account.pays_itself else Caller.PARTNER
        context = ChangeContext(account, program=program, by=by, now=now)
        if request.single_bill:
            accounts.refuse_unless_open(context.wallet)
        account, first = context.first_period(billing_day=request.billing_day)
        charge, quote = first.charge, first.quote if first.charge else quote
    priced_changes.as_expected(quote, request.expect_due_today)
    if charge is None:
        return _open_free(account, password_hash, opens_with=opens_with, program=program, actor=actor)
    intent = AccountIntent(account, charge, program, password_hash=password_hash, opens_with=opens_with)
    (result,) = charges.make([intent], payer=account.payer, program=program, now=now, actor=actor)
    return _opened(result)


def check_request(*, partner_id: str, request: NewAccountRequest) -> None:
    """Raise :class:`Invalid` with every fault the rules find in a request for an account."""
    _checked(request, program=partners.program_of(partner_id=partner_id), partner_id=partner_id)


def _checked(request: NewAccountRequest, *, program: Program, partner_id: str) -> Plan:
    """The plan that was asked for, with its defaults. Raises :class:`Invalid` with every fault of the request."""
    plan, faults = _plan_and_faults(request, program=program, partner_id=partner_id)
    faults += _payment_faults(request, plan, program=program, partner_id=partner_id)
    if faults:
        raise Invalid(errors=faults)
    assert plan is not None
    return plan


def _checked_own(request: NewAccountRequest, *, program: Program, partner_id: str, has_card: bool) -> Plan:
    """The plan that a client asked for, to pay for it itself. Raises :class:`Invalid` with every fault."""
    plan, faults = _plan_and_faults(request, program=program, partner_id=partner_id)
    faults += _own_payment_faults(request, plan, program=program, has_card=has_card)
    if faults:
        raise Invalid(errors=faults)
    assert plan is not None
    return plan


def _plan_and_faults(
    request: NewAccountRequest, *, program: Program, partner_id: str
) -> tuple[Plan | None, list[Fault]]:
    """The plan that was asked for, if it is offered, and the faults of all that has nothing to do with payment."""
    faults = list(names.faults(request.name))
    if request.custom_domain is not None and (
        fault := fault_of(request.custom_domain, login_domain=settings().login_domain)
    ):
        faults.append(("custom_domain", fault))
    plan, plan_faults = _planned(request, program=program, partner_id=partner_id)
    faults += plan_faults
    try:
        check_time_zone(request.time_zone)
    except UnknownTimeZone as error:
        faults.append(("time_zone", str(error)))
    return plan, faults


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


def _planned(request: NewAccountRequest, *, program: Program, partner_id: str) -> tuple[Plan | None, list[Fault]]:
    """The plan that was asked for, completed by the snapshot's if there is one, or what is wrong with it (§2, §12)."""
    requested = request.plan
    if request.snapshot_id is not None:
        try:
            snapshot = snapshots.get_snapshot(partner_id=partner_id, snapshot_id=request.snapshot_id)
        except NotFound:
            return None, [("snapshot_id", f"{request.snapshot_id} is no snapshot of yours")]
        requested = plan_request(snapshot.plan, request.plan, program=program)
    if requested is None:
        return None, [("plan", "is needed without a snapshot")]
    try:
        return resolve_plan(program=program, requested=requested), []
    except PlanNotOffered as error:
        if request.snapshot_id is None:
            return None, error.faults
        return None, list(snapshot_faults(error.faults, request.plan, requested))


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


def _new_account(
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
    return replace(account, migrated_cycles=cycles)


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


def _opened(result: charges.Result) -> Account:
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
    paid = charges.refuse_unpaid(
        result,
        declined="The card was declined; no account was created and nothing was charged.",
        unknown="The account will be created or given up within minutes. "
        "Repeat the request with the same Idempotency-Key to learn which.",
    )
    if paid is None:
        raise Busy("Others kept changing the same rows. Try again in a moment.", retry_after=1)
    account = account_rows.get(intent.subject) if paid.by_other_run else intent.account
    assert account is not None
    return account


def _open_free(
    account: Account, password_hash: str, *, opens_with: tuple[Write, ...], program: Program, actor: str
) -> Account:
    """Open an account that is not charged: a trial, a sandbox, an unpriced plan."""
    account = replace(account, status=Status.ACTIVE)
    put = account_rows.put(account, program=program, actor=actor, event="account.created")

    def attempt() -> Account | None:
        writes: list[Write] = [put, *opens_with]
        writes.append(name_rows.take(account.name, account_id=account.id, password_hash=password_hash))
        if account.counts_as_active_paid or account.pays_itself:
            wallet = wallet_rows.get_or_new(account.payer, currency=account.currency)
            writes.append(wallet_rows.put(wallets.count(wallet, int(account.counts_as_active_paid))))
        try:
            commit(writes)
        except WriteConflict as conflict:
            if (existing := account_rows.get(account.id)) is not None:
                return existing
            if name_rows.subject(account.name) in conflict.subjects:
                raise names.refused(account.name) from conflict
            if conflict.subjects & {write.subject for write in opens_with}:
                return None
            raise
        return account_rows.stored(put)

    opened = transactions.retry(attempt, busy="Others kept changing the same rows. Try again in a moment.")
    if opened is None:
        raise WriteConflict(write.subject for write in opens_with)
    return opened


def _finished(account: Account, *, fingerprint: str, now: datetime, actor: str) -> Account:
    """The account that a repeated request created, once its charge is settled. Raises :class:`KeyReused` if it was a
    different request.
    """
    if account.fingerprint != fingerprint:
        raise KeyReused(f"It created the account {account.name} by another request. Use a new Idempotency-Key.")
    if account.status is Status.PENDING and account.charge is not None:
        program = partners.program_of(partner_id=account.partner_id)
        intent = AccountIntent(account, account.charge, program)
        finished = charges.finish([intent], payer=account.payer, now=now, actor=actor)
        return _opened(finished[0])
    return account
