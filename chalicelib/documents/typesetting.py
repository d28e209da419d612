"""Text in any script, laid out in lines: direction, fonts and joined letters.

Unicode's rules of direction come from python-bidi, the forms and places of letters from HarfBuzz. reportlab's own
paragraphs do the first only with a library that is no longer published, and never choose a font.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from bidi import algorithm as bidi
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from chalicelib.documents import shaping, typefaces
from chalicelib.documents.shaping import Piece
from chalicelib.domain.values import dataclass

LONGEST = 300
"""The most characters of one text that are drawn. Names may be long, but must fit on a page."""
_JOINERS = "\u200c\u200d"
"""They join or separate letters, and have no width of their own."""
_STAY_AT_THE_END = frozenset("、。，．・：；？！）」』】〕》〉”’…ー々")
_STAY_AT_THE_START = frozenset("（「『【〔《〈“‘")
_STROKE = 0.028
"""How much thicker a line is drawn where a font has no bold, as a fraction of the font size."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """A character with its font and its level of direction: odd ones run from right to left."""

    text: str
    font: str
    level: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours of one font and one direction, in the order they are read."""

    text: str
    font: str
    level: int

    def pieces(self, size: float) -> list[Piece]:
        """What is drawn from left to right."""
        if self.font in typefaces.SHAPED:
            return shaping.shape(self.text, self.font, size, right_to_left=self.level % 2 == 1)
        text = self.text
        if self.level % 2 == 1:
            text = "".join(bidi.MIRRORED.get(sign, sign) for sign in reversed(text))
        return [Piece(text, text, pdfmetrics.stringWidth(text, self.font, size))]

    def width(self, size: float) -> float:
        """In points."""
        return sum(piece.advance for piece in self.pieces(size))


class Paragraph(Flowable):
    """A text in one style, over as many lines as it takes."""

    def __init__(self, text: str, style: ParagraphStyle, *, longest: int = LONGEST) -> None:
        super().__init__()
        self.style = style
        self._signs = _signs_of(clean(text, longest=longest), style.fontName)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Lay the text out in lines of that width; return the width and height it takes."""
        del height
        self.width = width
        self._lines = list(_lines(self._signs, width, self.style.fontSize))
        return width, len(self._lines) * self.style.leading

    def draw(self) -> None:
        """Draw the text; reportlab calls this."""
        style = self.style
        y = len(self._lines) * style.leading - style.fontSize
        for line in self._lines:
            _draw(self.canv, line, _start(line, style, self.width), y, style)
            y -= style.leading


def draw_line(canvas: Canvas, text: str, x: float, y: float, style: ParagraphStyle) -> None:
    """Draw a text in one line; aligned to the right, it ends at ``x``."""
    runs = _in_order(_signs_of(clean(text), style.fontName))
    _draw(canvas, runs, x - _width(runs, style.fontSize) if style.alignment == TA_RIGHT else x, y, style)


def width_of(text: str, style: ParagraphStyle) -> float:
    """How wide a text is in one line, in points."""
    return _width(_in_order(_signs_of(clean(text), style.fontName)), style.fontSize)


def clean(text: str, *, longest: int = LONGEST) -> str:
    """A text ready to be drawn: accents joined to their letters, without invisible characters, not too long."""
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(
        sign for sign in composed if sign in _JOINERS or unicodedata.category(sign) not in ("Cf", "Cc", "Cs")
    )
    return seen if len(seen) <= longest else seen[: longest - 1] + "…"


def _signs_of(text: str, base: str) -> list[_Sign]:
    """Each character with its font, and with the level that Unicode's rules give it in this text."""
    signs: list[_Sign] = []
    levels = _levels(text)
    for sign, level in zip(text, levels, strict=True):
        before = signs[-1].font if signs else base
        if sign in _JOINERS:
            if before in typefaces.SHAPED:
                signs.append(_Sign(sign, before, level))
        elif (sign == " " or unicodedata.category(sign)[0] == "M") and typefaces.has(before, sign):
            signs.append(_Sign(sign, before, level))
        elif (font := typefaces.font_of(sign, base)) is not None:
            signs.append(_Sign(sign, font, level))
        else:
            signs.append(_Sign(typefaces.UNKNOWN, base, level))
    return signs


def _levels(text: str) -> list[int]:
    """Levels of direction. A text runs as its first letter does; joiners go along with what is before them."""
    if not any(unicodedata.bidirectional(sign) in ("R", "AL", "AN") for sign in text):
        return [0] * len(text)
    visible = "".join(sign for sign in text if sign not in _JOINERS)
    storage = bidi.get_empty_storage()
    storage["base_level"] = bidi.get_base_level(visible)
    storage["base_dir"] = ("L", "R")[storage["base_level"]]
    bidi.get_embedding_levels(visible, storage, upper_is_rtl=False)
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    found = iter([sign["level"] for sign in storage["chars"]])
    levels: list[int] = []
    for sign in text:
        levels.append((levels[-1] if levels else storage["base_level"]) if sign in _JOINERS else next(found))
    return levels


def _lines(signs: Sequence[_Sign], width: float, size: float) -> Iterator[list[_Run]]:
    """As many characters per line as fit: up to a place where a line may end, or inside a word wider than a line."""
    start = 0
    while start < len(signs):
        end = _end(signs, start, width, size)
        line = list(signs[start:end])
        while line and line[-1].text == " ":
            line.pop()
        yield _in_order(line)
        start = end


def _end(signs: Sequence[_Sign], start: int, width: float, size: float) -> int:
    if _width(_in_order(signs[start:]), size) <= width:  # as most texts do: then no other place is tried
        return len(signs)
    fitting = start
    for end in range(start + 1, len(signs) + 1):
        if not _may_end(signs, end):
            continue
        if _width(_in_order(signs[start:end]), size) - _space_at(signs, end, size) > width:
            break
        fitting = end
    if fitting > start:
        return fitting
    for end in range(start + 1, len(signs) + 1):
        if end < len(signs) and _belongs_to_what_is_before(signs[end]):
            continue
        if _width(_in_order(signs[start:end]), size) > width:
            break
        fitting = end
    return max(fitting, start + 1)


def _may_end(signs: Sequence[_Sign], end: int) -> bool:
    """Whether a line may end before this place: after a blank, and around Chinese and Japanese characters."""
    if end == len(signs) or signs[end - 1].text == " ":
        return True
    last, following = signs[end - 1].text, signs[end].text
    if following == " " or following in _STAY_AT_THE_END or last in _STAY_AT_THE_START:
        return False
    return not _belongs_to_what_is_before(signs[end]) and (_is_wide(last) or _is_wide(following))


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in ("W", "F")


def _belongs_to_what_is_before(sign: _Sign) -> bool:
    return sign.text in _JOINERS or unicodedata.category(sign.text)[0] == "M"


def _space_at(signs: Sequence[_Sign], end: int, size: float) -> float:
    """The width of the blank that a line would end with; it may exceed the line."""
    last = signs[end - 1]
    return float(pdfmetrics.stringWidth(" ", last.font, size)) if last.text == " " else 0.0


def _in_order(signs: Sequence[_Sign]) -> list[_Run]:
    """The runs of a line from left to right (rule L2 of Unicode's algorithm: from the highest level down, reverse)."""
    runs = [
        _Run("".join(sign.text for sign in group), font, level)
        for (font, level), group in groupby(signs, key=lambda sign: (sign.font, sign.level))
    ]
    for level in range(max((run.level for run in runs), default=0), 0, -1):
        runs = [
            run
            for is_turned, group in groupby(runs, key=lambda run, level=level: run.level >= level)  # type: ignore[misc]
            for run in (reversed(list(group)) if is_turned else group)
        ]
    return runs


def _width(runs: Sequence[_Run], size: float) -> float:
    return sum(run.width(size) for run in runs)


def _start(line: Sequence[_Run], style: ParagraphStyle, width: float) -> float:
    if style.alignment == TA_RIGHT:
        return width - _width(line, style.fontSize)
    return (width - _width(line, style.fontSize)) / 2 if style.alignment == TA_CENTER else 0


def _draw(canvas: Any, runs: Sequence[_Run], x: float, y: float, style: ParagraphStyle) -> None:
    size = style.fontSize
    canvas.setFillColor(style.textColor)
    for run in runs:
        is_thickened = style.fontName == typefaces.BOLD != run.font
        if is_thickened:
            canvas.setStrokeColor(style.textColor)
            canvas.setLineWidth(size * _STROKE)
        canvas.setFont(run.font, size)
        for piece in run.pieces(size):
            _draw_piece(canvas, piece, x, y, mode=2 if is_thickened else None)
            x += piece.advance


def _draw_piece(canvas: Any, piece: Piece, x: float, y: float, *, mode: int | None) -> None:
    """Draw it. Where it is not drawn by its own signs, say what it reads, for whoever copies the text or searches."""
    is_disguised = piece.drawn != piece.reads
    if is_disguised:
        canvas._code.append(f"/Span <</ActualText <FEFF{piece.reads.encode('utf-16-be').hex().upper()}>>> BDC")
    canvas.drawString(x + piece.dx, y + piece.dy, piece.drawn, mode=mode)
    if is_disguised:
        canvas._code.append("EMC")
