"""The charge intent of a purchase of credits (see :mod:`chalicelib.services.charging.intents`)."""

from datetime import datetime
from typing import Self

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.billing import invoices
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.charging import pending_charges
from chalicelib.models.charging.pending_charges import CreditsPurchase
from chalicelib.models.transactions import Write
from chalicelib.services.charging.intents import Change
from chalicelib.services.charging.one_off_intents import OneOffIntent
from chalicelib.services.wallet import account_credits


@dataclass(frozen=True)
class PackIntent(OneOffIntent[CreditsPurchase]):
    """A pack of credits, paid by prepaid money and card, and invoiced to the partner itself.

    The credits go to ``account`` at once if there is one.
    """

    program: Program
    account: Account | None

    @classmethod
    def of(cls, pending: CreditsPurchase, program: Program) -> Self:
        """The intent of a purchase of credits, with the account as it is stored now."""
        return cls(pending, program, _account_to_allocate_to(pending))

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.pending.id, self.charge.id} | ({self.account.id} if self.account else set()))

    @property
    def _held(self) -> Money:
        """The general prepaid money that the wallet holds for the charge."""
        return self.charge.from_general or Money.zero(self.charge.total.currency)

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        wallet = wallets.spend(wallet, set_aside=self.set_aside, held=self._held)
        wallet = wallets.with_invoice_number(wallet, parties=self.charge.parties)
        if self.charge.prepaid:
            wallet = wallets.with_journal_entry(wallet)
        invoice = invoices.paid(
            invoices.issued(self.charge, payer=self.payer, account_id=None, number=wallet.last_invoice_number, now=now),
            self.charge,
            payment=payment.payment if payment else None,
            balance_after=wallet.balance,
            sequence=wallet.sequence if self.charge.prepaid else None,
            now=now,
        )
        wallet = wallets.credited(wallet, self.pending.credit, self.pending.quantity)
        entry = wallets.credit_entry(
            wallet,
            self.pending.credit,
            EntryKind.PURCHASE,
            self.pending.quantity,
            id=self.pending.id,
            now=now,
            account_id=self.pending.account_id,
            invoice_id=invoice.id,
            billing_profile_id=self.charge.billing_profile_id,
        )
        writes: list[Write] = [
            invoice_rows.put(invoice, now=now, actor=actor, event="invoice.paid"),
            journal_rows.put(entry, actor=actor, event=f"{self.pending.credit}.purchased"),
        ]
        if self.pending.version:
            writes.append(pending_charges.remove(self.pending))
        wallet, allocating = self._allocated(wallet, now=now, actor=actor)
        return Change(self, wallet, writes + allocating)

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        del answer, now, actor  # a declined purchase leaves nothing behind
        wallet = wallets.release(wallet, self._held)
        return Change(self, wallet, [pending_charges.remove(self.pending)])

    def read_with(self, pending: CreditsPurchase) -> Self:
        return self.of(pending, self.program)

    def _allocated(self, wallet: Wallet, *, now: datetime, actor: str) -> tuple[Wallet, list[Write]]:
        """Give the pack to the account it was bought for."""
        if self.account is None:
            return wallet, []
        after = account_credits.credits_moved(
            wallet,
            self.account,
            self.pending.credit,
            EntryKind.ALLOCATED,
            self.pending.quantity,
            entry_id=derived_id("txn", self.pending.id, "allocated"),
            now=now,
        )
        return after.wallet, [
            account_rows.put(after.account, program=self.program, actor=actor),
            journal_rows.put(after.entry, actor=actor, event=f"{self.pending.credit}.allocated"),
        ]


def _account_to_allocate_to(pending: CreditsPurchase) -> Account | None:
    """The account a pack is for, or None if it can no longer use such credits, or is no longer the partner's to give
    them to: then the partner keeps them.
    """
    account = account_rows.get(pending.account_id) if pending.account_id else None
    if account is None or account.partner_id != pending.payer or account.relationship is not Relationship.MANAGED:
        return None
    return account if account_credits.can_use(account, pending.credit) else None
