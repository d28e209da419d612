"""How an amount comes about, in the reader's language: a line's rule and its numbers, to be repeated by hand."""

from collections.abc import Iterator

from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.pricing import discount
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.money import Money
from chalicelib.portal.formats import Formats
from chalicelib.portal.texts import Texts


def steps_of(line: Line, *, texts: Texts, formats: Formats) -> list[str]:
    """Sentences, one for each step from the list price to the line's amount; none for a line that has no rule."""
    if line.explanation is None:
        return []
    return list(_Explained(line.explanation, line.amount, texts, formats).steps())


class _Explained:
    def __init__(self, explanation: Explanation, amount: Money, texts: Texts, formats: Formats) -> None:
        self._why = explanation
        self._amount = amount
        self._texts = texts
        self._formats = formats

    def steps(self) -> Iterator[str]:
        why, amount = self._why, self._amount
        match why.rule:
            case Rule.PRICE:
                yield from self._price()
            case Rule.UNUSED:
                yield self._said("unused")
                yield from self._price()
                if why.limit is not None:
                    yield self._said("only_paid", amount=-amount)
            case Rule.FORGONE:
                yield self._said("forgone", amount=amount)
            case Rule.WAIVED:
                yield self._said("waived", amount=-amount, smallest=self._money(why.limit))
            case Rule.AMOUNT if why.times is not None:
                yield self._said("times", times=why.times, each=amount.share(part=1, whole=why.times))
            case Rule.AMOUNT:
                yield self._said("asked")
            case Rule.PACK:
                yield self._said("pack", amount=amount)
            case Rule.BILL:
                yield self._said("bill", count=why.times or 0)
            case Rule.CONTRACT:
                yield self._said("contract")

    def _price(self) -> Iterator[str]:
        why, currency = self._why, self._amount.currency
        if not why.list_price and why.item != "plan":
            yield self._said("included")
            return
        price = discount(
            list_price=self._money(why.list_price),
            migration_percent=why.migration_percent,
            partner_percent=why.partner_percent,
        )
        yield self._said("list_price", amount=self._money(why.list_price))
        if why.migration_percent:
            yield self._said("migration", percent=why.migration_percent.normalize(), amount=price.migration_discount)
        if why.partner_percent:
            yield self._said("partner", percent=why.partner_percent.normalize(), amount=price.partner_discount)
        if why.migration_percent or why.partner_percent:
            yield self._said("per_cycle", amount=price.price_per_cycle)
        if why.days is not None and why.of_days is not None:
            yield self._said(
                "days", per_cycle=price.price_per_cycle, days=why.days, of=why.of_days, amount=why.price(currency)
            )

    def _money(self, minor_units: int | None) -> Money:
        return Money(minor_units or 0, self._amount.currency)

    def _said(self, name: str, **values: object) -> str:
        formats = self._formats
        shown = {
            key: formats.amount(value)
            if isinstance(value, Money)
            else formats.number(value)
            if isinstance(value, int) and key != "count"
            else formats.percent(f"{value:f}")
            if key == "percent"
            else value
            for key, value in values.items()
        }
        return self._texts.plain(f"why.{name}", **shown)
