"""Charts as numbers: where lines, marks and labels are. Templates draw them as SVG, in the reader's words."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta

from chalicelib.domain.schedule.runway import RunwayDay
from chalicelib.domain.values import dataclass

_STEPS = (1, 2, 5, 10, 20, 25, 50)
"""Distances between lines that people read easily; larger ones are ten, a hundred, … times these."""


@dataclass(frozen=True)
class Frame:
    """The size of a chart in its own units, the room around what is drawn, and the days between two dates below it."""

    width: int
    height: int
    left: int
    bottom: int
    days_between: int
    top: int = 28
    right: int = 8


WIDE = Frame(width=1060, height=330, left=64, bottom=34, days_between=14)
PHONE = Frame(width=360, height=260, left=52, bottom=34, days_between=28)


@dataclass(frozen=True)
class Mark:
    """A day with charges; ``on_card`` if a card is asked for some of it."""

    x: float
    y: float
    on_card: bool


@dataclass(frozen=True)
class Tick:
    """A date below the chart, with its year where that isn't clear."""

    x: float
    day: date
    with_year: bool


@dataclass(frozen=True)
class Chart:
    """What is left of prepaid money over time, as a line of steps: it stays, and drops on days with charges.

    ``lines`` are the levels with their positions, in whole units of the currency. ``out`` is where it runs out, and
    ``label_before`` whether the label fits only on that side.
    """

    frame: Frame
    line: str
    area: str
    marks: Sequence[Mark]
    lines: Sequence[tuple[float, int]]
    ticks: Sequence[Tick]
    out: float | None
    label_before: bool

    @property
    def floor(self) -> float:
        """Where zero is."""
        return self.frame.height - self.frame.bottom

    @property
    def end(self) -> float:
        """Where the last day is."""
        return self.frame.width - self.frame.right


def runway(
    days: Sequence[RunwayDay],
    *,
    balance: int,
    begins: date,
    ends: date,
    runs_out: date | None,
    unit: int,
    frame: Frame = WIDE,
) -> Chart:
    """The chart of a balance from ``begins`` to ``ends``; amounts in minor units, ``unit`` of which are one unit."""
    step = _step(max([balance, *(day.left.amount for day in days)]), unit)
    highest = max(balance, *(day.left.amount for day in days)) if days else balance
    levels = range(0, -(-max(highest, 1) // (step * unit)) * step + 1, step)
    span = max((ends - begins).days, 1)
    across, floor = frame.width - frame.right - frame.left, frame.height - frame.bottom

    def x_of(day: date) -> float:
        return round(frame.left + across * (day - begins).days / span, 1)

    def y_of(amount: int) -> float:
        return round(floor - (floor - frame.top) * amount / (levels[-1] * unit), 1)

    path, marks = [f"M{frame.left} {y_of(balance)}"], []
    for day in days:
        x, y = x_of(day.day), y_of(day.left.amount)
        path.append(f"H{x}V{y}")
        marks.append(Mark(x, y, bool(day.card)))
    path.append(f"H{frame.width - frame.right}")
    line = "".join(path)
    out = x_of(runs_out) if runs_out else None
    return Chart(
        frame=frame,
        line=line,
        area=f"{line}V{floor}H{frame.left}Z",
        marks=marks,
        lines=[(y_of(level * unit), level) for level in levels],
        ticks=[Tick(x_of(day), day, with_year) for day, with_year in _dates(begins, ends, frame.days_between)],
        out=out,
        label_before=out is not None and out > frame.left + across * 0.6,
    )


def _step(highest: int, unit: int) -> int:
    """The distance between levels, in whole units, so that four or five reach the highest amount."""
    least = max(-(-highest // (5 * unit)), 1)
    power = 1
    while least > _STEPS[-1] * power:
        power *= 10
    return _STEPS[bisect_left(_STEPS, -(-least // power))] * power


def _dates(begins: date, ends: date, between: int) -> list[tuple[date, bool]]:
    """The dates below the chart, and which have their year: the first, and where it changes."""
    days = [begins + timedelta(days=number) for number in range(0, (ends - begins).days - between // 3, between)]
    return [(day, place == 0 or day.year != days[place - 1].year) for place, day in enumerate(days)]
