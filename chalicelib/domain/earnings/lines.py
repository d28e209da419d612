"""The lines of a partner's earnings ledger, and their status (docs/rules.md §10)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from chalicelib.domain.catalog.programs import Relationship
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


class LineKind(StrEnum):
    """What a line enters."""

    COMMISSION = "commission"
    BONUS = "bonus"
    REVERSAL = "reversal"
    ADJUSTMENT = "adjustment"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"


class LineStatus(StrEnum):
    """Whether a line can be paid out. Nothing but ``held`` and ``settled`` is stored: dates decide the rest."""

    PENDING = "pending"
    PAYABLE = "payable"
    HELD = "held"
    SETTLED = "settled"


class Hold(StrEnum):
    """Why a line is held. The first two last until an operator releases or refuses the line."""

    OWN_CLIENT = "own_client"
    FIRST_INVOICE_DISPUTED = "first_invoice_disputed"
    DISPUTED = "disputed"
    CANCELED = "canceled"

    @property
    def in_words(self) -> str:
        """The reason, for the partner."""
        return _REASONS[self]

    @property
    def lasts(self) -> bool:
        """Whether it does not end by itself."""
        return self in (Hold.OWN_CLIENT, Hold.FIRST_INVOICE_DISPUTED)


_REASONS = {
    Hold.OWN_CLIENT: "The client's email address is yours or on your domain. An operator will look at it.",
    Hold.FIRST_INVOICE_DISPUTED: "The account's first invoice was disputed. An operator will look at it.",
    Hold.DISPUTED: "The payment of the invoice is disputed.",
    Hold.CANCELED: "The account was canceled before the bonus became payable.",
}


@dataclass(frozen=True, slots=True)
class ReversalBasis:
    """What a reversal was worked out from, in minor units, so that it can be worked out again by hand.

    Of a line of a kind (``of``) and an amount (``line``) it takes back the part that ``refunded`` is of ``paid``, less
    what earlier reversals took back (``before``). A bonus is taken back whole or not at all, and so is a line that an
    operator ``refused``.
    """

    of: LineKind
    line: int
    before: int
    refunded: int = 0
    paid: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class EarningLine:
    """A line: what it enters never changes. Its ``amount`` is signed, as is the ``balance_after`` it.

    ``sequence`` is its place in the partner's ledger. A commission or bonus says what it is of: ``percent`` of ``base``
    of an invoice, which ``payer`` paid. A reversal names the line it ``reverses`` and its ``basis``, an adjustment has
    a ``reason``, and what came back of a payout names that (``returns``) and the ``cause``. ``account_name`` is the
    account's when the line was entered. A line is payable from ``payable_on`` on.

    What happens to a line later is noted on it beside that: ``reversed`` is the sum of its ``reversals`` so far,
    ``held_for`` are the reasons it is held for now and ``released`` those that an operator has overruled; ``refused``
    is one that an operator took back for good. ``payout_id`` is the payout that it is settled by.
    """

    id: str
    partner_id: str
    kind: LineKind
    at: datetime
    amount: Money
    payable_on: date
    sequence: int = 0
    balance_after: Money | None = None
    account_id: str | None = None
    invoice_id: str | None = None
    payer: str | None = None
    relationship: Relationship | None = None
    base: Money | None = None
    percent: Decimal | None = None
    reverses: str | None = None
    reason: str | None = None
    reversed: Money | None = None
    reversals: int = 0
    held_for: tuple[Hold, ...] = ()
    released: tuple[Hold, ...] = ()
    refused: bool = False
    payout_id: str | None = None
    account_name: str | None = None
    basis: ReversalBasis | None = None
    returns: str | None = None
    cause: Cause | None = None
    revision: int = 0
    version: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether it is part of a payout, or is one."""
        return self.payout_id is not None

    @property
    def left(self) -> Money:
        """What reversals left of it."""
        return self.amount - self.reversed if self.reversed else self.amount


def status_of(line: EarningLine, *, today: date) -> LineStatus:
    """A line's status on a date of its partner's zone."""
    if line.is_settled:
        return LineStatus.SETTLED
    if line.held_for:
        return LineStatus.HELD
    return LineStatus.PAYABLE if line.payable_on <= today else LineStatus.PENDING


def title_of(line: EarningLine) -> str:
    """What a line is called: the share of a managed account is a revenue share."""
    if line.kind is LineKind.COMMISSION and line.relationship == "managed":
        return "Revenue share"
    return _TITLES[line.kind]


_TITLES = {
    LineKind.COMMISSION: "Commission",
    LineKind.BONUS: "New account bonus",
    LineKind.REVERSAL: "Reversal",
    LineKind.ADJUSTMENT: "Adjustment",
    LineKind.PAYOUT: "Payout",
    LineKind.PAYOUT_RETURNED: "Payout returned",
}


@dataclass(frozen=True, slots=True)
class LineSum:
    """So many lines, and what they come to in minor units."""

    lines: int = 0
    amount: int = 0


def sums_by_kind(
    lines: Iterable[EarningLine], *, so_far: Mapping[LineKind, LineSum] = MappingProxyType({})
) -> dict[LineKind, LineSum]:
    """How many lines there are of each kind and what they come to, with those counted ``so_far``."""
    sums = dict(so_far)
    for line in lines:
        before = sums.get(line.kind, LineSum())
        sums[line.kind] = LineSum(before.lines + 1, before.amount + line.amount.amount)
    return {kind: sums[kind] for kind in LineKind if kind in sums}
