"""A charge that no account carries: stored in a row of its own until it is settled.

What purchases of prepaid money, purchases of credits and refunds have in common (see
:mod:`chalicelib.services.charging.intents`).
"""

from dataclasses import replace
from datetime import datetime
from typing import Generic, Self, TypeVar

from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import KeyReused
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.charging import pending_charges
from chalicelib.models.charging.pending_charges import PendingCharge
from chalicelib.models.transactions import Write
from chalicelib.services.charging.intents import Change, ChargeIntent

P = TypeVar("P", bound=PendingCharge)


@dataclass(frozen=True)
class OneOffIntent(ChargeIntent, Generic[P]):
    """The intent of ``pending``, whose row is deleted once it is settled; the journal then has an entry with its id."""

    pending: P

    @property
    def subject(self) -> str:
        return self.pending.id

    @property
    def payer(self) -> str:
        return self.pending.payer

    @property
    def charge(self) -> Charge:
        return self.pending.charge

    @property
    def set_aside(self) -> Money:
        return Money.zero(self.charge.total.currency)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.pending.id})

    def is_outdated(self, wallet: Wallet) -> bool:
        del wallet  # its price has no discount
        return False

    def split(self, charge: Charge) -> Self:
        return replace(self, pending=replace(self.pending, charge=charge))

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        del now  # the charge says when it was started
        return Change(replace(self, pending=self.frozen), wallet, self.freezing(actor))

    @property
    def frozen(self) -> P:
        """The pending charge as :meth:`freezing` leaves it stored."""
        return replace(self.pending, version=self.pending.version + 1)

    def freezing(self, actor: str) -> list[Write]:
        """The writes of the row. They fail if another run of the same request has settled the charge already."""
        return [pending_charges.put(self.pending, actor=actor), journal_rows.not_entered(self.payer, self.pending.id)]

    def read_again(self) -> Self | None:
        pending = pending_charges.get(self.pending.id)
        if not isinstance(pending, type(self.pending)) or pending.charge.key != self.charge.key:
            return None
        return self.read_with(pending)

    def is_settled(self) -> bool:
        return journal_rows.get(self.payer, self.pending.id) is not None

    def refuse_another(self, asked: PendingCharge) -> None:
        """Raise :class:`KeyReused` if ``asked`` has the same id, but is for something else."""
        own = replace(self.pending, charge=asked.charge, version=asked.version)
        if own != asked or _terms(self.charge) != _terms(asked.charge):
            raise KeyReused("It was used for another purchase, account or card. Use a new Idempotency-Key.")

    def read_with(self, pending: P) -> Self:
        """The intent of ``pending`` as it is stored now, with the other rows it changes as they are."""
        return replace(self, pending=pending)


def _terms(charge: Charge) -> tuple[Money, str | None]:
    """The price before anything was waived, and the billing profile that pays it."""
    return charge.lines[0].amount, charge.billing_profile_id
