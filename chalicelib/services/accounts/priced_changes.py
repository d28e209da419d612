"""Changes that have a price: first periods, changes of plan, revivals; priced, quoted, charged (docs/rules.md §5, §6).

A change is worked out for an account as it was read. Its price is charged at once, all or nothing; a change that costs
nothing is written as one transition. If others changed the account first, it is worked out anew.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from chalicelib.domain.accounts import paid_periods, plan_changes
from chalicelib.domain.accounts.accounts import Account, local_today
from chalicelib.domain.accounts.actions import Caller, refuse_to_charge_client
from chalicelib.domain.accounts.plan_changes import ChangeKind, PlanChange
from chalicelib.domain.accounts.proration import PaidFor, paid_for
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Quote, Terms
from chalicelib.domain.charging.charges import Charge, split_payment
from chalicelib.domain.money import total
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.domain.schedule import renewals
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models import transactions
from chalicelib.models.transactions import WriteConflict
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts, carried_invoices
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.accounts.transitions import Transition, write_transition
from chalicelib.services.charging import charges
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.results import Result, refuse_unpaid
from chalicelib.services.partners import billing_profiles, partners


class NoCard(Refusal):
    """The client pays for the account and has no card on file to pay with (§9)."""

    code = "no_card"
    title = "There is no card on file"


@dataclass(frozen=True)
class PricedChange:
    """A change worked out for the account as it was read: a charge, a ``free`` transition, or nothing to do."""

    account: Account
    quote: Quote
    charge: Charge | None = None
    free: Transition | None = None


class ChangeContext:
    """What a change is priced with: an account and its payer's wallet, both as read, the program, and who asks."""

    def __init__(
        self,
        account: Account,
        *,
        program: Program,
        wallet: Wallet | None = None,
        by: Caller = Caller.PARTNER,
        now: datetime,
    ) -> None:
        self.account = account
        self.by = by
        self.program = program
        self.now = now
        self.wallet: Wallet = wallet or wallet_rows.get_or_new(account.payer, currency=program.currency)

    def terms_on(self, day: date) -> Terms:
        """The discounts of a period that begins on ``day``; one that does not pay yet adds itself to the count (§5)."""
        count = self.wallet.active_paid_accounts + int(not self.account.counts_as_active_paid)
        return renewals.terms_for(self.account, program=self.program, active_paid_accounts=count, day=day)

    def paid(self) -> PaidFor:
        """What the account's period has been paid for (§5)."""
        return paid_for(reversed(carried_invoices.of_account(self.account)), currency=self.account.currency)

    def first_period(self, *, billing_day: int | None) -> tuple[Account, PricedChange]:
        """A new account in its first paid period, which begins today, and what that costs (§2, §4).

        Its charge opens the account as it is; there is no plan to change.
        """
        account = self.account
        change = plan_changes.start(
            account.plan,
            program=self.program,
            today=local_today(account, self.now),
            terms_on=self.terms_on,
            billing_day=billing_day,
        )
        priced = self.priced(change)
        charge = replace(priced.charge, plan=None, anchor=None) if priced.charge else None
        price = change.price.price_per_cycle if change.price else None
        account = replace(account, anchor=change.anchor, period=change.period, terms=change.terms, price=price)
        return account, replace(priced, account=account, charge=charge, free=None)

    def priced(
        self,
        change: PlanChange,
        *,
        then: Plan | None = None,
        billing_profile_id: str | None = None,
        request: str | None = None,
    ) -> PricedChange:
        """The change with its quote and the charge that will be made for it.

        ``then`` is the plan that waits for the next renewal once the change is made.
        """
        charge = self._charge(change, then, billing_profile_id, request)
        if charge is not None and charge.total:
            refuse_to_charge_client(self.account, by=self.by)
        if charge is not None and self.account.single_bill:
            accounts.refuse_unless_open(self.wallet)
        split = charge and split_payment(
            charge,
            set_aside=self.account.prepaid_set_aside,
            general=self.wallet.general,
            minimum_card_charge=self.program.money(self.program.minimum_card_charge),
        )
        return PricedChange(
            account=self.account,
            quote=plan_changes.quote(change, split, program=self.program),
            charge=charge,
            free=None if charge else self._free_transition(change, then, billing_profile_id, request),
        )

    def _charge(
        self, change: PlanChange, then: Plan | None, billing_profile_id: str | None, request: str | None
    ) -> Charge | None:
        if change.kind not in plan_changes.CHARGE_KIND_OF or not change.lines or change.price is None:
            return None
        return Charge(
            id=renewals.charge_id(self.account),
            kind=plan_changes.CHARGE_KIND_OF[change.kind],
            lines=change.lines,
            total=total((line.amount for line in change.lines), currency=self.account.currency),
            started_at=self.now,
            period=change.period,
            price=change.price.price_per_cycle,
            terms=change.terms,
            billing_profile_id=billing_profile_id or self.account.billing_profile_id,
            bill_id=renewals.bill_for(self.account, self.wallet),
            plan=change.plan,
            then=then,
            request=request,
            anchor=change.anchor,
        )

    def _free_transition(
        self, change: PlanChange, then: Plan | None, billing_profile_id: str | None, request: str | None
    ) -> Transition | None:
        """The transition of a change that costs nothing; None when there is nothing to change."""
        account, now = self.account, self.now
        if change.kind in (ChangeKind.NONE, ChangeKind.AT_RENEWAL):
            waiting = change.plan if change.kind is ChangeKind.AT_RENEWAL else then
            pending = paid_periods.pending(account, waiting, now=now)
            if pending == account.pending_change:
                return None
            after = replace(account, pending_change=pending, updated_at=now)
            event = "account.plan_change_scheduled" if pending else "account.plan_change_withdrawn"
            return Transition(account, after, event)
        after = paid_periods.replanned(
            account,
            change.plan,
            then=then,
            anchor=change.anchor,
            billing_profile_id=billing_profile_id,
            request=request,
            now=now,
        )
        if change.kind is not ChangeKind.PRORATE:  # an unpriced period begins
            assert change.period is not None
            assert change.terms is not None
            after = paid_periods.in_period(after, period=change.period, price=None, terms=change.terms, now=now)
        return Transition(account, after, paid_periods.plan_change_event(account, change.plan))


def apply_change(
    *,
    partner_id: str,
    account_id: str,
    price: Callable[[Account, Program], PricedChange | Account],
    is_own: Callable[[Account, Charge, Program], bool],
    expect_due_today: int | None,
    by: Caller = Caller.PARTNER,
    now: datetime,
    actor: str,
) -> Account:
    """Make the change that ``price`` works out for the account as it is read, again when others were quicker.

    ``price`` may return the account itself: then there is nothing to do. ``is_own`` says whether a charge in progress
    was held by this very request before it was interrupted. Raises :class:`QuoteChanged`, :class:`CardDeclined`,
    :class:`ChargeOutcomeUnknown` when the processor does not answer, and what ``price`` raises.
    """
    program = partners.program_of(partner_id=partner_id)

    def attempt() -> Account:
        account = accounts.get_for(by, partner_id=partner_id, account_id=account_id)
        if account.charge is not None and is_own(account, account.charge, program):
            cut_off = AccountIntent(account, account.charge, program)
            (result,) = charges.finish([cut_off], payer=account.payer, now=now, actor=actor)
            return _charged(result)
        priced = price(account, program)
        if isinstance(priced, Account):
            return priced
        return _made(priced, expect_due_today, program=program, now=now, actor=actor)

    return transactions.retry(attempt, busy=f"Others kept changing {account_id}. Try again in a moment.")


def preview_change(
    *,
    partner_id: str,
    account_id: str,
    price: Callable[[Account, Program], PricedChange],
    expect_due_today: int | None,
    by: Caller,
) -> Quote:
    """The quote of the change that ``price`` works out; nothing changes. Raises :class:`QuoteChanged`, and what
    ``price`` raises.
    """
    program = partners.program_of(partner_id=partner_id)
    account = accounts.get_for(by, partner_id=partner_id, account_id=account_id)
    return as_expected(price(account, program).quote, expect_due_today)


def profile_faults(payer: str, profile_id: str | None) -> Iterable[tuple[str, str]]:
    """What is wrong with a billing profile in a request: it has to be the payer's."""
    if profile_id is None:
        return
    try:
        billing_profiles.get_profile(partner_id=payer, profile_id=profile_id)
    except NotFound:
        yield "billing_profile_id", f"{profile_id} is no billing profile of yours"


def as_expected(quote: Quote, due_today: int | None) -> Quote:
    """The quote. Raises :class:`QuoteChanged` if the caller expects another amount to be due; None expects nothing."""
    if due_today not in (None, quote.due_today.amount):
        raise QuoteChanged(quote)
    return quote


def _made(priced: PricedChange, expect: int | None, *, program: Program, now: datetime, actor: str) -> Account:
    """The account after the change. Raises :class:`WriteConflict` when it has to be worked out anew."""
    account, charge = priced.account, priced.charge
    if charge is not None and not account.single_bill:
        _refuse_unless_payable(account, charge)
    as_expected(priced.quote, expect)
    if charge is not None:
        intent = AccountIntent(account, charge, program)
        (result,) = charges.make([intent], payer=account.payer, program=program, now=now, actor=actor)
        return _charged(result)
    if priced.free is None:
        return account
    return write_transition(priced.free, program=program, now=now, actor=actor)


def _refuse_unless_payable(account: Account, charge: Charge) -> None:
    """Refuse without a billing profile to charge; that of an account which ended may have been deleted since."""
    if charge.billing_profile_id is None and account.pays_itself and charge.total:
        raise NoCard("Add a card first, then ask again.")
    if charge.billing_profile_id is None and not account.pays_itself:
        raise Invalid(errors=[("billing_profile_id", "is needed for a plan that has a price")])
    if account.has_ended and (faults := list(profile_faults(account.payer, charge.billing_profile_id))):
        raise Invalid(errors=faults)


def _charged(result: Result) -> Account:
    """The account after its charge was paid. Raises :class:`WriteConflict` if the change has to be worked out anew."""
    intent = result.intent
    assert isinstance(intent, AccountIntent)
    paid = refuse_unpaid(
        result,
        declined="The card was declined; nothing was changed and nothing was charged.",
        unknown="It will be done or left as it is within minutes. Repeat the request to learn which.",
    )
    if paid is not None and not paid.by_other_run:
        return intent.account
    if paid is not None:
        account = accounts.get_account(partner_id=intent.account.partner_id, account_id=intent.subject)
        if account.runs and account.plan == intent.charge.plan:
            return account
    raise WriteConflict([intent.subject])
