"""A billing profile: a card on file with the payment processor (docs/rules.md §1)."""

from calendar import monthrange
from datetime import date, datetime, timedelta

from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class CardName:
    """How invoices and events name a card: enough to distinguish the partner's cards."""

    brand: str
    last4: str


@dataclass(frozen=True, slots=True)
class Card:
    """The details of a card that may be stored and shown."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int

    @property
    def good_until(self) -> date:
        """The last day the card is valid: the last of its month of expiry."""
        return date(self.exp_year, self.exp_month, monthrange(self.exp_year, self.exp_month)[1])

    @property
    def notice_on(self) -> date:
        """The day from which its expiry is announced: the first of the month before its last (docs/rules.md §11)."""
        return (self.good_until.replace(day=1) - timedelta(days=1)).replace(day=1)

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
    """``payment_method`` is the processor's id of the card; ``customer`` is its id of the profile, which stays the same
    when the card changes.

    ``card_since`` is when its card replaced an earlier one. ``tax_id`` is the partner's, as its invoices show it.
    ``expiry_published`` is the last day of validity that the partner was last notified of. ``fingerprint`` is that of
    the request that created the profile.
    A deleted profile is kept but not shown, so that what it paid for can be explained.
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
    expiry_published: date | None = None
    deleted_at: datetime | None = None
    card_since: datetime | None = None
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0


def has_new_card(profile: BillingProfile | None, *, asked: str | None, since: datetime) -> bool:
    """Whether another card was put on the profile than the one that was ``asked``, or after ``since``.

    The time alone does not tell: a request may have begun before the charge, and its card be on file after it.
    """
    if profile is None:
        return False
    return asked not in (None, profile.payment_method) or (
        profile.card_since is not None and profile.card_since > since
    )


def expires_soon(profile: BillingProfile, *, today: date) -> bool:
    """Whether the card expires with this month or the next and the partner was not notified yet (docs/rules.md §11)."""
    if profile.deleted_at is not None or profile.expiry_published == profile.card.good_until:
        return False
    return profile.card.notice_on <= today <= profile.card.good_until
