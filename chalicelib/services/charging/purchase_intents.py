"""The charge intent of a purchase of prepaid money (see :mod:`chalicelib.services.charging.intents`)."""

from dataclasses import replace
from datetime import datetime
from typing import Self

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.charging import pending_charges
from chalicelib.models.charging.pending_charges import PrepaidPurchase
from chalicelib.models.transactions import Write
from chalicelib.services.charging.intents import Change
from chalicelib.services.charging.one_off_intents import OneOffIntent


@dataclass(frozen=True)
class PurchaseIntent(OneOffIntent[PrepaidPurchase]):
    """A purchase of prepaid money, set aside for an account at once if it names one."""

    program: Program
    account: Account | None

    @classmethod
    def of(cls, pending: PrepaidPurchase, program: Program) -> Self:
        """The intent of a purchase, with the account as it is stored now."""
        return cls(pending, program, _account_to_set_aside_for(pending))

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.pending.id} | ({self.account.id} if self.account else set()))

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        bought = self.charge.total
        wallet = wallets.with_journal_entry(wallets.add(wallet, bought))
        writes: list[Write] = [pending_charges.remove(self.pending)]
        if self.account is not None:
            wallet = wallets.set_aside(wallet, bought)
            richer = replace(self.account, set_aside=self.account.prepaid_set_aside + bought, updated_at=now)
            writes.append(account_rows.put(richer, program=self.program, actor=actor))
        entry = Entry(
            id=self.pending.id,
            payer=self.pending.payer,
            kind=EntryKind.PURCHASE,
            at=now,
            amount=bought,
            balance_after=wallet.balance,
            sequence=wallet.sequence,
            set_aside_change=bought if self.account else None,
            account_id=self.pending.account_id,
            billing_profile_id=self.charge.billing_profile_id,
            processor=payment.processor if payment else None,
            reference=payment.reference if payment else None,
        )
        return Change(self, wallet, [*writes, journal_rows.put(entry, actor=actor, event="prepaid.purchased")])

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        del answer, now, actor  # a declined purchase leaves nothing behind
        return Change(self, wallet, [pending_charges.remove(self.pending)])

    def read_with(self, pending: PrepaidPurchase) -> Self:
        return self.of(pending, self.program)


def _account_to_set_aside_for(pending: PrepaidPurchase) -> Account | None:
    """The account the money is for; None if it has ended or has another payer meanwhile: then the money is general."""
    account = account_rows.get(pending.account_id) if pending.account_id else None
    return None if account is None or account.has_ended or account.payer != pending.payer else account
