"""Changes of accounts that ask nobody for money: status, reminders, details.

What hangs on the change goes with it in the same transaction: the count of active paid accounts,
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
from chalicelib.services.charging.account_intents import adjust_active_count, release_set_aside

_TRIES = 50
"""More than the moves of one call: each may have been changed by somebody else, one after the other."""


@dataclass(frozen=True)
class Transition:
    """An account before and after a change, and the event the change is told as."""

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
        """The subjects of every row the move's writes have a condition on, the wallet aside."""
        invoice = {self.before.overdue.invoice_id} if self.before.overdue else set()
        return frozenset({self.before.id, names.subject(self.before.name), *invoice})

    @property
    def frees_name(self) -> bool:
        """An account that could not be prepared has never been of use: its name can be had again (§2)."""
        reason = ExpiryReason.PROVISIONING_FAILED
        return self.after.expiry_reason is reason and self.before.expiry_reason is not reason


def cancellation(before: Account, after: Account) -> Transition:
    """The move of a cancellation: told as what it came to."""
    if after.status is Status.EXPIRED:
        return Transition(before, after, "account.expired")
    if after.status is Status.CANCELED:
        return Transition(before, after, "account.canceled")
    return Transition(before, after, "account.cancellation_scheduled")


def write_transitions(
    transitions: Sequence[Transition], *, payer: str, program: Program, now: datetime, actor: str
) -> dict[str, Account]:
    """Write the changes, all in one transaction; the accounts as stored, by id.

    An account that somebody else changed meanwhile is left out of the answer, unchanged. Raises :class:`Busy` when
    others keep changing the wallet.
    """
    for _ in range(_TRIES):
        if not transitions:
            return {}
        try:
            return _write(transitions, payer=payer, program=program, now=now, actor=actor)
        except WriteConflict as conflict:
            transitions = [m for m in transitions if not m.touches & conflict.subjects]
    raise Busy(f"Others kept changing the wallet of {payer}. Try again in a moment.", retry_after=1)


def _write(
    transitions: Sequence[Transition], *, payer: str, program: Program, now: datetime, actor: str
) -> dict[str, Account]:
    wallet = after = wallet_rows.get(payer) if any(m.concerns_wallet for m in transitions) else None
    writes: list[Write] = []
    stored: dict[str, Account] = {}
    for m in transitions:
        put = account_rows.put(m.after, program=program, actor=actor, event=m.event)
        stored[m.after.id] = account_rows.stored(put)
        writes += [put, *_voiding(m, now=now, actor=actor)]
        if m.frees_name:
            writes.append(names.give_back(m.before.name, account_id=m.before.id))
        if after is not None:
            after, letting_go = release_set_aside(after, m.before, m.after, now=now, actor=actor)
            after = adjust_active_count(after, m.before, m.after)
            writes += letting_go
    if after is not None and after != wallet:
        writes.append(wallet_rows.put(after))
    try:
        commit(writes)
    except WriteConflict:
        if account_rows.get_many(stored) != stored:
            raise
    return stored  # or so they were left before, by this very write: its answer was lost


def _voiding(m: Transition, *, now: datetime, actor: str) -> list[Write]:
    """An account that ends while past due leaves no open invoice behind (§3)."""
    if m.before.overdue is None or m.after.overdue is not None:
        return []
    invoice = invoice_rows.get(m.before.payer, m.before.overdue.invoice_id)
    if invoice is None:
        return []
    voided = invoices.voided(invoice)
    return [invoice_rows.put(voided, now=now, actor=actor, event="invoice.voided")]
