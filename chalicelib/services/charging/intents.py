"""What is being charged for: an account's period, or a purchase. Each knows what a charge does to its rows.

An order is a value: the subject as it was read, and the charge. It turns into writes three times,
when the charge is held, when it is paid and when it is declined; the wallet is passed through.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.transactions import Write


@dataclass(frozen=True)
class Change:
    """What one order changes: the writes, the wallet after them, and the order as they leave it stored."""

    intent: "ChargeIntent"
    wallet: Wallet
    writes: list[Write]


class ChargeIntent(Protocol):
    """One charge to be made, and the rows it changes. At most three of them a change, the wallet aside."""

    @property
    def subject(self) -> str: ...
    @property
    def payer(self) -> str: ...
    @property
    def charge(self) -> Charge: ...
    @property
    def set_aside(self) -> Money: ...
    @property
    def touches(self) -> frozenset[str]:
        """The subjects of every row the order's writes have a condition on, the wallet aside."""
        ...

    def is_outdated(self, wallet: Wallet) -> bool:
        """Whether the price was made for another discount than the wallet's count of accounts gives (§5)."""
        ...

    def split(self, charge: Charge) -> "ChargeIntent":
        """The same order, its charge split over prepaid money and card."""
        ...

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        """Freeze the charge on the subject, before any card is asked."""
        ...

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        """Everything the payment changes. The prepaid part is held in ``wallet``."""
        ...

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        """Everything the refusal changes; the money held goes back."""
        ...

    def read_again(self) -> "ChargeIntent | None":
        """The order as its subject is stored now, or None when the subject no longer carries this charge."""
        ...

    def is_settled(self) -> bool:
        """Whether the ledger says that this charge was paid."""
        ...
