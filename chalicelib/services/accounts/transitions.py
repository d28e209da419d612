"""Changes of accounts that are not charged for: status, reminders, details.

One transaction writes the change and all that depends on it: the counts of active paid accounts, the money set aside
for an account that ends or has another payer, the open invoice of one that is canceled, the card of a client who pays
no more.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, Status
from chalicelib.domain.billing import invoices
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.wallets import Mismatch
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Busy, Write, WriteConflict, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging.wallet_effects import adjust_active_count, release_set_aside

_TRIES = 50
"""More than the transitions of one call: other requests may change their accounts one after the other."""


@dataclass(frozen=True)
class Transition:
    """An account before and after a change, and the event that the change is published as.

    ``others`` are written with it, all or nothing: what asked for the change, or what ends with it.
    """

    before: Account
    after: Account
    event: str
    others: tuple[Write, ...] = ()

    @property
    def payers(self) -> tuple[str, ...]:
        """The payers whose wallets the change concerns: none, the account's, or the old and the new one."""
        before, after = self.before, self.after
        if before.payer != after.payer:
            return before.payer, after.payer
        counts = before.counts_as_active_paid != after.counts_as_active_paid
        return (before.payer,) if counts or (before.set_aside and not after.set_aside) else ()

    @property
    def touches(self) -> frozenset[str]:
        """The subjects whose change makes the transition outdated: all it has a condition on, but wallets and card."""
        invoice = {self.before.overdue.invoice_id} if self.before.overdue else set()
        others = {write.subject for write in self.others}
        return frozenset({self.before.id, names.subject(self.before.name), *invoice, *others})

    @property
    def frees_name(self) -> bool:
        """Whether the name becomes free again: the account could not be prepared, so nobody ever used it (§2)."""
        reason = ExpiryReason.PROVISIONING_FAILED
        return self.after.expiry_reason is reason and self.before.expiry_reason is not reason


def cancellation(before: Account, after: Account) -> Transition:
    """The transition of a cancellation; its event says what came of it."""
    if after.status is Status.EXPIRED:
        return Transition(before, after, "account.expired")
    if after.status is Status.CANCELED:
        return Transition(before, after, "account.canceled")
    return Transition(before, after, "account.cancellation_scheduled")


def write_transitions(
    transitions: Sequence[Transition], *, program: Program, now: datetime, actor: str
) -> dict[str, Account]:
    """Write the changes, all in one transaction; the accounts as stored, by id.

    ``program`` is that of the accounts' partner, after the change if they move. An account that somebody else changed
    meanwhile stays as it is and is missing from the result. Raises :class:`Busy` when others keep changing a wallet.
    """
    for _ in range(_TRIES):
        if not transitions:
            return {}
        try:
            return _write(transitions, program=program, now=now, actor=actor)
        except WriteConflict as conflict:
            transitions = [each for each in transitions if not each.touches & conflict.subjects]
        except Mismatch:
            if not (changed := _changed_since(transitions)):
                raise
            transitions = [each for each in transitions if each.before.id not in changed]
    payers = ", ".join(sorted({payer for each in transitions for payer in each.payers}))
    raise Busy(f"Others kept changing the wallet of {payers}. Try again in a moment.", retry_after=1)


def _changed_since(transitions: Sequence[Transition]) -> set[str]:
    """The accounts that are no longer as the transitions begin: a wallet read later may know of it already."""
    stored = account_rows.get_many([each.before.id for each in transitions])
    return {each.before.id for each in transitions if stored.get(each.before.id) != each.before}


def write_transition(transition: Transition, *, program: Program, now: datetime, actor: str) -> Account:
    """Write one change; the account as stored. Raises :class:`WriteConflict` if somebody else changed it meanwhile."""
    account = transition.before
    stored = write_transitions([transition], program=program, now=now, actor=actor)
    if not stored:
        raise WriteConflict([account.id])
    return stored[account.id]


def _write(transitions: Sequence[Transition], *, program: Program, now: datetime, actor: str) -> dict[str, Account]:
    payers = dict.fromkeys(payer for each in transitions for payer in each.payers)
    wallets = {payer: wallet_rows.get_or_new(payer, currency=program.currency) for payer in payers}
    after = dict(wallets)
    writes: list[Write] = []
    stored: dict[str, Account] = {}
    for transition in transitions:
        before, account = transition.before, transition.after
        put = account_rows.put(account, program=program, actor=actor, event=transition.event)
        stored[account.id] = account_rows.stored(put)
        writes += [put, *transition.others, *_void_open_invoice(transition, now=now, actor=actor)]
        writes += _card_off_file(transition, now=now, actor=actor)
        if transition.frees_name:
            writes.append(names.give_back(before.name, account_id=before.id))
        for payer in transition.payers:
            wallet, releases = release_set_aside(after[payer], before, account, now=now, actor=actor)
            after[payer] = adjust_active_count(wallet, before, account)
            writes += releases
    changed = (each for each in after.values() if each != wallets[each.payer] or not each.version)
    try:
        commit([*writes, *map(wallet_rows.put, changed)])
    except WriteConflict:
        if account_rows.get_many(stored) != stored:
            raise
    return stored  # after a conflict: this very write went through before, and only its response was lost


def _card_off_file(transition: Transition, *, now: datetime, actor: str) -> list[Write]:
    """A client who no longer pays has no card on file: if it ever pays again, it decides anew by which card (§9)."""
    before, after = transition.before, transition.after
    if not before.pays_itself or after.pays_itself or before.billing_profile_id is None:
        return []
    card = profile_rows.get(before.id, before.billing_profile_id)
    if card is None:
        return []
    gone = replace(card, deleted_at=now, default=False, updated_at=now)
    return [profile_rows.put(gone, actor=actor, event="billing_profile.deleted")]


def _void_open_invoice(transition: Transition, *, now: datetime, actor: str) -> list[Write]:
    """An account that ends while past due leaves no open invoice behind (§3)."""
    before = transition.before
    if before.overdue is None or transition.after.overdue is not None:
        return []
    invoice = invoice_rows.get(before.payer, before.overdue.invoice_id)
    if invoice is None:
        return []
    return [invoice_rows.put(invoices.voided(invoice), now=now, actor=actor, event="invoice.voided")]
