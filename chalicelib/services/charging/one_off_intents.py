"""A charge that no account carries: frozen on a row of its own until it is settled.

What purchases, packs of credits and refunds have in common (see :mod:`chalicelib.services.charging.intents`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import KeyReused
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.charging import pending_charges as purchase_rows
from chalicelib.models.charging.pending_charges import Purchase
from chalicelib.models.transactions import Write
from chalicelib.services.charging.intents import Change, ChargeIntent


@dataclass(frozen=True)
class OneOffIntent(ChargeIntent):
    """Frozen on ``purchase``, whose row is gone once it is settled; the journal then has an entry with its id."""

    purchase: Purchase

    @property
    def subject(self) -> str:
        return self.purchase.id

    @property
    def payer(self) -> str:
        return self.purchase.payer

    @property
    def charge(self) -> Charge:
        return self.purchase.charge

    @property
    def set_aside(self) -> Money:
        return Money.zero(self.charge.total.currency)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.purchase.id})

    def is_outdated(self, wallet: Wallet) -> bool:
        del wallet  # what it comes to has no discount
        return False

    def split(self, charge: Charge) -> ChargeIntent:
        return replace(self, purchase=self.purchase._replace(charge=charge))

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        del now  # the purchase carries the moment it was started at
        return Change(replace(self, purchase=self.frozen), wallet, self.freezing(actor))

    @property
    def frozen(self) -> Purchase:
        """The purchase as :meth:`freezing` leaves it stored."""
        return self.purchase._replace(version=self.purchase.version + 1)

    def freezing(self, actor: str) -> list[Write]:
        """The row's writes, unless another run of the same request has made it and is done."""
        return [purchase_rows.put(self.purchase, actor=actor), journal_rows.not_entered(self.payer, self.purchase.id)]

    def read_again(self) -> ChargeIntent | None:
        purchase = purchase_rows.get(self.purchase.id)
        if purchase is None or purchase.charge.key != self.charge.key:
            return None
        return self.read_with(purchase)

    def is_settled(self) -> bool:
        return journal_rows.get(self.payer, self.purchase.id) is not None

    def refuse_another(self, asked: Purchase) -> None:
        """Raise :class:`KeyReused` if ``asked`` has the same id, but is not this purchase."""
        if _bought(self.purchase) != _bought(asked):
            raise KeyReused("It buys something else, or for another account or card. Use a new Idempotency-Key.")

    def read_with(self, purchase: Purchase) -> Self:
        """The order of ``purchase`` as it is stored now, with the other rows it changes as they are."""
        return replace(self, purchase=purchase)


def _bought(purchase: Purchase) -> tuple[object, ...]:
    price = purchase.charge.lines[0].amount  # before anything was waived
    return price, purchase.credit, purchase.quantity, purchase.account_id, purchase.charge.billing_profile_id
