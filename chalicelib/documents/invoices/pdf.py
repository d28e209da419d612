"""An invoice or a credit note as a PDF. The same document gives the same bytes.

Drawing needs reportlab, which is slow to import: import this module only where a document is drawn.
"""

from functools import partial

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table, TableStyle

from chalicelib.documents.invoices import words
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
    TINT,
    Sheet,
    columns,
    head,
    labelled,
    named,
    sums,
)
from chalicelib.documents.typesetting import Paragraph
from chalicelib.domain.billing.invoice_documents import InvoiceDocument, WrittenLine
from chalicelib.domain.billing.invoices import InvoiceStatus

_STAMPS = {
    InvoiceStatus.PAID: GREEN,
    InvoiceStatus.OPEN: AMBER,
    InvoiceStatus.UNCOLLECTIBLE: RED,
    InvoiceStatus.VOID: GREY,
}


def draw(document: InvoiceDocument) -> bytes:
    """The PDF."""
    sheet = Sheet(document.country)
    say = partial(words.say, language=document.language)
    heading = f"{document.title} {document.number}"
    story: list[Flowable] = [
        head(
            document.seller,
            title=document.title,
            number=say(f"No. {document.number}"),
            stamp=(say(document.status.upper()), _STAMPS[document.status]) if document.status else None,
            width=sheet.width,
        ),
        Spacer(0, GAP),
        _parties(document, sheet.width),
        Spacer(0, GAP),
        _lines(document, sheet.width),
        Spacer(0, 3 * mm),
        KeepTogether(
            [
                sums([(row.label, row.text, row.strong) for row in document.sums]),
                Spacer(0, GAP),
                *_ending(document),
            ]
        ),
    ]
    return sheet.pdf(
        story,
        heading=heading,
        subject=say(f"{heading} for {document.bill_to[0]}"),
        author=document.seller[0],
        language=document.language,
        page=lambda number, count: say(f"Page {number} of {count}"),
    )


def _parties(document: InvoiceDocument, width: float) -> Table:
    """Who is billed, for which account, and when."""
    say = partial(words.say, language=document.language)
    return columns(
        [
            [Paragraph(say("Bill to"), LABEL), *named(document.bill_to)],
            [Paragraph(say("Account"), LABEL), *named(document.account)] if document.account else [],
            labelled([(row.label, row.text) for row in document.dates]),
        ],
        widths=[width * 0.38, width * 0.31, width * 0.31],
    )


def _lines(document: InvoiceDocument, width: float) -> Table:
    """What is charged, over as many pages as it takes, each with the heading."""
    say = partial(words.say, language=document.language)
    heading = [Paragraph(say("Description"), HEADING), Paragraph(say(f"Amount ({document.currency})"), HEADING_RIGHT)]
    rows = [[_description(line), Paragraph(line.amount, AMOUNT)] for line in document.lines]
    lines = Table([heading, *rows], colWidths=[width - AMOUNT_WIDTH, AMOUNT_WIDTH], repeatRows=1)
    lines.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), TINT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE),
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
        Paragraph(line.description, BODY),
        *(Paragraph(small, SMALL) for small in (line.period, line.explanation) if small),
    ]


def _ending(document: InvoiceDocument) -> list[Flowable]:
    say = partial(words.say, language=document.language)
    payment = [Paragraph(say("Payment"), LABEL), *(Paragraph(line, BODY) for line in document.payment)]
    return [
        *((*payment, Spacer(0, 4 * mm)) if document.payment else ()),
        *(Paragraph(note, SMALL) for note in document.notes),
    ]
