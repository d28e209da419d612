"""Changing the plan of an account: at once and paid for at once, or at its next renewal (docs/rules.md §3, §5)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.domain import accounts as domain
from chalicelib.domain import changes, lifecycle
from chalicelib.domain.accounts import Account, Action, PendingChange, local_today
from chalicelib.domain.changes import Effective, PlanChange, Way
from chalicelib.domain.charges import OF_PERIODS, Charge, divide
from chalicelib.domain.invoices import Invoice, InvoiceStatus
from chalicelib.domain.money import total
from chalicelib.domain.plans import Plan, PlanNotOffered, PlanRequest, is_paid, resolve_plan
from chalicelib.domain.programs import Program
from chalicelib.domain.quotes import Quote, Terms
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.domain.wallets import Wallet
from chalicelib.models import ledger
from chalicelib.models import wallets as wallet_rows
from chalicelib.models.transactions import Busy
from chalicelib.services import accounts, charges, partners, periods, profiles
from chalicelib.services.charges import CardDeclined, ChargeOutcomeUnknown, NotPaid, Paid, Unknown
from chalicelib.services.moves import Move, move
from chalicelib.services.orders import AccountOrder
from chalicelib.services.quotes import QuoteChanged

_TRIES = 10
_LOOKED_AT_ONCE = 8


@dataclass(frozen=True)
class Wanted:
    """A change as it is asked for. Profile and billing day are for a first paid period only (§2)."""

    plan: PlanRequest
    effective: Effective | None = None
    billing_profile_id: str | None = None
    billing_day: int | None = None
    expect_due_today: int | None = None


@dataclass(frozen=True)
class _Draft:
    """A change worked out for the account as it was read; without a charge it costs nothing."""

    account: Account
    change: PlanChange
    charge: Charge | None
    quote: Quote


def change_plan(*, partner_id: str, account_id: str, wanted: Wanted, now: datetime, actor: str) -> Account:
    """Change an account's plan. What takes effect at once is charged at once, all or nothing (§5, §6).

    Asked again for the plan it has, nothing changes, but a change that was pending is withdrawn. Raises
    :class:`NotFound`, :class:`Invalid`, the refusals of :func:`chalicelib.domain.changes.plan_change`,
    :class:`QuoteChanged`, :class:`CardDeclined`, and :class:`ChargeOutcomeUnknown` when the processor does not answer.
    """
    program = partners.program_of(partner_id=partner_id)
    for _ in range(_TRIES):
        account = accounts.get_account(partner_id=partner_id, account_id=account_id)
        plan = _resolved(wanted.plan, program)
        if account.charge is not None and account.charge.plan == plan:  # this request, cut off before
            cut_off = AccountOrder(account, account.charge, program)
            (result,) = charges.finish([cut_off], payer=account.payer, now=now, actor=actor)
        else:
            draft = _drafted(account, plan, wanted, program=program, now=now)
            _refuse_unless_payable(draft, wanted)
            if draft.charge is None:
                if (changed := _without_charge(draft, program=program, now=now, actor=actor)) is not None:
                    return changed
                continue
            order = AccountOrder(account, draft.charge, program)
            (result,) = charges.make([order], payer=account.payer, program=program, now=now, actor=actor)
        if (charged := _charged(result, plan)) is not None:
            return charged
    raise Busy(f"Others kept changing {account_id}. Try again in a moment.", retry_after=1)


def preview(*, partner_id: str, account_id: str, wanted: Wanted, now: datetime) -> Quote:
    """The quote of a change: what :func:`change_plan` would charge now. Nothing changes."""
    program = partners.program_of(partner_id=partner_id)
    account = accounts.get_account(partner_id=partner_id, account_id=account_id)
    return _drafted(account, _resolved(wanted.plan, program), wanted, program=program, now=now).quote


def withdraw(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Take back the change that waits for the next renewal (§5)."""
    program = partners.program_of(partner_id=partner_id)
    for _ in range(_TRIES):
        account = accounts.get_account(partner_id=partner_id, account_id=account_id)
        domain.refuse_unless(account, Action.WITHDRAW_CHANGE)
        withdrawn = _withdrawn(account, now=now)
        stored = move([withdrawn], payer=account.payer, program=program, now=now, actor=actor)
        if stored:
            return stored[account_id]
    raise Busy(f"Others kept changing {account_id}. Try again in a moment.", retry_after=1)


def _resolved(requested: PlanRequest, program: Program) -> Plan:
    try:
        plan = resolve_plan(program=program, requested=requested)
    except PlanNotOffered as error:
        raise Invalid(errors=error.faults) from error
    return plan


def _drafted(account: Account, plan: Plan, wanted: Wanted, *, program: Program, now: datetime) -> _Draft:
    domain.refuse_unless(account, Action.CHANGE_PLAN)
    if not is_paid(plan, program):
        raise Invalid(errors=[("plan.tier", f"must be a paid plan: no account changes to a {plan.tier}")])
    wallet = wallet_rows.get(account.payer)
    today = local_today(account, now)
    change = changes.plan_change(
        account,
        plan,
        program=program,
        today=today,
        terms_on=lambda day: _terms(account, wallet, day, program=program),
        paid=changes.paid_with(_invoices_of_period(account), currency=account.currency),
        billing_day=wanted.billing_day,
    )
    changes.refuse_other(change, account, wanted.effective)
    faults = list(_faults(account, change, wanted, program=program))
    if faults:
        raise Invalid(errors=faults)
    charge = _charge(account, change, wanted, wallet=wallet, now=now)
    if charge is not None and account.single_bill:
        accounts.refuse_unless_open(wallet)
    divided = charge and divide(
        charge,
        set_aside=account.prepaid_set_aside,
        general=wallet.general,
        minimum_card_charge=program.money(program.minimum_card_charge),
    )
    return _Draft(account, change, charge, changes.quote(change, divided, program=program))


def _terms(account: Account, wallet: Wallet, day: date, *, program: Program) -> Terms:
    """The discounts of a period that begins on ``day``; an account that does not pay yet is one more (§5)."""
    count = wallet.active_paid_accounts + int(not account.counts_as_active_paid)
    return periods.terms_for(account, program=program, active_paid_accounts=count, day=day)


def _faults(account: Account, change: PlanChange, wanted: Wanted, *, program: Program) -> Iterable[tuple[str, str]]:
    first = change.way is Way.START and account.anchor is None
    if wanted.billing_day is not None and not (first and program.billing_day_allowed):
        yield "billing_day", "can only be chosen for a first paid period, in a program that allows it"
    if wanted.billing_profile_id is None:
        return
    if change.way is not Way.START:
        yield "billing_profile_id", "can only be given for a first paid period; change the account's own instead"
        return
    try:
        profiles.get_profile(partner_id=account.partner_id, profile_id=wanted.billing_profile_id)
    except NotFound:
        yield "billing_profile_id", f"{wanted.billing_profile_id} is no billing profile of yours"


def _refuse_unless_payable(draft: _Draft, wanted: Wanted) -> None:
    """What only the change itself asks for, not its preview: somebody to pay, and the price that was expected."""
    if draft.charge is not None and not draft.charge.billing_profile_id and not draft.account.single_bill:
        raise Invalid(errors=[("billing_profile_id", "is needed for a plan that has a price")])
    if wanted.expect_due_today not in (None, draft.quote.due_today.amount):
        raise QuoteChanged(draft.quote)


def _charge(account: Account, change: PlanChange, wanted: Wanted, *, wallet: Wallet, now: datetime) -> Charge | None:
    if change.way not in changes.KINDS or not change.lines:
        return None
    return Charge(
        id=periods.charge_id(account),
        kind=changes.KINDS[change.way],
        lines=change.lines,
        total=total((line.amount for line in change.lines), currency=account.currency),
        started_at=now,
        period=change.period,
        price=change.price.price_per_cycle,
        terms=change.terms,
        billing_profile_id=wanted.billing_profile_id or account.billing_profile_id,
        bill_id=periods.bill_for(account, wallet),
        plan=change.plan,
        anchor=change.anchor,
    )


def _invoices_of_period(account: Account) -> list[Invoice]:
    """The paid invoices of the account's current period, newest first, down to the one that began it.

    Found by their ids, which follow from the number of the charge: the index by account may be a moment behind.
    """
    found: list[Invoice] = []
    number = account.charges if account.counts_as_active_paid and account.price is not None else 0
    while number > 0:
        ids = [periods.charge_id(replace(account, charges=n - 1)) for n in _downwards(number)]
        stored = ledger.get_invoices(account.payer, ids)
        for invoice in (stored[id] for id in ids if id in stored):
            if invoice.status is InvoiceStatus.PAID or invoice.bill_id is not None:
                found.append(invoice)
                if invoice.charge_kind in OF_PERIODS:
                    return found
        number -= _LOOKED_AT_ONCE
    return found


def _downwards(number: int) -> Iterable[int]:
    return range(number, max(number - _LOOKED_AT_ONCE, 0), -1)


def _without_charge(draft: _Draft, *, program: Program, now: datetime, actor: str) -> Account | None:
    """The account after a change that costs nothing now; None when somebody else was quicker."""
    account = draft.account
    change = _free_move(account, draft.change, now=now)
    if change is None:
        return account
    stored = move([change], payer=account.payer, program=program, now=now, actor=actor)
    return stored.get(account.id)


def _free_move(account: Account, change: PlanChange, *, now: datetime) -> Move | None:
    pending = account.pending_change
    if change.way is Way.NONE:
        return _withdrawn(account, now=now) if pending else None
    if change.way is Way.AT_RENEWAL:
        if pending is not None and pending.plan == change.plan:
            return None
        after = replace(account, pending_change=PendingChange(change.plan, now), updated_at=now)
        return Move(account, after, "account.plan_change_scheduled")
    after = lifecycle.replanned(account, change.plan, anchor=change.anchor, billing_profile_id=None, now=now)
    if change.way is not Way.PRORATE:  # an unpriced period begins
        assert change.period is not None
        assert change.terms is not None
        after = lifecycle.moved_on(after, period=change.period, price=None, terms=change.terms, now=now)
    return Move(account, after, "account.plan_changed")


def _withdrawn(account: Account, *, now: datetime) -> Move:
    return Move(account, replace(account, pending_change=None, updated_at=now), "account.plan_change_withdrawn")


def _charged(result: charges.Result, plan: Plan) -> Account | None:
    """The account on its new plan; None when the change has to be worked out anew."""
    order = result.order
    assert isinstance(order, AccountOrder)
    match result:
        case Paid(elsewhere=False):
            return order.account
        case Paid():
            account = accounts.get_account(partner_id=order.account.partner_id, account_id=order.subject)
            return account if account.plan == plan else None
        case NotPaid(decline_code=code):
            raise CardDeclined(
                "The card was declined; the plan was not changed and nothing was charged.",
                extra={"decline_code": code},
            )
        case Unknown():
            raise ChargeOutcomeUnknown(
                "The plan will be changed or left as it is within minutes. Repeat the request to learn which.",
                retry_after=120,
            )
        case _:
            return None
