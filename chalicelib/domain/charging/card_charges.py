"""Charges as the card processor has them."""

from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class CardCharge:
    """A charge that went through at the card processor, what of it was given back, and what disputes took back.

    The amounts are None where the processor wasn't asked for them.
    """

    key: str
    reference: str
    amount: Money | None = None
    refunded: Money | None = None
    lost: Money | None = None

    @property
    def identity(self) -> str:
        """What was charged for: the key without the number of the attempt."""
        return self.key.rpartition("-")[0]
