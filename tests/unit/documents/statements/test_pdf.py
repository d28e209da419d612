"""Statements drawn, and read back as a client's program would."""

from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from chalicelib.documents.statements.documents import StatementDocument
from chalicelib.documents.statements.pdf import draw
from chalicelib.domain.earnings.lines import EarningLine, LineKind
from tests.invoices import make_partner
from tests.statements import make_line, make_reversal, written


def read(document: StatementDocument) -> list[str]:
    """The text of each page, line ends made spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(draw(document))).pages]


def of_accounts(count: int) -> list[EarningLine]:
    return [make_line(account_id=f"acct_{n}", account_name=f"client-{n:03}") for n in range(count)]


def test_it_says_all_there_is_to_say() -> None:
    (page,) = read(written(make_line(sequence=1), replace(make_reversal(), sequence=2)))

    for text in (
        "Payout statement pay_01KHF5ZW00V6VHSJ5E3NMWJ6HT PAID",
        "Example Software Inc. 100 Example Street, Suite 400",
        "Paid to Bright Agency books@bright.example PayPal: pay@bright.example",
        "Amount of the payout USD 8.82",
        "acme 8.82 Commission, 31 January 2026 · 30% of 39.20 = 11.76 11.76",
        "11.76 × 9.80 / 39.20 = 2.94. -2.94",
        "Page 1 of 1",
    ):
        assert text in page


def test_an_account_with_one_line_shows_its_amount_once() -> None:
    (page,) = read(written())

    assert "acme 11.76 Commission, 31 January 2026 · 30% of 39.20 = 11.76 What was given back" in page


def test_lines_flow_over_pages_that_are_numbered_and_headed_and_none_is_lost() -> None:
    pages = read(written(*of_accounts(100)))

    assert len(pages) == 6
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of 6" in page
        assert "Description Amount (USD)" in page
    assert [sum(f"client-{n:03} 11.76" in page for page in pages) for n in range(100)] == [1] * 100


def test_a_name_is_not_parted_from_its_first_line() -> None:
    for count in range(18, 24):
        for page in read(written(*of_accounts(count))):
            assert page.count("client-") == page.count("Commission, ")


@pytest.mark.parametrize("name", ["漢字会社", "Đặng Thị Ngữ", "<b>R&D</b> " + "Söhne " * 30])
def test_whatever_the_partner_is_called(name: str) -> None:
    assert name.split()[0] in read(written(partner=make_partner(name=name)))[0]


def test_a_reason_is_not_cut_off() -> None:
    reason = ("word " * 99) + "last."

    assert "last. " in read(written(make_line(LineKind.ADJUSTMENT, 100, reason=reason)))[0]


def test_too_many_lines_are_not_drawn() -> None:
    (page,) = read(written(*of_accounts(3), listed=(), lines=20_000))

    assert "20,000 lines are too many for this document." in page
    assert "client-" not in page


def test_the_same_statement_gives_the_same_bytes() -> None:
    assert draw(written()) == draw(written())
