"""A charge: one amount due, paid with prepaid money and a card (docs/rules.md §6).

A charge has an identity of its own, made before anything is charged. The invoice (or the
purchase's journal entry) carries that identity, and so does the key the card processor sees.
"""

from datetime import date, datetime
from enum import StrEnum

from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.payment_split import Split, set_aside_used, split
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.quotes import Line, Terms, lines_with_waiver
from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


class ChargeKind(StrEnum):
    """What is being paid for."""

    FIRST_PERIOD = "first_period"
    RENEWAL = "renewal"
    UPGRADE = "upgrade"  # to another price for the days left of a period
    CONVERSION = "conversion"  # from monthly to annual: a new period, the rest of the month credited
    PREPAID_PURCHASE = "prepaid_purchase"
    CREDIT_PACK = "credit_pack"
    REFUND = "refund"
    BILL = "bill"
    CONTRACT = "contract"  # a year of a partner's contract, for all its accounts


CHARGES_AT_ONCE = 33
"""Each charge changes or checks at most three rows beside the wallet, and a transaction takes 100."""

OF_PERIODS = frozenset({ChargeKind.FIRST_PERIOD, ChargeKind.RENEWAL, ChargeKind.CONVERSION})
"""Charges for a period. Only a first period may leave a gap before it, while the account was not running. Only a
conversion may begin within the period before, which it cuts short."""


INVOICED = OF_PERIODS | {ChargeKind.UPGRADE, ChargeKind.CREDIT_PACK, ChargeKind.CONTRACT}
"""Charges that an invoice is issued for."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge and how it is split; frozen from the moment it is held until it is settled.

    ``attempt`` counts the attempts to charge a card under this identity: a declined attempt is over,
    the next one asks under a new key. An attempt whose outcome is unknown is asked about again
    under the same key and with the same amounts. ``price`` and ``terms`` are what the account's
    period will have cost and been discounted by, once paid. A charge that goes on a Single Bill
    names it; ``billed`` is what the bill then has to pay. A refund names the processor's reference of the
    charge it ``refunds``, and ``card`` is what goes back there. A requested change of plan or revival
    carries the ``plan``, the plan that waits for the renewal as ``then``, the new ``anchor`` if a period begins,
    and the id of the ``request`` if it has one. ``declined`` is the decline code of a charge whose billing profile
    was deleted before it was held: no card is charged. ``parties`` are the parties its invoice will name.
    """

    id: str
    kind: ChargeKind
    lines: tuple[Line, ...]
    total: Money
    started_at: datetime
    attempt: int = 1
    period: Period | None = None
    price: Money | None = None
    terms: Terms | None = None
    billing_profile_id: str | None = None
    from_set_aside: Money | None = None
    from_general: Money | None = None
    card: Money | None = None
    bill_id: str | None = None
    billed: Money | None = None
    refunds: str | None = None
    plan: Plan | None = None
    then: Plan | None = None
    request: str | None = None
    anchor: date | None = None
    scheduled: bool = False
    declined: str | None = None
    parties: str | None = None
    on_schedule: bool = True  # false for a retry somebody asked for: it leaves the retry schedule as it is

    @property
    def key(self) -> str:
        """The idempotency key the card processor sees for this attempt."""
        return f"{self.id}-{self.attempt}"

    @property
    def prepaid(self) -> Money:
        """The part that prepaid money pays, set aside or not."""
        zero = Money.zero(self.total.currency)
        return (self.from_set_aside or zero) + (self.from_general or zero)

    @property
    def needs_card(self) -> bool:
        return bool(self.card)


def split_payment(charge: Charge, *, set_aside: Money, general: Money, minimum_card_charge: Money) -> Charge:
    """The same charge, split over prepaid money and the card by the order of payment (§6).

    A prepaid purchase always charges the card. What money set aside for the account does not
    cover goes on a Single Bill; general prepaid money and the card pay the bill. A total too
    small for any card that prepaid money does not cover is waived by a line of its own.
    """
    if charge.kind is ChargeKind.REFUND:
        return charge
    if charge.kind is ChargeKind.PREPAID_PURCHASE:
        zero = Money.zero(charge.total.currency)
        return replace(charge, from_set_aside=zero, from_general=zero, card=charge.total)
    if charge.bill_id is not None:
        own = set_aside_used(total=charge.total, set_aside=set_aside)
        zero = Money.zero(charge.total.currency)
        return replace(charge, from_set_aside=own, from_general=zero, card=zero, billed=charge.total - own)
    parts: Split = split(
        total=charge.total, set_aside=set_aside, general=general, minimum_card_charge=minimum_card_charge
    )
    return replace(
        charge,
        lines=lines_with_waiver(lines=charge.lines, split=parts, minimum_card_charge=minimum_card_charge),
        total=charge.total - parts.waived,
        from_set_aside=parts.set_aside,
        from_general=parts.general,
        card=parts.card,
    )
