"""A payout's statement as a PDF. The same document gives the same bytes.

Drawing needs reportlab, which is slow to import: import this module only where a document is drawn.
"""

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer

from chalicelib.documents.sheets import (
    AMBER,
    AMOUNT,
    AMOUNT_WIDTH,
    BODY,
    GAP,
    GREEN,
    GREY,
    HEADING,
    HEADING_RIGHT,
    LABEL,
    RED,
    RULE,
    SMALL,
    SMALL_RIGHT,
    STRONG,
    STRONG_RIGHT,
    TINT,
    Sheet,
    columns,
    head,
    labelled,
    named,
    sums,
)
from chalicelib.documents.statements.documents import StatementDocument, Tone, WrittenPart
from chalicelib.documents.typesetting import Paragraph
from chalicelib.domain.values import dataclass

_COLORS = {Tone.DONE: GREEN, Tone.OPEN: AMBER, Tone.FAILED: RED, Tone.NEUTRAL: GREY}
_SIDE = 3 * mm
_INDENT = 4 * mm
_LONGEST_LINE = 1000
"""A reason that an operator gives may have 500 characters; what is said around it fits in as well."""


def draw(document: StatementDocument) -> bytes:
    """The PDF."""
    sheet = Sheet(document.country)
    story: list[Flowable] = [
        head(
            document.seller,
            title=document.title,
            number=document.number,
            stamp=(document.status.upper(), _COLORS[document.tone]),
            width=sheet.width,
            left=0.5,
        ),
        Spacer(0, GAP),
        columns(
            [
                [Paragraph(document.paid_to_label, LABEL), *named(document.paid_to)],
                labelled(document.dates[:2]),
                labelled(document.dates[2:]),
            ],
            widths=[sheet.width * 0.38, sheet.width * 0.31, sheet.width * 0.31],
        ),
        *([Spacer(0, 2 * mm), Paragraph(document.remark, BODY)] if document.remark else []),
        Spacer(0, GAP),
        KeepTogether([sums(document.sums)]),
        Spacer(0, GAP),
    ]
    if document.parts:
        heading = _Row(
            Paragraph(document.description, HEADING), Paragraph(document.amount, HEADING_RIGHT), above=4, below=4
        )
        story.append(_Rows(heading, _rows(document.parts)))
    else:
        story.append(Paragraph(document.left_out, BODY))
    story.append(Spacer(0, GAP))
    story += [Paragraph(note, SMALL) for note in document.notes]
    return sheet.pdf(
        story,
        heading=f"{document.title} {document.number}",
        subject=f"{document.title} {document.number}: {document.paid_to[0]}",
        author=document.seller[0],
        language=document.language,
        page=document.page,
    )


@dataclass
class _Row:
    """A text at the left and an amount at the right; some rows stay on one page with the next."""

    left: Paragraph
    right: Paragraph | None
    indent: float = 0
    above: float = 0
    below: float = 0
    ends_part: bool = False
    stays_with_next: bool = False
    height: float = field(default=0, init=False)
    _heights: tuple[float, float] = field(default=(0, 0), init=False)

    def lay_out(self, width: float) -> None:
        """Find out how high it is."""
        left = self.left.wrap(width - AMOUNT_WIDTH - 2 * _SIDE - self.indent, 0)[1]
        right = self.right.wrap(AMOUNT_WIDTH - _SIDE, 0)[1] if self.right else 0
        self._heights = (left, right)
        self.height = max(left, right) + self.above + self.below

    def draw_on(self, canvas: Any, top: float, width: float) -> None:
        """Draw it below that height."""
        left, right = self._heights
        self.left.drawOn(canvas, _SIDE + self.indent, top - self.above - left)
        if self.right is not None:
            self.right.drawOn(canvas, width - AMOUNT_WIDTH, top - self.above - right)


def _rows(parts: Sequence[WrittenPart]) -> list[_Row]:
    """An account with its lines. Of several it shows their sum, and each line shows its own amount."""
    rows: list[_Row] = []
    for part in parts:
        is_one = len(part.lines) == 1
        name, amount = (BODY, AMOUNT) if is_one else (STRONG, STRONG_RIGHT)
        rows.append(_Row(Paragraph(part.name, name), Paragraph(part.amount, amount), above=4, stays_with_next=True))
        for line in part.lines:
            own = None if is_one else Paragraph(line.amount, SMALL_RIGHT)
            rows.append(_Row(Paragraph(line.text, SMALL, longest=_LONGEST_LINE), own, indent=_INDENT))
        rows[-1].below, rows[-1].ends_part = 5, True
    return rows


class _Rows(Flowable):
    """Rows over as many pages as they take, each page with the heading.

    reportlab's own tables lay all remaining rows out anew on each page: thousands of them would take minutes.
    """

    def __init__(self, heading: _Row, rows: list[_Row]) -> None:
        super().__init__()
        self._heading = heading
        self._rows = rows

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The width and height it takes; of what is higher than ``height``, only that much is laid out."""
        self.width = width
        taken = 0.0
        for row in (self._heading, *self._rows):
            if not row.height:
                row.lay_out(width)
            taken += row.height
            if taken > height:
                break
        return width, taken

    def split(self, width: float, height: float) -> list[Flowable]:
        """As many rows as fit, and the others; none if not even the first with what it stays with."""
        self.wrap(width, height)
        taken, fitting = self._heading.height, 0
        for place, row in enumerate(self._rows, start=1):
            taken += row.height
            if taken > height:
                break
            if not row.stays_with_next:
                fitting = place
        if not fitting:
            return []
        return [_Rows(self._heading, self._rows[:fitting]), _Rows(self._heading, self._rows[fitting:])]

    def draw(self) -> None:
        """Draw the rows; reportlab calls this."""
        canvas: Any = self.canv
        top = self._heading.height + sum(row.height for row in self._rows)
        canvas.setFillColor(TINT)
        canvas.rect(0, top - self._heading.height, self.width, self._heading.height, stroke=0, fill=1)
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.4)
        for row in (self._heading, *self._rows):
            row.draw_on(canvas, top, self.width)
            top -= row.height
            if row.ends_part:
                canvas.line(0, top, self.width, top)
