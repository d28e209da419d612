"""An invoice or a credit note as a PDF. The same document gives the same bytes.

Drawing needs reportlab, which is slow to import: import this module only where a document is drawn.
"""

from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, SimpleDocTemplate, Spacer, Table, TableStyle

from chalicelib.documents import typefaces, typesetting
from chalicelib.documents.typefaces import BOLD, REGULAR
from chalicelib.documents.typesetting import Paragraph
from chalicelib.domain.billing.invoice_documents import InvoiceDocument, Row, WrittenLine
from chalicelib.domain.billing.invoices import InvoiceStatus

_INK, _GREY, _RULE, _TINT = (HexColor(code) for code in ("#1c2430", "#66707d", "#d5dae0", "#f4f6f8"))
_STAMPS = {
    InvoiceStatus.PAID: HexColor("#1d7a46"),
    InvoiceStatus.OPEN: HexColor("#b26a00"),
    InvoiceStatus.UNCOLLECTIBLE: HexColor("#b3261e"),
    InvoiceStatus.VOID: HexColor("#66707d"),
}
_LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE", "PR"})

_MARGIN = 18 * mm
_PADDING = 6
"""The space that reportlab keeps free inside the margins of a page."""
_FOOTER = 11 * mm
_GAP = 7 * mm
_AMOUNT_WIDTH = 36 * mm
_SUMS_WIDTH = 96 * mm


def draw(document: InvoiceDocument) -> bytes:
    """The PDF."""
    typefaces.begin()
    size = LETTER if document.country in _LETTER_COUNTRIES else A4
    width = size[0] - 2 * _MARGIN
    file = BytesIO()
    pages = SimpleDocTemplate(
        file,
        pagesize=size,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=_MARGIN - _PADDING,
        bottomMargin=_MARGIN + 4 * mm,
        title=_heading(document),
        author=typesetting.clean(document.seller[0]),
        subject=typesetting.clean(f"{_heading(document)} for {document.bill_to[0]}"),
        creator="Sublet",
        lang="en",
        invariant=1,
    )
    story: list[Flowable] = [
        _head(document, width),
        Spacer(0, _GAP),
        _parties(document, width),
        Spacer(0, _GAP),
        _lines(document, width),
        Spacer(0, 3 * mm),
        KeepTogether([_sums(document), Spacer(0, _GAP), *_ending(document)]),
    ]
    pages.build(story, canvasmaker=_canvas_for(document))
    return file.getvalue()


def _heading(document: InvoiceDocument) -> str:
    """`Invoice 000042`."""
    return f"{document.title} {document.number}"


def _head(document: InvoiceDocument, width: float) -> Table:
    """The seller on the left; the number and the status on the right."""
    name, *lines = document.seller
    seller = [_text(name, _NAME), *(_text(line, _SMALL) for line in lines)]
    title = [
        _text(document.title, _TITLE),
        _text(f"No. {document.number}", _NUMBER),
        *([Spacer(0, 2 * mm), _stamp(document.status)] if document.status else []),
    ]
    head = Table([[seller, title]], colWidths=[width * 0.6, width * 0.4])
    head.setStyle(TableStyle([*_BARE, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("ALIGN", (1, 0), (1, 0), "RIGHT")]))
    return head


def _stamp(status: InvoiceStatus) -> Table:
    word = status.upper()
    stamp = Table([[Paragraph(word, _STAMP)]], colWidths=[typesetting.width_of(word, _STAMP) + 8 * mm])
    stamp.hAlign = "RIGHT"
    stamp.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), _STAMPS[status]),
                ("ROUNDEDCORNERS", [2.5, 2.5, 2.5, 2.5]),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return stamp


def _parties(document: InvoiceDocument, width: float) -> Table:
    """Who is billed, for which account, and when."""
    columns = [
        [_text("Bill to", _LABEL), *_named(document.bill_to)],
        [_text("Account", _LABEL), *_named(document.account)] if document.account else [],
        [part for row in document.dates for part in (_text(row.label, _LABEL), _text(row.text, _BODY), Spacer(0, 4))],
    ]
    parties = Table([columns], colWidths=[width * 0.38, width * 0.31, width * 0.31])
    parties.setStyle(
        TableStyle(
            [
                *_BARE,
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.6, _RULE),
                ("TOPPADDING", (0, 0), (-1, -1), 4 * mm),
                ("RIGHTPADDING", (0, 0), (1, 0), 6 * mm),
            ]
        )
    )
    return parties


def _named(lines: tuple[str, ...]) -> list[Paragraph]:
    name, *more = lines
    return [_text(name, _STRONG), *(_text(line, _BODY) for line in more)]


def _lines(document: InvoiceDocument, width: float) -> Table:
    """What is charged, over as many pages as it takes, each with the heading."""
    heading = [_text("Description", _HEADING), _text(f"Amount ({document.currency})", _HEADING_RIGHT)]
    rows = [[_description(line), _text(line.amount, _AMOUNT)] for line in document.lines]
    lines = Table([heading, *rows], colWidths=[width - _AMOUNT_WIDTH, _AMOUNT_WIDTH], repeatRows=1)
    lines.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), _TINT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, _RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 3 * mm),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3 * mm),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
            ]
        )
    )
    return lines


def _description(line: WrittenLine) -> list[Paragraph]:
    return [
        _text(line.description, _BODY),
        *(_text(small, _SMALL) for small in (line.period, line.explanation) if small),
    ]


def _sums(document: InvoiceDocument) -> Table:
    rows = [[_text(row.label, _sum_style(row)), _text(row.text, _sum_style(row, right=True))] for row in document.sums]
    sums = Table(rows, colWidths=[_SUMS_WIDTH - _AMOUNT_WIDTH, _AMOUNT_WIDTH], hAlign="RIGHT")
    strong = [index for index, row in enumerate(document.sums) if row.strong]
    sums.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3 * mm),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3 * mm),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                *(("LINEABOVE", (0, index), (-1, index), 0.6, _RULE) for index in strong),
                ("BACKGROUND", (0, strong[-1]), (-1, strong[-1]), _TINT),
            ]
        )
    )
    return sums


def _sum_style(row: Row, *, right: bool = False) -> ParagraphStyle:
    if row.strong:
        return _STRONG_RIGHT if right else _STRONG
    return _AMOUNT if right else _BODY


def _ending(document: InvoiceDocument) -> list[Flowable]:
    payment = [_text("Payment", _LABEL), *(_text(line, _BODY) for line in document.payment)]
    return [
        *((*payment, Spacer(0, 4 * mm)) if document.payment else ()),
        *(_text(note, _SMALL) for note in document.notes),
    ]


def _canvas_for(document: InvoiceDocument) -> type[Canvas]:
    """A canvas that writes the footer of each page once it knows how many pages there are."""
    left = f"{document.seller[0]}  ·  {_heading(document)}"

    class NumberedCanvas(Canvas):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self._write_foot(number, len(self._pages))
                super().showPage()
            super().save()

        def _write_foot(self, number: int, count: int) -> None:
            width = self._pagesize[0]  # type: ignore[attr-defined]
            text = left if len(left) <= 80 else _heading(document)
            typesetting.draw_line(self, text, _MARGIN, _FOOTER, _SMALL)
            typesetting.draw_line(self, f"Page {number} of {count}", width - _MARGIN, _FOOTER, _SMALL_RIGHT)

    return NumberedCanvas


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(text, style)


def _style(font: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(f"{font} {size}", fontName=font, fontSize=size, leading=size * 1.42, **more)


_BARE = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]
_NAME = _style(BOLD, 13, textColor=_INK, spaceAfter=2)
_TITLE = _style(BOLD, 20, textColor=_INK, alignment=TA_RIGHT)
_NUMBER = _style(REGULAR, 11, textColor=_GREY, alignment=TA_RIGHT)
_STAMP = _style(BOLD, 9, textColor=white, alignment=TA_CENTER)
_LABEL = _style(REGULAR, 8, textColor=_GREY, spaceAfter=1)
_HEADING = _style(BOLD, 8, textColor=_GREY)
_HEADING_RIGHT = _style(BOLD, 8, textColor=_GREY, alignment=TA_RIGHT)
_BODY = _style(REGULAR, 9.5, textColor=_INK)
_SMALL = _style(REGULAR, 8, textColor=_GREY)
_SMALL_RIGHT = _style(REGULAR, 8, textColor=_GREY, alignment=TA_RIGHT)
_AMOUNT = _style(REGULAR, 9.5, textColor=_INK, alignment=TA_RIGHT)
_STRONG = _style(BOLD, 9.5, textColor=_INK)
_STRONG_RIGHT = _style(BOLD, 9.5, textColor=_INK, alignment=TA_RIGHT)
