"""Invoices drawn, and read back as a client's program would."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from chalicelib.documents.invoices.pdf import draw
from chalicelib.domain.billing.invoice_documents import InvoiceDocument
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.partners.billing_profiles import Address
from tests.invoices import line, make_invoice, make_partner, make_profile, paid_invoice, usd, written

A4, LETTER = (595, 841), (612, 792)
PROJECT = Path(__file__).parents[3]


def read(document: InvoiceDocument) -> list[str]:
    """The text of each page, line ends made spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(draw(document))).pages]


def test_a_paid_invoice_says_all_there_is_to_say() -> None:
    lines = (line(), line("SMS", 1125), line("SEO", 900), line("Inbox Preview", 750))
    invoice = paid_invoice(*lines, prepaid_applied=usd(3000), card_charged=usd(3450), wallet_balance_after=usd(7))

    (page,) = read(written(invoice, profile=make_profile()))

    for text in (
        "Example Software Inc. 100 Example Street, Suite 400 Springfield, IL 62701 United States billing@example.com",
        "Invoice No. 000042 PAID",
        "Bill to Bright Agency Company card 12 Main Street 60601 Chicago US books@bright.example",
        "Account acme Acme Inc",
        "Issued 31 Jan 2026 Paid 31 Jan 2026 Period 31 Jan 2026 – 27 Feb 2026",
        "Description Amount (USD)",
        "Plus, 1,000 contacts, monthly 31 Jan 2026 – 27 Feb 2026 36.75",
        "Inbox Preview 31 Jan 2026 – 27 Feb 2026 7.50",
        "Subtotal 64.50 Taxes not included Total 64.50",
        "Prepaid money applied -30.00 Charged to Visa •••• 4242 -34.50 Amount due USD 0.00",
        "Prepaid balance afterwards 0.07",
        "Payment reference: pi_123 (stripe)",
        "Page 1 of 1",
    ):
        assert text in page


def test_each_line_says_how_its_amount_comes_about() -> None:
    why = Explanation(
        Rule.UNUSED, item="plan", list_price=4900, partner_percent=Decimal(25), days=18, of_days=28, limit=1000
    )
    (page,) = read(written(make_invoice(replace(line("Plus, 18 days unused", -1000), explanation=why), line())))

    assert (
        "Credit for unused days. List price 49.00, less 25% partner discount (12.25): 36.75 per cycle. "
        "For 18 of 28 days: 36.75 × 18 / 28 = 23.63. Each step is rounded half up. "
        "Only 10.00 of it was paid and not refunded."
    ) in page


@pytest.mark.parametrize("status", InvoiceStatus)
def test_how_the_invoice_stands_is_stamped_on_it(status: InvoiceStatus) -> None:
    assert f"No. 000042 {status.upper()}" in read(written(make_invoice(status=status)))[0]


def test_sixty_lines_flow_over_pages_that_are_numbered_and_headed() -> None:
    pages = read(written(make_invoice(*(line(f"Line {number}", 100) for number in range(60)))))

    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of 4" in page
        assert "Description Amount (USD)" in page
    assert [sum(f"Line {number} " in page for page in pages) for number in range(60)] == [1] * 60
    assert "Amount due USD 60.00" in pages[-1]


def test_accents_and_other_alphabets_are_drawn_and_read_back() -> None:
    names = ("Malecón Ñandú Čapek Żółć Őrség", "Đặng Thị Ngữ", "Συνεργάτες ΑΕ", "ООО «Ромашка и партнёры»")

    for name in names:
        assert name in read(written(make_invoice(), partner=make_partner(name=name)))[0]


def test_an_accent_apart_from_its_letter_is_joined_to_it() -> None:
    assert "Đặng" in read(written(make_invoice(), partner=make_partner(name="Đa\u0323\u0306ng")))[0]


def test_what_looks_like_markup_is_just_text() -> None:
    name = "<b>R&D</b> &amp; <img src='x'/> \"Söhne\""

    assert name in read(written(make_invoice(), partner=make_partner(name=name)))[0]


@pytest.mark.parametrize("sign", ["W", "Ж", "i", "漢", "W "])
def test_names_as_long_as_may_be_wrap(sign: str) -> None:
    longest = (sign * 200)[:200].strip()
    profile = make_profile(name=longest, address=Address(longest, longest, "1" * 20, "DE"))

    pages = read(written(paid_invoice(line(longest)), partner=make_partner(name=longest), profile=profile))

    assert len(pages) <= 2
    assert "Amount due USD 0.00" in pages[-1]


@pytest.mark.parametrize(("country", "size"), [("US", LETTER), ("DE", A4), ("CA", LETTER), ("NP", A4)])
def test_the_paper_is_that_of_the_partners_country(country: str, size: tuple[int, int]) -> None:
    pages = PdfReader(BytesIO(draw(written(make_invoice(), partner=make_partner(country=country))))).pages

    assert (int(pages[0].mediabox.width), int(pages[0].mediabox.height)) == size


def test_the_same_invoice_gives_the_same_bytes_in_any_process() -> None:
    told = (
        "import hashlib; from chalicelib.documents.invoices.pdf import draw; from tests.invoices import *;"
        "print(hashlib.sha256(draw(written(paid_invoice()))).hexdigest())"
    )

    elsewhere = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout.strip()

    draw(written(make_invoice()))
    assert hashlib.sha256(draw(written(paid_invoice()))).hexdigest() == elsewhere


def test_another_invoice_gives_others() -> None:
    assert draw(written(make_invoice())) != draw(written(paid_invoice()))


def test_fonts_are_embedded_so_that_it_looks_the_same_everywhere() -> None:
    page = PdfReader(BytesIO(draw(written(make_invoice())))).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    drawn = [font for font in fonts if font["/BaseFont"] != "/Helvetica"]  # declared by reportlab, not used

    assert drawn
    for font in drawn:
        assert "NotoSans" in font["/BaseFont"]
        assert "/FontFile2" in font["/FontDescriptor"].get_object()


def test_the_app_does_not_load_what_only_drawing_needs() -> None:
    told = "import sys, app; print(sorted({'reportlab', 'PIL', 'uharfbuzz', 'bidi'} & sys.modules.keys()))"

    result = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=PROJECT)

    assert result.stdout.strip() == "[]"
