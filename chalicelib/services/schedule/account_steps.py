"""The steps that time takes with accounts: many accounts of one payer at once, kind by kind.

The due index is the truth: a step that was not taken stays due, and is taken by whoever comes next.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from functools import cached_property

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, local_today
from chalicelib.domain.accounts.lifecycle import Step, StepKind
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import CHARGES_AT_ONCE
from chalicelib.domain.schedule import quiet_steps, renewals
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts.transitions import Transition, cancellation, write_transitions
from chalicelib.services.charging import charges
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.charges import NotPaid, Paid, PriceChanged, never
from chalicelib.services.partners import expiring_cards, partners

_ROUNDS = 40
"""Steps of one account that one message takes: more than a year's, few enough for the worker's time."""


@dataclass(frozen=True)
class Run:
    """What all steps of one run of the worker have in common."""

    payer: str
    now: datetime
    actor: str
    out_of_time: Callable[[], bool] = never

    @cached_property
    def program(self) -> Program:
        """The payer's program, read when the first step needs it."""
        return partners.program_of_payer(self.payer)

    def write(self, transitions: Sequence[Transition]) -> dict[str, Account]:
        """Write transitions in one transaction; the accounts as stored, without those somebody else changed."""
        return write_transitions(transitions, program=self.program, now=self.now, actor=self.actor)


@dataclass
class StepsTaken:
    """What a run did, for the log: steps by kind, charges by outcome; not ``finished`` if its time was up.

    ``lateness`` is how long ago the first of the accounts' alarms rang.
    """

    counts: dict[str, int] = field(default_factory=dict)
    finished: bool = True
    lateness: timedelta = timedelta(0)

    def add(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def include(self, other: "StepsTaken") -> None:
        for what, number in other.counts.items():
            self.add(what, number)
        self.finished = self.finished and other.finished
        self.lateness = max(self.lateness, other.lateness)


Due = tuple[Account, Step]


@dataclass
class _Outcome:
    """What steps came to: charges, which are settled or frozen, and transitions, which are still to be written."""

    charged: list[charges.Result] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)

    def include(self, other: "_Outcome") -> None:
        self.charged += other.charged
        self.transitions += other.transitions

    @property
    def begun(self) -> set[str]:
        """The accounts whose step was begun; the others' stays due."""
        return {result.intent.subject for result in self.charged} | {each.before.id for each in self.transitions}


def take_due_steps(account_ids: Sequence[str], *, run: Run) -> StepsTaken:
    """Take each account's steps until none of them is due. An account with nothing due costs its read only.

    One whose payer has changed since it was sent stays due, and is sent again to its new payer's messages.
    Once the run is out of time, no step is begun and no card charged; what is left stays due.
    """
    woken = account_rows.get_with_alarms(account_ids)
    woken = {account_id: found for account_id, found in woken.items() if found[0].payer == run.payer}
    first = min((rang_at for _, rang_at in woken.values() if rang_at is not None), default=run.now)
    taken = StepsTaken(lateness=max(run.now - first, timedelta(0)))
    accounts = {account_id: account for account_id, (account, _) in woken.items()}
    _reset_stale_alarms(woken.values(), taken, run=run)
    for _ in range(_ROUNDS):
        due = _due(accounts.values(), run=run)
        accounts = {}
        for start in range(0, len(due), CHARGES_AT_ONCE):
            taken.finished = taken.finished and not run.out_of_time()
            if not taken.finished:
                return taken
            accounts |= _take_one_step_each(due[start : start + CHARGES_AT_ONCE], taken, run=run)
        if not accounts:
            return taken
    return taken  # what is still due is sent again


def _reset_stale_alarms(woken: Iterable[tuple[Account, datetime | None]], taken: StepsTaken, *, run: Run) -> None:
    """Set alarms anew that rang although nothing is due: the program's days were changed since they were set."""
    stale = [
        Transition(account, account, "")
        for account, rang_at in woken
        if rang_at is not None
        and rang_at <= run.now
        and lifecycle.next_step(account, program=run.program, now=run.now) is None
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
    _count(due, outcome, taken)
    after = {
        result.intent.subject: result.intent.account  # one whose price changed as it was, to be priced anew
        for result in outcome.charged
        if isinstance(result.intent, AccountIntent) and _goes_on(result)
    }
    return after | run.write(outcome.transitions)


def _count(due: list[Due], outcome: _Outcome, taken: StepsTaken) -> None:
    for result in outcome.charged:
        taken.add(type(result).__name__.lower())
    begun = outcome.begun
    for account, step in due:
        if account.id not in begun:
            taken.finished = False
        elif step.kind not in _CHARGING:
            taken.add(step.kind)


def _goes_on(result: charges.Result) -> bool:
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
    wallet, invoices = wallet_rows.get(run.payer), _open_invoices(due, run)
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
        out_of_time=run.out_of_time,
    )
    return outcome


def _renewal(account: Account, wallet: Wallet, run: Run) -> AccountIntent | Transition:
    """The charge of the period that begins; the transition of one that costs nothing, or waits for an unpaid bill."""
    if account.single_bill and not (wallet.single_bill is not None and wallet.single_bill.takes_invoices):
        return Transition(account, lifecycle.deferred(account, now=run.now), "")
    charge = renewals.next_charge(account, program=run.program, wallet=wallet, now=run.now)
    if charge is None:
        return Transition(account, quiet_steps.advanced_unpriced(account, now=run.now), "account.renewed")
    return AccountIntent(account, charge, run.program)


def _retry(account: Account, invoice: Invoice, run: Run) -> AccountIntent:
    """The next attempt at the open invoice of an account that is past due."""
    assert account.overdue is not None
    on_schedule = lifecycle.scheduled_retry(account, account.overdue, program=run.program) <= run.now
    charge = renewals.retry_charge(account, invoice, on_schedule=on_schedule, now=run.now)
    return AccountIntent(account, charge, run.program, open_invoice=invoice)


def _open_invoices(due: list[Due], run: Run) -> dict[str, Invoice]:
    return invoice_rows.get_many(run.payer, [account.overdue.invoice_id for account, _ in due if account.overdue])


def _take_quiet_steps(due: list[Due], run: Run) -> _Outcome:
    """Remind, end and archive: steps that charge nothing."""
    return _Outcome(transitions=[_quiet_step(account, step, run) for account, step in due])


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
