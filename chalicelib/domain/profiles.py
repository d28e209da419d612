"""A billing profile: a card on file with the payment processor (docs/rules.md §1)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CardName:
    """What a card is called on paper: enough to tell the partner's cards apart."""

    brand: str
    last4: str


@dataclass(frozen=True, slots=True)
class Card:
    """What may be shown of a card."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int

    @property
    def name(self) -> CardName:
        return CardName(self.brand, self.last4)


@dataclass(frozen=True, slots=True)
class Address:
    line1: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class BillingProfile:
    """``payment_method`` is the processor's name for the card, never the card itself; ``customer`` its name for the
    profile, which stays when the card changes.

    A deleted profile stays, shown to nobody, so that what it paid for can be explained.
    """

    id: str
    partner_id: str
    name: str
    payment_method: str
    card: Card
    created_at: datetime
    updated_at: datetime
    address: Address | None = None
    customer: str | None = None
    default: bool = False
    deleted_at: datetime | None = None
    revision: int = 0
    version: int = 0
