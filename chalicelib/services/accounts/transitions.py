"""Changes of accounts that are not charged for: status, reminders, details.

One transaction writes the change and all that depends on it: the count of active paid accounts, the
money set aside for an account that ends, the open invoice of one that is canceled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, Status
from chalicelib.domain.billing import invoices
from chalicelib.domain.catalog.programs import Program
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.transactions import Busy, Write, WriteConflict, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging.wallet_effects import adjust_active_count, release_set_aside

_TRIES = 50
"""More than the transitions of one call: other requests may change their accounts one after the other."""


@dataclass(frozen=True)
class Transition:
    """An account before and after a change, and the event that the change is published as."""

    before: Account
    after: Account
    event: str

    @property
    def concerns_wallet(self) -> bool:
        return self.before.counts_as_active_paid != self.after.counts_as_active_paid or bool(
            self.before.set_aside and not self.after.set_aside
        )

    @property
    def touches(self) -> frozenset[str]:
        """The subjects of every row that the writes have a condition on, except the wallet."""
        invoice = {self.before.overdue.invoice_id} if self.before.overdue else set()
        return frozenset({self.before.id, names.subject(self.before.name), *invoice})

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
    transitions: Sequence[Transition], *, payer: str, program: Program, now: datetime, actor: str
) -> dict[str, Account]:
    """Write the changes, all in one transaction; the accounts as stored, by id.

    An account that somebody else changed meanwhile stays as it is and is missing from the result. Raises
    :class:`Busy` when others keep changing the wallet.
    """
    for _ in range(_TRIES):
        if not transitions:
            return {}
        try:
            return _write(transitions, payer=payer, program=program, now=now, actor=actor)
        except WriteConflict as conflict:
            transitions = [each for each in transitions if not each.touches & conflict.subjects]
    raise Busy(f"Others kept changing the wallet of {payer}. Try again in a moment.", retry_after=1)


def write_transition(transition: Transition, *, program: Program, now: datetime, actor: str) -> Account:
    """Write one change; the account as stored. Raises :class:`WriteConflict` if somebody else changed it meanwhile."""
    account = transition.before
    stored = write_transitions([transition], payer=account.payer, program=program, now=now, actor=actor)
    if not stored:
        raise WriteConflict([account.id])
    return stored[account.id]


def _write(
    transitions: Sequence[Transition], *, payer: str, program: Program, now: datetime, actor: str
) -> dict[str, Account]:
    wallet = after = wallet_rows.get(payer) if any(each.concerns_wallet for each in transitions) else None
    writes: list[Write] = []
    stored: dict[str, Account] = {}
    for transition in transitions:
        before, account = transition.before, transition.after
        put = account_rows.put(account, program=program, actor=actor, event=transition.event)
        stored[account.id] = account_rows.stored(put)
        writes += [put, *_void_open_invoice(transition, now=now, actor=actor)]
        if transition.frees_name:
            writes.append(names.give_back(before.name, account_id=before.id))
        if after is not None:
            after, releases = release_set_aside(after, before, account, now=now, actor=actor)
            after = adjust_active_count(after, before, account)
            writes += releases
    if after is not None and after != wallet:
        writes.append(wallet_rows.put(after))
    try:
        commit(writes)
    except WriteConflict:
        if account_rows.get_many(stored) != stored:
            raise
    return stored  # after a conflict: this very write went through before, and only its response was lost


def _void_open_invoice(transition: Transition, *, now: datetime, actor: str) -> list[Write]:
    """An account that ends while past due leaves no open invoice behind (§3)."""
    before = transition.before
    if before.overdue is None or transition.after.overdue is not None:
        return []
    invoice = invoice_rows.get(before.payer, before.overdue.invoice_id)
    if invoice is None:
        return []
    return [invoice_rows.put(invoices.voided(invoice), now=now, actor=actor, event="invoice.voided")]
