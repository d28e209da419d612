"""Which font draws which character. This imports reportlab: import it only where something is drawn.

Noto Sans draws Latin with all its accents, Greek and Cyrillic. Other scripts have a font of their own, read when a text
first needs it. A sign that none of them has (emoji, Tamil, …) is drawn as a question mark in a diamond
(docs/decisions/invoice-documents.md).
"""

from bisect import bisect_right
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "NotoSans-Regular", "NotoSans-Bold"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

_FOLDER = Path(__file__).parent / "fonts"
_ARABIC, _HEBREW = "NotoSansArabic-Regular", "NotoSansHebrew-Regular"
_DEVANAGARI, _THAI = "NotoSansDevanagari-Regular", "NotoSansThai-Regular"
_EAST_ASIAN = "WenQuanYiMicroHei"
SHAPED = frozenset({_ARABIC, _HEBREW, _DEVANAGARI, _THAI})
"""Fonts whose letters take their form from their neighbours, or carry marks that have to be placed."""
_BLOCKS = (
    (0x0590, 0x05FF, _HEBREW),
    (0x0600, 0x06FF, _ARABIC),
    (0x0750, 0x077F, _ARABIC),
    (0x08A0, 0x08FF, _ARABIC),
    (0x0900, 0x097F, _DEVANAGARI),
    (0x0E00, 0x0E7F, _THAI),
    (0x1CD0, 0x1CFF, _DEVANAGARI),
    (0x2E80, 0x9FFF, _EAST_ASIAN),
    (0xA8E0, 0xA8FF, _DEVANAGARI),
    (0xAC00, 0xD7A3, _EAST_ASIAN),
    (0xF900, 0xFAFF, _EAST_ASIAN),
    (0xFB1D, 0xFB4F, _HEBREW),
    (0xFB50, 0xFDFF, _ARABIC),
    (0xFE30, 0xFE4F, _EAST_ASIAN),
    (0xFE70, 0xFEFF, _ARABIC),
    (0xFF00, 0xFFEF, _EAST_ASIAN),
)
"""First and last character of Unicode's blocks, in order, with the font that has them."""
_STARTS = [start for start, _, _ in _BLOCKS]


def begin() -> None:
    """Make ready for a document. Shaping leaves traces in a font; so that the same document is the same bytes, each
    begins with fresh ones."""
    for name in (REGULAR, BOLD):
        registered(name)
    for name in SHAPED & set(pdfmetrics.getRegisteredFontNames()):
        _register(name)


def font_of(sign: str, base: str) -> str | None:
    """The font that has the character: ``base`` if it does, else that of the character's script, else None."""
    if has(base, sign):
        return base
    place = bisect_right(_STARTS, ord(sign)) - 1
    if place < 0 or ord(sign) > _BLOCKS[place][1]:
        return None
    name = _BLOCKS[place][2]
    return name if has(name, sign) else None


def has(font: str, sign: str) -> bool:
    """Whether a font has a character."""
    return ord(sign) in _signs(font)


def registered(name: str) -> str:
    """The font, ready to be drawn with."""
    if name not in pdfmetrics.getRegisteredFontNames():
        _register(name)
    return name


@cache
def _signs(name: str) -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(registered(name)).face.charToGlyph)  # type: ignore[attr-defined]


def _register(name: str) -> None:
    pdfmetrics.registerFont(TTFont(name, str(_FOLDER / f"{name}.ttf")))
