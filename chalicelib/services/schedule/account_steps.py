"""The steps that time takes with accounts: many accounts of one payer at once, kind by kind.

The due index is the truth: a step that was not taken stays due, and is taken by whoever comes next.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, local_today
from chalicelib.domain.accounts.lifecycle import Step, StepKind
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.charging.charges import CHARGES_AT_ONCE
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.schedule import quiet_steps, renewals
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.reads import together
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts.transitions import Transition, cancellation
from chalicelib.services.charging import charges
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.intents import ChargeIntent
from chalicelib.services.charging.results import NotPaid, Paid, PriceChanged, Result, Unknown
from chalicelib.services.partners import expiring_cards
from chalicelib.services.schedule.runs import Run, StepsTaken

_ROUNDS = 40
"""Steps of one account that one message takes: more than a year's, few enough for the worker's time."""


Due = tuple[Account, Step]


@dataclass
class _Outcome:
    """What steps came to: charges, which are settled or frozen; transitions and reminders are still to be written."""

    charged: list[Result] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    reminders: list[Transition] = field(default_factory=list)
    tops_up: bool = True

    def include(self, other: "_Outcome") -> None:
        self.charged += other.charged
        self.transitions += other.transitions
        self.reminders += other.reminders
        self.tops_up = self.tops_up and other.tops_up

    @property
    def begun(self) -> set[str]:
        """The accounts whose step was begun; the others' stays due."""
        uncharged = {each.before.id for each in (*self.transitions, *self.reminders)}
        return {result.intent.subject for result in self.charged} | uncharged


def take_due_steps(account_ids: Sequence[str], *, run: Run) -> StepsTaken:
    """Take each account's steps until none of them is due. An account with nothing due costs its read only.

    One whose payer has changed since it was sent stays due, and is sent again to its new payer's messages.
    Once the run is out of time, no step is begun and no card charged; what is left stays due.
    """
    woken, run = _read(account_ids, run)
    first = min((rang_at for _, rang_at in woken.values() if rang_at is not None), default=run.now)
    taken = StepsTaken(lateness=max(run.now - first, timedelta(0)))
    due = _due((account for account, _ in woken.values()), run=run)
    _reset_stale_alarms(woken.values(), due, taken, run=run)
    for _ in range(_ROUNDS):
        accounts: dict[str, Account] = {}
        for start in range(0, len(due), CHARGES_AT_ONCE):
            taken.finished = taken.finished and not run.out_of_time()
            if not taken.finished:
                return taken
            accounts |= _take_one_step_each(due[start : start + CHARGES_AT_ONCE], taken, run=run)
        if not accounts:
            return taken
        due = _due(accounts.values(), run=run)
    return taken  # what is still due is sent again


def _read(account_ids: Sequence[str], run: Run) -> tuple[dict[str, tuple[Account, datetime | None]], Run]:
    """The payer's accounts with the alarms they carry, and the run with the partner that pays: all in one request."""
    reads = {account_id: account_rows.read_with_alarm(account_id) for account_id in account_ids}
    partner = partner_rows.read(run.payer) if run.partner_pays else None
    rows = together(*reads.values(), partner)
    found = {account_id: rows.of(read) for account_id, read in reads.items()}
    woken = {account_id: each for account_id, each in found.items() if each is not None and each[0].payer == run.payer}
    return woken, replace(run, partner=rows.of(partner))


def _reset_stale_alarms(
    woken: Iterable[tuple[Account, datetime | None]], due: list[Due], taken: StepsTaken, *, run: Run
) -> None:
    """Set alarms anew that rang although nothing is due: the program's days were changed since they were set."""
    with_a_step = {account.id for account, _ in due}
    stale = [
        Transition(account, account, "")
        for account, rang_at in woken
        if rang_at is not None and rang_at <= run.now and account.id not in with_a_step
    ]
    for start in range(0, len(stale), CHARGES_AT_ONCE):
        if run.out_of_time():
            return  # they stay due
        run.write(stale[start : start + CHARGES_AT_ONCE])
    if stale:
        taken.add("set_anew", len(stale))


def _due(accounts: Iterable[Account], *, run: Run) -> list[Due]:
    """The accounts with a step to take, in the order they fell due: prepaid money goes to the first (§6)."""
    found = ((account, lifecycle.next_step(account, program=run.program, now=run.now)) for account in accounts)
    due = [(account, step) for account, step in found if step is not None]
    return sorted(due, key=lambda each: (each[1].due_at, each[0].id))


def _take_one_step_each(due: list[Due], taken: StepsTaken, *, run: Run) -> dict[str, Account]:
    """Take one step of each account: charges through the charging service, all else in one transaction.

    Returns the accounts as they are afterwards, without those that somebody else changed.
    """
    outcome = _Outcome()
    for take in dict.fromkeys(_TAKEN_BY.values()):
        if of_its_kinds := [(account, step) for account, step in due if _TAKEN_BY[step.kind] is take]:
            outcome.include(take(of_its_kinds, run))
    taken.tops_up = taken.tops_up and outcome.tops_up
    _count(due, outcome, taken)
    after = {
        result.intent.subject: result.intent.account  # one whose price changed as it was, to be priced anew
        for result in outcome.charged
        if isinstance(result.intent, AccountIntent) and _goes_on(result)
    }
    return after | run.write(outcome.transitions) | run.write_one_by_one(outcome.reminders)


def _count(due: list[Due], outcome: _Outcome, taken: StepsTaken) -> None:
    for result in outcome.charged:
        taken.add(type(result).__name__.lower())
    begun = outcome.begun
    for account, step in due:
        if account.id not in begun:
            taken.finished = False
        elif step.kind not in _CHARGING:
            taken.add(step.kind)


def _goes_on(result: Result) -> bool:
    """Whether this run knows the account as it is stored now; otherwise it is somebody else's, or waits."""
    match result:
        case Paid(by_other_run=by_other_run) | NotPaid(by_other_run=by_other_run):
            return not by_other_run
        case PriceChanged():
            return True
        case _:
            return False


def _finish_charges(due: list[Due], run: Run) -> _Outcome:
    """Finish charges that were held and cut off, as they were frozen."""
    invoices = _open_invoices(due, run)
    intents = [
        AccountIntent(account, account.charge, run.program, open_invoice=invoices.get(account.charge.id))
        for account, _ in due
        if account.charge is not None
    ]
    return _Outcome(charges.finish(intents, payer=run.payer, now=run.now, actor=run.actor, out_of_time=run.out_of_time))


def _charge_renewals_and_retries(due: list[Due], run: Run) -> _Outcome:
    """Charge the periods that begin, and open invoices again, in the order they fell due (§6)."""
    outcome = _Outcome()
    if run.out_of_time():
        return outcome  # nothing is held whose card would not be charged
    wallet, profiles = _read_payer(due, run)
    outcome.tops_up = wallet.top_up is not None
    invoices = _open_invoices(due, run)
    intents: list[AccountIntent] = []
    for account, step in due:
        if step.kind is StepKind.RETRY_CHARGE and account.overdue is not None:
            intents.append(_retry(account, invoices[account.overdue.invoice_id], run))
            continue
        match _renewal(account, wallet, run):
            case AccountIntent() as intent:
                intents.append(intent)
            case uncharged:
                outcome.transitions.append(uncharged)
    outcome.charged = charges.make(
        intents,
        payer=run.payer,
        program=run.program,
        now=run.now,
        actor=run.actor,
        wallet=wallet,
        partner=run.partner,
        profiles=profiles,
        out_of_time=run.out_of_time,
    )
    outcome.transitions += [_asked_again(result.intent) for result in outcome.charged if isinstance(result, Unknown)]
    return outcome


def _asked_again(intent: ChargeIntent) -> Transition:
    """The account whose card gave no answer, with the alarm by which it is asked again."""
    assert isinstance(intent, AccountIntent)
    return Transition(intent.account, intent.account, "")


def _read_payer(due: list[Due], run: Run) -> tuple[Wallet, dict[str, BillingProfile]]:
    """The payer's wallet, and the billing profiles that its invoices and cards are of: in one request."""
    ids = dict.fromkeys(account.billing_profile_id for account, _ in due if account.billing_profile_id)
    profiles = {profile_id: profile_rows.read(run.payer, profile_id) for profile_id in ids}
    wallet = wallet_rows.read(run.payer)
    rows = together(wallet, *profiles.values())
    stored = rows.of(wallet)
    assert stored is not None, "whoever has paid for a period has a wallet"
    found = {profile_id: rows.of(read) for profile_id, read in profiles.items()}
    return stored, {profile_id: profile for profile_id, profile in found.items() if profile is not None}


def _renewal(account: Account, wallet: Wallet, run: Run) -> AccountIntent | Transition:
    """The charge of the period that begins; the transition of one that costs nothing, or waits for an unpaid bill."""
    if account.single_bill and not (wallet.single_bill is not None and wallet.single_bill.takes_invoices):
        return Transition(account, lifecycle.deferred(account, now=run.now), "")
    charge = renewals.next_charge(account, program=run.program, wallet=wallet, now=run.now)
    if charge is None:
        return Transition(account, quiet_steps.advanced_unpriced(account, now=run.now), "account.renewed")
    return AccountIntent(account, charge, run.program, is_due=True)


def _retry(account: Account, invoice: Invoice, run: Run) -> AccountIntent:
    """The next attempt at the open invoice of an account that is past due."""
    assert account.overdue is not None
    on_schedule = lifecycle.scheduled_retry(account, account.overdue, program=run.program) <= run.now
    charge = renewals.retry_charge(account, invoice, on_schedule=on_schedule, now=run.now)
    return AccountIntent(account, charge, run.program, open_invoice=invoice, is_due=True)


def _open_invoices(due: list[Due], run: Run) -> dict[str, Invoice]:
    return invoice_rows.get_many(run.payer, [account.overdue.invoice_id for account, _ in due if account.overdue])


def _take_quiet_steps(due: list[Due], run: Run) -> _Outcome:
    """Remind, end and archive: steps that charge nothing."""
    taken = [(step.kind in _REMINDERS, _quiet_step(account, step, run)) for account, step in due]
    return _Outcome(
        transitions=[each for is_reminder, each in taken if not is_reminder],
        reminders=[each for is_reminder, each in taken if is_reminder],
    )


def _quiet_step(account: Account, step: Step, run: Run) -> Transition:
    if step.kind is StepKind.ANNOUNCE_CARD_EXPIRY:
        today = local_today(account, run.now)
        expiring_cards.publish_expiring_cards(payer=account.payer, today=today, now=run.now, actor=run.actor)
    after = quiet_steps.taken(account, step, now=run.now)
    if step.kind is StepKind.CANCEL:
        return cancellation(account, after)
    return Transition(account, after, _QUIET_EVENTS[step.kind])


def _prepare(due: list[Due], run: Run) -> _Outcome:
    """Have accounts prepared by the product's platform (§2)."""
    from chalicelib.services.setup import provisioning

    accounts = [account for account, _ in due]
    return _Outcome(
        transitions=provisioning.prepare(accounts, now=run.now, actor=run.actor, out_of_time=run.out_of_time)
    )


def _refund(due: list[Due], run: Run) -> _Outcome:
    """Give back what was paid for accounts that could not be prepared (§2)."""
    from chalicelib.services.setup import provisioning

    refunded = (
        provisioning.refund_all(account, now=run.now, actor=run.actor, out_of_time=run.out_of_time)
        for account, _ in due
    )
    return _Outcome(transitions=[transition for transition in refunded if transition is not None])


_QUIET_EVENTS = {
    StepKind.REMIND_OF_RENEWAL: "account.renewal_upcoming",
    StepKind.REMIND_OF_TRIAL_END: "account.trial_ending",
    StepKind.ANNOUNCE_CARD_EXPIRY: "",  # the event is the card's
    StepKind.END_TRIAL: "account.expired",
    StepKind.CANCEL: "",  # depends on what it comes to
    StepKind.EXPIRE: "account.expired",
    StepKind.ARCHIVE: "account.archived",
}
"""Steps that charge nothing, and the event each publishes."""

_REMINDERS = frozenset({StepKind.REMIND_OF_RENEWAL, StepKind.REMIND_OF_TRIAL_END})
"""Steps that change the account and nothing else, whatever else is due."""

_CHARGING = frozenset({StepKind.FINISH_CHARGE, StepKind.CHARGE_PERIOD, StepKind.RETRY_CHARGE})

_TAKEN_BY: dict[StepKind, Callable[[list[Due], Run], _Outcome]] = {
    StepKind.FINISH_CHARGE: _finish_charges,
    StepKind.CHARGE_PERIOD: _charge_renewals_and_retries,
    StepKind.RETRY_CHARGE: _charge_renewals_and_retries,
    **dict.fromkeys(_QUIET_EVENTS, _take_quiet_steps),
    StepKind.PREPARE: _prepare,
    StepKind.REFUND_ALL: _refund,
}
"""The function that takes each kind of step; they are called in this order."""
