"""Money: an amount in whole minor units of one currency (docs/rules.md §5).

There are no floats and no fractions of a minor unit. Whatever divides or rounds money calls :meth:`Money.share`.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from chalicelib.domain.values import dataclass


class CurrencyMismatch(ValueError):
    """Amounts of different currencies cannot be added or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency; it may be negative. Zero is falsy.

    Adding or comparing amounts of different currencies raises :class:`CurrencyMismatch`.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"money is counted in whole minor units, not {self.amount!r}")

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Zero in this currency."""
        return _zero(currency)

    def amount_in(self, currency: str) -> int:
        """The amount. Raises :class:`CurrencyMismatch` if it is of another currency."""
        if self.currency != currency:
            raise CurrencyMismatch(f"{currency} and {self.currency} cannot be added or compared")
        return self.amount

    def percent(self, percent: Decimal) -> "Money":
        """This percentage of the amount, rounded like :meth:`share`."""
        numerator, denominator = percent.as_integer_ratio()
        return self.share(part=numerator, whole=100 * denominator)

    def share(self, *, part: int, whole: int) -> "Money":
        """``amount`` × ``part`` / ``whole``, rounded to the nearest minor unit; a half is rounded away from zero.

        Raises ValueError unless ``whole`` is positive.
        """
        if whole <= 0:
            raise ValueError(f"a share needs a positive whole, not {whole}")
        product = self.amount * part
        rounded = (2 * abs(product) + whole) // (2 * whole)
        return Money(rounded if product >= 0 else -rounded, self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + other.amount_in(self.currency), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - other.amount_in(self.currency), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < other.amount_in(self.currency)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= other.amount_in(self.currency)

    def __gt__(self, other: "Money") -> bool:
        return self.amount > other.amount_in(self.currency)

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= other.amount_in(self.currency)

    def __bool__(self) -> bool:
        return self.amount != 0


@cache
def _zero(currency: str) -> Money:
    return Money(0, currency)


def total(amounts: Iterable[Money], *, currency: str) -> Money:
    """The sum of the amounts, zero if there are none. Raises :class:`CurrencyMismatch`."""
    return sum(amounts, start=Money.zero(currency))
