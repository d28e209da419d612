"""Works each line of an invoice out again, by hand: from its explanation alone, with none of the product's sums."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from chalicelib.domain.catalog.explanations import Explanation
from chalicelib.domain.catalog.quotes import Line


def check_explanations(lines: Sequence[Line]) -> None:
    """Every line carries an explanation from which its amount follows, and says it in words."""
    so_far = 0
    for line in lines:
        assert line.explanation is not None, f"{line.description} is not explained"
        assert line.explained.endswith("."), f"{line.description} is not explained in words"
        amount = worked_out(line.explanation, so_far)
        assert line.amount.amount == amount, f"{line.description} is explained by {line.explained}"
        so_far += amount


def worked_out(why: Explanation, so_far: int) -> int:
    """The amount of a line that stands below lines of ``so_far`` in all."""
    match why.rule:
        case "price":
            return price(why)
        case "unused":
            assert why.limit is None or why.limit < price(why), f"a limit that does not limit: {why}"
            return -min(price(why), price(why) if why.limit is None else why.limit)
        case "forgone":
            assert so_far < 0, f"{so_far} is no credit to forgo: {why}"
            return -so_far
        case "waived":
            assert so_far < why.limit, f"{so_far} is not too small to charge: {why}"
            return -so_far
        case "pack":
            return why.list_price
        case _:
            raise AssertionError(f"no invoice has a line explained by {why.rule}")


def price(why: Explanation) -> int:
    """List price, less a percentage of it, less a percentage of what is left; for so many of so many days."""
    left = why.list_price - half_up(Fraction(why.list_price) * Fraction(why.migration_percent) / 100)
    left -= half_up(Fraction(left) * Fraction(why.partner_percent) / 100)
    return left if why.days is None else half_up(Fraction(left * why.days, why.of_days))


def half_up(amount: Fraction) -> int:
    return int((Decimal(amount.numerator) / Decimal(amount.denominator)).to_integral_value(ROUND_HALF_UP))
