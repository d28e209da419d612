"""A billing profile: a card on file with the payment processor (docs/rules.md §1)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta


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
    def good_until(self) -> date:
        """The last day of its month."""
        return date(self.exp_year, self.exp_month, monthrange(self.exp_year, self.exp_month)[1])

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

    ``tax_id`` is the partner's, as its invoices are to show it. ``expiry_told`` is the end of validity its partner was
    told of. ``fingerprint`` is that of the request that created it.
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
    tax_id: str | None = None
    customer: str | None = None
    default: bool = False
    expiry_told: date | None = None
    deleted_at: datetime | None = None
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0


def expires_soon(profile: BillingProfile, *, today: date) -> bool:
    """Whether the card is good until the end of this month or the next, and nobody was told of that yet (§11)."""
    if profile.deleted_at is not None or profile.expiry_told == profile.card.good_until:
        return False
    next_month = today.replace(day=1) + timedelta(days=32)
    last = date(next_month.year, next_month.month, monthrange(next_month.year, next_month.month)[1])
    return today <= profile.card.good_until <= last
