"""What all documents drawn as PDF share: paper, styles, parts of their head, and numbered pages.

Drawing needs reportlab, which is slow to import: import this module only where a document is drawn.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table, TableStyle

from chalicelib.documents import typefaces, typesetting
from chalicelib.documents.typefaces import BOLD, REGULAR
from chalicelib.documents.typesetting import Paragraph

INK, GREY, RULE, TINT = (HexColor(code) for code in ("#1c2430", "#66707d", "#d5dae0", "#f4f6f8"))
GREEN, AMBER, RED = (HexColor(code) for code in ("#1d7a46", "#b26a00", "#b3261e"))
GAP = 7 * mm
AMOUNT_WIDTH = 36 * mm

_LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE", "PR"})
_MARGIN = 18 * mm
_PADDING = 6
"""The space that reportlab keeps free inside the margins of a page."""
_FOOTER = 11 * mm
_SUMS_WIDTH = 96 * mm
_LONGEST_FOOTER = 80


class Sheet:
    """The paper of a document, and the text between its margins, ``width`` wide."""

    def __init__(self, country: str) -> None:
        typefaces.begin()
        self._size = LETTER if country in _LETTER_COUNTRIES else A4
        self.width = self._size[0] - 2 * _MARGIN

    def pdf(
        self,
        story: list[Flowable],
        *,
        heading: str,
        subject: str,
        author: str,
        language: str,
        page: Callable[[int, int], str],
    ) -> bytes:
        """The document. ``author`` and ``heading`` are at the foot of each page, with ``page`` of its number and the
        number of pages. The same story gives the same bytes."""
        file = BytesIO()
        pages = SimpleDocTemplate(
            file,
            pagesize=self._size,
            leftMargin=_MARGIN - _PADDING,
            rightMargin=_MARGIN - _PADDING,
            topMargin=_MARGIN - _PADDING,
            bottomMargin=_MARGIN + 4 * mm,
            title=heading,
            author=typesetting.clean(author),
            subject=typesetting.clean(subject),
            creator="Sublet",
            lang=language,
            invariant=1,
        )
        foot = f"{author}  ·  {heading}"
        pages.build(story, canvasmaker=_numbered_canvas(foot if len(foot) <= _LONGEST_FOOTER else heading, page))
        return file.getvalue()


def head(
    seller: Sequence[str], *, title: str, number: str, stamp: tuple[str, Color] | None, width: float, left: float = 0.6
) -> Table:
    """The seller, in a ``left`` part of the width; what the document is, its number and its status on the right."""
    name, *lines = seller
    name_and_address = [Paragraph(name, NAME), *(Paragraph(line, SMALL) for line in lines)]
    right: list[Flowable] = [Paragraph(title, TITLE), Paragraph(number, NUMBER)]
    if stamp is not None:
        right += [Spacer(0, 2 * mm), _stamp(*stamp)]
    table = Table([[name_and_address, right]], colWidths=[width * left, width * (1 - left)])
    table.setStyle(TableStyle([*BARE, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("ALIGN", (1, 0), (1, 0), "RIGHT")]))
    return table


def columns(parts: Sequence[list[Flowable]], *, widths: Sequence[float]) -> Table:
    """Columns side by side under a rule."""
    table = Table([list(parts)], colWidths=list(widths))
    table.setStyle(
        TableStyle(
            [
                *BARE,
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.6, RULE),
                ("TOPPADDING", (0, 0), (-1, -1), 4 * mm),
                ("RIGHTPADDING", (0, 0), (-2, 0), 6 * mm),
            ]
        )
    )
    return table


def labelled(rows: Sequence[tuple[str, str]]) -> list[Flowable]:
    """Texts under their labels."""
    return [part for label, text in rows for part in (Paragraph(label, LABEL), Paragraph(text, BODY), Spacer(0, 4))]


def named(lines: Sequence[str]) -> list[Flowable]:
    """A name with what belongs to it."""
    name, *more = lines
    return [Paragraph(name, STRONG), *(Paragraph(line, BODY) for line in more)]


def sums(rows: Sequence[tuple[str, str, bool]]) -> Table:
    """Labels and amounts at the right of the page; some are strong, and the last of those is tinted."""
    texts = [
        [
            Paragraph(label, STRONG if is_strong else BODY),
            Paragraph(amount, STRONG_RIGHT if is_strong else AMOUNT),
        ]
        for label, amount, is_strong in rows
    ]
    strong = [index for index, (_, _, is_strong) in enumerate(rows) if is_strong]
    table = Table(texts, colWidths=[_SUMS_WIDTH - AMOUNT_WIDTH, AMOUNT_WIDTH], hAlign="RIGHT")
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3 * mm),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3 * mm),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                *(("LINEABOVE", (0, index), (-1, index), 0.6, RULE) for index in strong),
                ("BACKGROUND", (0, strong[-1]), (-1, strong[-1]), TINT),
            ]
        )
    )
    return table


def _stamp(word: str, color: Color) -> Table:
    stamp = Table([[Paragraph(word, _STAMP)]], colWidths=[typesetting.width_of(word, _STAMP) + 8 * mm])
    stamp.hAlign = "RIGHT"
    stamp.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), color),
                ("ROUNDEDCORNERS", [2.5, 2.5, 2.5, 2.5]),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return stamp


def _numbered_canvas(foot: str, page: Callable[[int, int], str]) -> type[Canvas]:
    """A canvas that writes the foot of each page once it knows how many pages there are."""

    class NumberedCanvas(Canvas):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, drawn in enumerate(self._pages, start=1):
                self.__dict__.update(drawn)
                self._write_foot(number, len(self._pages))
                super().showPage()
            super().save()

        def _write_foot(self, number: int, count: int) -> None:
            width = self._pagesize[0]  # type: ignore[attr-defined]
            typesetting.draw_line(self, foot, _MARGIN, _FOOTER, SMALL)
            typesetting.draw_line(self, page(number, count), width - _MARGIN, _FOOTER, SMALL_RIGHT)

    return NumberedCanvas


def _style(font: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(f"{font} {size}", fontName=font, fontSize=size, leading=size * 1.42, **more)


BARE = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]
NAME = _style(BOLD, 13, textColor=INK, spaceAfter=2)
TITLE = _style(BOLD, 20, textColor=INK, alignment=TA_RIGHT)
NUMBER = _style(REGULAR, 11, textColor=GREY, alignment=TA_RIGHT)
_STAMP = _style(BOLD, 9, textColor=white, alignment=TA_CENTER)
LABEL = _style(REGULAR, 8, textColor=GREY, spaceAfter=1)
HEADING = _style(BOLD, 8, textColor=GREY)
HEADING_RIGHT = _style(BOLD, 8, textColor=GREY, alignment=TA_RIGHT)
BODY = _style(REGULAR, 9.5, textColor=INK)
SMALL = _style(REGULAR, 8, textColor=GREY)
SMALL_RIGHT = _style(REGULAR, 8, textColor=GREY, alignment=TA_RIGHT)
AMOUNT = _style(REGULAR, 9.5, textColor=INK, alignment=TA_RIGHT)
STRONG = _style(BOLD, 9.5, textColor=INK)
STRONG_RIGHT = _style(BOLD, 9.5, textColor=INK, alignment=TA_RIGHT)
