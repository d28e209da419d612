"""The letters of a script that joins them or stacks marks on them, in the forms and places that HarfBuzz gives them."""

from itertools import groupby

import uharfbuzz
from reportlab.pdfbase import pdfmetrics

from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """Something drawn at once: ``drawn`` by the signs the font has it under, though it ``reads`` otherwise.

    ``advance`` is the way to the next piece, ``dx`` and ``dy`` how far aside it is drawn, all in points.
    """

    drawn: str
    reads: str
    advance: float
    dx: float = 0
    dy: float = 0


def shape(text: str, font: str, size: float, *, right_to_left: bool) -> list[Piece]:
    """The pieces of a text of one font and direction, from left to right."""
    face = pdfmetrics.getFont(font)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if right_to_left else "ltr"
    hb_font = face.hbFont(size)  # type: ignore[attr-defined]
    uharfbuzz.shape(hb_font, buffer)
    scale = size / hb_font.face.upem
    glyphs = list(zip(buffer.glyph_infos, buffer.glyph_positions, strict=True))
    starts = sorted({info.cluster for info, _ in glyphs})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    pieces: list[Piece] = []
    for start, together in groupby(glyphs, key=lambda glyph: glyph[0].cluster):
        reads = text[start : ends[start]]
        for info, place in together:
            drawn = _sign_of(face, hb_font, info.codepoint, place.x_advance)
            advance, dx, dy = place.x_advance * scale, place.x_offset * scale, place.y_offset * scale
            pieces.append(Piece(drawn, reads, advance, dx, dy))
            reads = ""  # the first glyph stands for all of its cluster
    return pieces


def _sign_of(face: object, hb_font: uharfbuzz.Font, glyph: int, advance: int) -> str:
    """A sign that reportlab draws this glyph by: its own or, of a form that has none, one of the private ones."""
    signs = face.face.glyphToChar.get(glyph)  # type: ignore[attr-defined]
    if signs:
        return chr(signs[0])
    return chr(face.hbAddPrivate(hb_font.glyph_to_string(glyph), glyph, advance))  # type: ignore[attr-defined]
