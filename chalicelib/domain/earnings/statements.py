"""What a payout's statement says: how each line comes about, and what the lines add up to (docs/rules.md §10)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from chalicelib.domain.earnings.lines import EarningLine, LineKind, ReversalBasis
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payouts import Payout
from chalicelib.domain.money import Money, total
from chalicelib.domain.values import dataclass

Figure = Money | Decimal | Cause | str
"""An amount, a percentage, why a payout came back, or a text in the words of whoever entered the line."""


class Rule(StrEnum):
    """How the amount of a line comes about."""

    PERCENTAGE = "percentage"  # so many percent of what was paid
    BONUS = "bonus"  # the fixed amount for a new account
    PROPORTION = "proportion"  # of a line, the part of its invoice that was given back, less what was reversed before
    BONUS_REVERSED = "bonus_reversed"  # the whole bonus, since its invoice was given back whole
    BONUS_RESTORED = "bonus_restored"  # the bonus again, since its invoice is not given back whole after all
    REFUSED = "refused"  # what was left of a line that an operator refused
    REVERSED = "reversed"  # what a reversal of an earlier release took back: it does not say why
    ADJUSTMENT = "adjustment"  # what an operator entered
    PAYOUT = "payout"  # what was paid out
    RETURNED = "returned"  # what came back of an earlier payout


@dataclass(frozen=True, slots=True)
class Calculation:
    """The rule of a line's amount and the figures that it is worked out from, by their names in the rule's words.

    ``is_rounded`` says that the rule gives a fraction of a minor unit, which was rounded half up.
    """

    rule: Rule
    figures: Mapping[str, Figure]
    is_rounded: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A payout that settles lines, and the balance once it was taken off."""

    payout: Payout
    balance_after: Money

    @property
    def balance_before(self) -> Money:
        return self.balance_after + self.payout.amount


@dataclass(frozen=True, slots=True)
class AccountPart:
    """The lines of one account in their order, and their sum; no account has adjustments and returned payouts."""

    account_id: str | None
    name: str | None
    lines: tuple[EarningLine, ...]
    amount: Money


def calculation_of(line: EarningLine) -> Calculation:
    """How a line's amount comes about, from what the line itself says."""
    match line.kind:
        case LineKind.COMMISSION if line.base is not None and line.percent is not None:
            figures: dict[str, Figure] = {"percent": line.percent, "base": line.base, "amount": line.amount}
            return Calculation(Rule.PERCENTAGE, figures, _is_fraction(line.base.amount * line.percent, 100))
        case LineKind.BONUS:
            return Calculation(Rule.BONUS, {"amount": line.amount})
        case LineKind.REVERSAL if line.basis is not None:
            return _of_reversal(line, line.basis)
        case LineKind.ADJUSTMENT:
            return Calculation(Rule.ADJUSTMENT, {"reason": line.reason or ""})
        case LineKind.PAYOUT:
            return Calculation(Rule.PAYOUT, {})
        case LineKind.PAYOUT_RETURNED:
            reason = line.cause or line.reason or ""
            return Calculation(Rule.RETURNED, {"payout": line.returns or "", "reason": reason})
        case _:
            return Calculation(Rule.REVERSED, {})


def _of_reversal(line: EarningLine, basis: ReversalBasis) -> Calculation:
    currency = line.amount.currency
    of, before = Money(basis.line, currency), Money(basis.before, currency)
    if basis.refused:
        return Calculation(Rule.REFUSED, {"line": of, "before": before})
    figures = {"line": of, "refunded": Money(basis.refunded, currency), "paid": Money(basis.paid, currency)}
    if basis.of is LineKind.BONUS:
        return Calculation(Rule.BONUS_REVERSED if line.amount.amount < 0 else Rule.BONUS_RESTORED, figures)
    figures |= {"before": before, "share": before - line.amount}  # what its reversals come to with this one
    return Calculation(Rule.PROPORTION, figures, _is_fraction(basis.line * basis.refunded, basis.paid))


def _is_fraction(dividend: int | Decimal, divisor: int) -> bool:
    return bool(divisor) and dividend % divisor != 0


def by_account(lines: Sequence[EarningLine]) -> list[AccountPart]:
    """The lines by account, accounts in the order of their names; what belongs to no account is last."""
    parts = []
    for account_id, group in groupby(sorted(lines, key=_place), key=lambda line: line.account_id):
        of_account = tuple(group)
        amount = total((line.amount for line in of_account), currency=of_account[0].amount.currency)
        parts.append(AccountPart(account_id, _name(of_account), of_account, amount))
    return sorted(parts, key=lambda part: (part.account_id is None, part.name or "", part.account_id or ""))


def _place(line: EarningLine) -> tuple[str, int]:
    return line.account_id or "", line.sequence


def _name(lines: Sequence[EarningLine]) -> str | None:
    """What the account was called last."""
    return next((line.account_name for line in reversed(lines) if line.account_name), None)
