"""What time does to accounts: taking every step that is due, many accounts of one payer at once.

The due index is the truth: a step that was not taken stays due, and is taken by whoever comes next.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.lifecycle import Step, StepKind
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.schedule import quiet_steps, renewals
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import ledger
from chalicelib.models.charging import pending_charges
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts.transitions import Transition, cancellation, write_transitions
from chalicelib.services.billing import failed_refunds
from chalicelib.services.charging import charges
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.charges import CHARGES_AT_ONCE, NotPaid, Paid, PriceChanged, never
from chalicelib.services.charging.intents import ChargeIntent
from chalicelib.services.partners import partners
from chalicelib.services.setup import provisioning
from chalicelib.services.wallet.pending_intents import intent_of

_ROUNDS = 40
"""Steps of one account that one message takes: more than a year's, few enough for the worker's time."""


@dataclass
class Taken:
    """What one call did, for the log: steps by kind, charges by outcome; not ``finished`` if its time was up."""

    counts: dict[str, int] = field(default_factory=dict)
    finished: bool = True

    def add(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def include(self, other: "Taken") -> None:
        """Count what another call did."""
        for what, number in other.counts.items():
            self.add(what, number)
        self.finished = self.finished and other.finished


def take_due_steps(
    *,
    payer: str,
    account_ids: Sequence[str],
    now: datetime,
    actor: str,
    out_of_time: Callable[[], bool] = never,
) -> Taken:
    """Take each account's steps until nothing of its is due. One not due any more costs its read only.

    No step is begun and no card asked once ``out_of_time`` says so; what is left stays due.
    """
    taken = Taken()
    program = partners.program_of(partner_id=payer)
    woken = account_rows.get_with_alarms(account_ids)
    book = {account_id: account for account_id, (account, _) in woken.items()}
    _set_anew(woken.values(), payer=payer, program=program, now=now, actor=actor, taken=taken, out_of_time=out_of_time)
    for _ in range(_ROUNDS):
        due = _due(book.values(), program=program, now=now)
        if not due:
            return taken
        book = {}
        for chunk in _chunks(due):
            if out_of_time():
                taken.finished = False
                return taken
            book |= _take(
                chunk, payer=payer, program=program, now=now, actor=actor, taken=taken, out_of_time=out_of_time
            )
            if not taken.finished:
                return taken
    return taken  # what is still due is sent again


def _set_anew(
    woken: Iterable[tuple[Account, datetime | None]],
    *,
    payer: str,
    program: Program,
    now: datetime,
    actor: str,
    taken: Taken,
    out_of_time: Callable[[], bool],
) -> None:
    """Set alarms anew that rang although nothing is due: the program's days were changed since they were set."""
    stale = [
        account
        for account, rang_at in woken
        if rang_at is not None and rang_at <= now and lifecycle.next_step(account, program=program, now=now) is None
    ]
    for start in range(0, len(stale), CHARGES_AT_ONCE):
        if out_of_time():
            return  # they stay due
        chunk = [Transition(account, account, "") for account in stale[start : start + CHARGES_AT_ONCE]]
        write_transitions(chunk, payer=payer, program=program, now=now, actor=actor)
    if stale:
        taken.add("set_anew", len(stale))


def finish_pending_charge(*, payer: str, pending_id: str, now: datetime, actor: str) -> None:
    """Go on with a pending charge that was cut off between its hold and its settling.

    One that is settled may be a refund that has failed since: then it is undone.
    """
    pending = pending_charges.get(pending_id)
    if pending is None:
        failed_refunds.undo_if_failed(payer=payer, refund_id=pending_id, now=now, actor=actor)
        return
    charges.finish([intent_of(pending)], payer=pending.payer, now=now, actor=actor)


Due = tuple[Account, Step]


def _due(book: Iterable[Account], *, program: Program, now: datetime) -> list[Due]:
    """The accounts with a step to take, in the order they fell due: prepaid money goes to the first (§6)."""
    found = ((account, lifecycle.next_step(account, program=program, now=now)) for account in book)
    due = [(account, step) for account, step in found if step is not None]
    return sorted(due, key=lambda each: (each[1].due_at, each[0].id))


def _chunks(due: list[Due]) -> Iterable[list[Due]]:
    return (due[i : i + CHARGES_AT_ONCE] for i in range(0, len(due), CHARGES_AT_ONCE))


def _take(
    due: list[Due],
    *,
    payer: str,
    program: Program,
    now: datetime,
    actor: str,
    taken: Taken,
    out_of_time: Callable[[], bool],
) -> dict[str, Account]:
    """Take one step of each account: charges through the one service, everything else in one transaction.

    Returns the accounts as they are afterwards; one that somebody else changed is left out. What takes time asks
    ``out_of_time`` before each item. What is not begun stays due, and nothing is ``finished`` then.
    """
    cut_off = [account for account, step in due if step.kind is StepKind.FINISH_CHARGE]
    charging = [(account, step) for account, step in due if step.kind in _CHARGING]
    quiet = [(account, step) for account, step in due if step.kind in _QUIET]
    preparing = [account for account, step in due if step.kind is StepKind.PREPARE]
    refunding = [account for account, step in due if step.kind is StepKind.REFUND_ALL]

    frozen = _frozen_intents(cut_off, payer, program)
    results = charges.finish(frozen, payer=payer, now=now, actor=actor, out_of_time=out_of_time)
    if out_of_time():
        charging = []  # nothing is held whose card would not be asked
        taken.finished = False
    sorted_out = _sorted(charging, payer=payer, program=program, now=now)
    results += charges.make(
        sorted_out.intents, payer=payer, program=program, now=now, actor=actor, out_of_time=out_of_time
    )

    after: dict[str, Account] = {}
    for result in results:
        taken.add(type(result).__name__.lower())
        if isinstance(result.intent, AccountIntent) and _goes_on(result):
            after[result.intent.subject] = result.intent.account  # outdated: as it was, to be priced anew
    transitions = [
        Transition(account, quiet_steps.advanced_unpriced(account, now=now), "account.renewed")
        for account in sorted_out.unpriced
    ]
    transitions += [Transition(account, lifecycle.deferred(account, now=now), "") for account in sorted_out.deferred]
    transitions += [_quiet(account, step, now=now) for account, step in quiet]
    transitions += provisioning.prepare(preparing, now=now, actor=actor, out_of_time=out_of_time)
    for account in refunding:
        refunded = provisioning.refund_all(account, now=now, actor=actor, out_of_time=out_of_time)
        transitions += [refunded] if refunded else []
    begun = {each.before.id for each in transitions}
    for account, step in due:
        if step.kind in _CHARGING or step.kind is StepKind.FINISH_CHARGE:
            continue
        if account.id in begun:
            taken.add(step.kind)
        else:
            taken.finished = False
    return after | write_transitions(transitions, payer=payer, program=program, now=now, actor=actor)


def _goes_on(result: charges.Result) -> bool:
    """Whether this run knows the account as it is stored now; otherwise it is somebody else's, or waits."""
    match result:
        case Paid(by_other_run=by_other_run) | NotPaid(by_other_run=by_other_run):
            return not by_other_run
        case PriceChanged():
            return True
        case _:
            return False


def _frozen_intents(cut_off: list[Account], payer: str, program: Program) -> list[ChargeIntent]:
    """Orders for charges that were held and never settled, as they were frozen."""
    invoices = ledger.get_invoices(payer, [a.overdue.invoice_id for a in cut_off if a.overdue])
    return [
        AccountIntent(
            account=account,
            charge=account.charge,
            program=program,
            open_invoice=invoices.get(account.charge.id),
        )
        for account in cut_off
        if account.charge is not None
    ]


@dataclass
class _Charging:
    """Accounts whose period or retry is due, sorted by what can be done about it."""

    intents: list[ChargeIntent] = field(default_factory=list)
    unpriced: list[Account] = field(default_factory=list)
    deferred: list[Account] = field(default_factory=list)


def _sorted(charging: list[Due], *, payer: str, program: Program, now: datetime) -> _Charging:
    """Orders for the periods and retries that are due; accounts whose period costs nothing, or has to wait."""
    found = _Charging()
    if not charging:
        return found
    wallet = wallet_rows.get(payer)
    open_invoices = ledger.get_invoices(payer, [a.overdue.invoice_id for a, _ in charging if a.overdue])
    for account, step in charging:
        if step.kind is StepKind.RETRY_CHARGE and account.overdue is not None:
            invoice = open_invoices[account.overdue.invoice_id]
            on_schedule = lifecycle.scheduled_retry(account, account.overdue, program=program) <= now
            charge = renewals.retry_charge(account, invoice, on_schedule=on_schedule, now=now)
            found.intents.append(AccountIntent(account, charge, program, open_invoice=invoice))
        elif account.single_bill and not _takes_invoices(wallet):
            found.deferred.append(account)
        elif (renewal := renewals.next_charge(account, program=program, wallet=wallet, now=now)) is None:
            found.unpriced.append(account)
        else:
            found.intents.append(AccountIntent(account, renewal, program))
    return found


def _takes_invoices(wallet: Wallet) -> bool:
    return wallet.single_bill is not None and wallet.single_bill.takes_invoices


_CHARGING = frozenset({StepKind.CHARGE_PERIOD, StepKind.RETRY_CHARGE})

_QUIET = {
    StepKind.REMIND_OF_RENEWAL: "account.renewal_upcoming",
    StepKind.REMIND_OF_TRIAL_END: "account.trial_ending",
    StepKind.END_TRIAL: "account.expired",
    StepKind.CANCEL: "",  # told as what it came to
    StepKind.EXPIRE: "account.expired",
    StepKind.ARCHIVE: "account.archived",
}
"""Steps that ask nobody for money, and the event each is told as."""


def _quiet(account: Account, step: Step, *, now: datetime) -> Transition:
    after = quiet_steps.TAKEN[step.kind](account, step, now)
    return (
        cancellation(account, after) if step.kind is StepKind.CANCEL else Transition(account, after, _QUIET[step.kind])
    )
