"""Dates, numbers and amounts as the reader writes them."""

from datetime import UTC, date, datetime
from typing import Protocol

from markupsafe import Markup

from chalicelib.domain.calendar import local_date
from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.money import Money
from chalicelib.domain.time_zones import zone_of
from chalicelib.domain.values import dataclass
from chalicelib.portal.texts import Texts

_TIME = Markup('<time datetime="{}" title="{}">{}</time>')


class Reader(Protocol):
    """Who reads: in which time zone, and when."""

    @property
    def zone(self) -> str: ...
    @property
    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Formats:
    """How a reader sees values. Clock and zone are asked for only by what needs them."""

    texts: Texts
    reader: Reader

    def number(self, number: int) -> str:
        """`12,345`."""
        return f"{number:,}".replace(",", self.texts.plain("common.thousands"))

    def amount(self, money: Money) -> str:
        """`1,234.50`: the currency stands elsewhere."""
        text = decimal_text(money, grouped=True).replace("-", "−")
        swapped = {".": self.texts.plain("common.point"), ",": self.texts.plain("common.thousands")}
        return "".join(swapped.get(character, character) for character in text)

    def money(self, money: Money) -> str:
        """`1,234.50 USD`."""
        return f"{self.amount(money)}\u00a0{money.currency}"

    def day(self, day: date, *, year: bool = False) -> str:
        """`27 Jan`, with the year if it isn't this one."""
        month = self.texts.list("common.months")[day.month - 1]
        shown = self.texts.plain("common.day", day=day.day, month=month)
        this_year = local_date(self.reader.now, self.reader.zone).year
        return shown if day.year == this_year and not year else f"{shown} {day.year}"

    def country(self, code: str) -> str:
        """The name of a country."""
        from chalicelib.portal import choices  # few pages need it

        return dict(choices.countries(self.texts.language)).get(code, code)

    def language(self, tag: str) -> str:
        """The name of a language."""
        from chalicelib.portal import choices  # few pages need it

        return choices.language_name(tag, self.texts.language)

    def date(self, instant: datetime, zone: str | None = None) -> Markup:
        """The day of an instant in a zone, by default the reader's; which zone, a tooltip says."""
        return self._marked(instant, zone or self.reader.zone, with_time=False)

    def time(self, instant: datetime, zone: str | None = None) -> Markup:
        """Day and time of an instant."""
        return self._marked(instant, zone or self.reader.zone, with_time=True)

    def percent(self, percent: object) -> str:
        """`12.5%`."""
        return self.decimal(percent) + self.texts.plain("common.percent")

    def decimal(self, number: object) -> str:
        """`12.5`, as it is typed."""
        text = f"{number}".rstrip("0").rstrip(".") if "." in f"{number}" else f"{number}"
        return text.replace(".", self.texts.plain("common.point"))

    def _marked(self, instant: datetime, zone: str, *, with_time: bool) -> Markup:
        local = instant.astimezone(zone_of(zone))
        shown, clock = self.day(local.date()), f"{local:%H:%M}"
        if with_time:
            shown = f"{shown}, {clock}"
        hint = f"{self.day(local.date(), year=True)}, {clock} {zone.replace('_', ' ')}"
        return _TIME.format(f"{instant.astimezone(UTC):%Y-%m-%dT%H:%MZ}", hint, shown)
