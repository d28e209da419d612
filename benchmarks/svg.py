"""Small charts as SVG files: lines and bars, with nothing but the standard library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 84, 36, 46, 58
COLOURS = ("#1f6f8b", "#d1495b", "#66a182", "#edae49", "#6b4e9b", "#8d6a4f")


@dataclass(frozen=True)
class Axis:
    """What an axis shows; ``log`` needs values above zero. ``text`` writes a tick's value."""

    title: str
    log: bool = False
    low: float | None = None
    high: float | None = None
    text: Callable[[float], str] = "{:,.10g}".format
    ticks: Sequence[float] | None = None

    def scale(self, values: Sequence[float], start: float, end: float) -> "_Scale":
        low = self.low if self.low is not None else min(values)
        high = self.high if self.high is not None else max(values)
        if self.log:
            low, high = 10 ** floor(log10(low)), 10 ** ceil(log10(high))
        return _Scale(self, low, high if high > low else low + 1, start, end)


@dataclass(frozen=True)
class _Scale:
    axis: Axis
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        low, high = (log10(self.low), log10(self.high)) if self.axis.log else (self.low, self.high)
        place = log10(max(value, self.low)) if self.axis.log else value
        return self.start + (place - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        if self.axis.ticks is not None:
            return [tick for tick in self.axis.ticks if self.low <= tick <= self.high]
        if self.axis.log:
            return [10.0**power for power in range(round(log10(self.low)), round(log10(self.high)) + 1)]
        rough = (self.high - self.low) / 6
        power = 10 ** floor(log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        return [step * number for number in range(ceil(self.low / step), floor(self.high / step) + 1)]


@dataclass(frozen=True)
class Line:
    """A line through points."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


@dataclass
class Chart:
    """A chart under a title, with a line of text beneath it that says what it is made of."""

    title: str
    note: str = ""
    _parts: list[str] = field(default_factory=list)

    def lines(self, lines: Sequence[Line], *, x: Axis, y: Axis) -> "Chart":
        """Draw lines, each with its name in the legend."""
        across = x.scale([at for line in lines for at, _ in line.points], LEFT, WIDTH - RIGHT)
        up = y.scale([at for line in lines for _, at in line.points], HEIGHT - BOTTOM, TOP + 18 * ceil(len(lines) / 3))
        self._grid(across, up)
        for line, colour in zip(lines, _colours(len(lines)), strict=True):
            points = " ".join(f"{across.at(at):.1f},{up.at(value):.1f}" for at, value in line.points)
            dash = ' stroke-dasharray="6 4"' if line.dashed else ""
            self._parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        self._legend([line.name for line in lines])
        return self

    def bars(
        self,
        groups: Sequence[str],
        stacks: Sequence[tuple[str, Sequence[float]]],
        *,
        y: Axis,
        limit: float | None = None,
    ) -> "Chart":
        """Draw a bar for each group, stacked of one value of each stack; ``limit`` is a line across.

        A group without a name has no label.
        """
        totals = [sum(values[place] for _, values in stacks) for place in range(len(groups))]
        up = y.scale([0, *totals, *([limit] if limit else [])], HEIGHT - BOTTOM, TOP + 18 * ceil(len(stacks) / 3))
        across = _Scale(Axis(""), 0, len(groups), LEFT, WIDTH - RIGHT)
        self._grid(None, up)
        colours, width = _colours(len(stacks)), (across.at(1) - across.at(0)) * 0.72
        for place, group in enumerate(groups):
            bottom, left = 0.0, across.at(place + 0.14)
            for (_, values), colour in zip(stacks, colours, strict=True):
                top, base = up.at(bottom + values[place]), up.at(bottom)
                self._parts.append(_box(left, top, width, base - top, colour))
                bottom += values[place]
            self._text(across.at(place + 0.5), HEIGHT - BOTTOM + 16, group, "middle")
        if limit:
            height = up.at(limit)
            self._parts.append(_line(LEFT, height, WIDTH - RIGHT, height, "#d1495b", 'stroke-dasharray="6 4"'))
        self._legend([name for name, _ in stacks] if len(stacks) > 1 else [])
        return self

    def write(self, file: Path) -> None:
        """Write the chart as a file."""
        self._text(LEFT, 20, self.title, "start", bold=True)
        self._text(LEFT, HEIGHT - 10, self.note, "start")
        file.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(self._parts)
            + "\n</svg>\n",
            encoding="utf-8",
        )

    def _grid(self, across: _Scale | None, up: _Scale) -> None:
        for tick in up.ticks():
            height = up.at(tick)
            self._parts.append(_line(LEFT, height, WIDTH - RIGHT, height, "#dddddd"))
            self._text(LEFT - 6, height + 4, up.axis.text(tick), "end")
        for tick in across.ticks() if across else []:
            place = across.at(tick) if across else 0
            self._parts.append(_line(place, HEIGHT - BOTTOM, place, HEIGHT - BOTTOM + 5, "#333333"))
            self._text(place, HEIGHT - BOTTOM + 18, across.axis.text(tick) if across else "", "middle")
        self._parts.append(_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "#333333"))
        if across:
            self._text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 34, across.axis.title, "middle")
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self._parts.append(
            f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(up.axis.title)}</text>'
        )

    def _legend(self, names: Sequence[str]) -> None:
        for place, (name, colour) in enumerate(zip(names, _colours(len(names)), strict=True)):
            left, height = LEFT + 4 + (place % 3) * 222, TOP + 18 * (place // 3)
            self._parts.append(_box(left, height - 13, 10, 10, colour))
            self._text(left + 15, height - 4, name, "start")

    def _text(self, x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> None:
        if not text:
            return
        weight = ' font-weight="bold" font-size="14"' if bold else ""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>')


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>'


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _colours(count: int) -> list[str]:
    return [COLOURS[place % len(COLOURS)] for place in range(count)]


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 12 min, 3.5 h, 2.1 d."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
