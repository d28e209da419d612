"""Charge intents: what is charged for, such as an account's period or a purchase, and which rows the charge changes.

An intent is a value: the subject as it was read, and the charge. It gives the writes for each stage of the
charge: when it is held, when it is paid and when it is declined. Each takes the wallet and returns it changed.
"""

from datetime import datetime
from typing import Protocol

from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.transactions import Write


@dataclass(frozen=True)
class Change:
    """What a stage of one charge changes: the writes, the wallet after them, and the intent as then stored."""

    intent: "ChargeIntent"
    wallet: Wallet
    writes: list[Write]


class ChargeIntent(Protocol):
    """One charge to be made, and the rows it changes: at most three a stage, besides the wallet."""

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
        """The subjects of every row that the writes have a condition on, except the wallet."""
        ...

    def is_outdated(self, wallet: Wallet) -> bool:
        """Whether the price was worked out with another discount than the wallet's count of accounts gives now (§5)."""
        ...

    def split(self, charge: Charge) -> "ChargeIntent":
        """The same intent with its charge as split over prepaid money and the card."""
        ...

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        """Freeze the charge on the subject, before any card is charged."""
        ...

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        """Everything the payment changes. The prepaid part is held in ``wallet``."""
        ...

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        """Everything the decline changes; the prepaid money held is released."""
        ...

    def read_again(self) -> "ChargeIntent | None":
        """The intent as its subject is stored now, or None when the subject no longer carries this charge."""
        ...

    def is_settled(self) -> bool:
        """Whether the ledger says that this charge was paid."""
        ...
