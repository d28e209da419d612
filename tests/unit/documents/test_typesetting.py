"""Names in other scripts, as they are drawn: every sign by a glyph of a font, in the right order and form."""

import re
from io import BytesIO

import pytest
from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics

from chalicelib.documents import shaping, typefaces, typesetting
from chalicelib.documents.invoices.pdf import draw
from chalicelib.domain.billing.invoices import InvoicedAccount
from tests.invoices import make_partner, paid_invoice, written

NAMES = {
    "simplified Chinese": "上海星光贸易有限公司",
    "traditional Chinese": "臺灣積體電路製造股份有限公司",
    "Japanese": "株式会社ヤマト・サービス（東京）",
    "Korean": "주식회사 한빛소프트",
    "Arabic": "شركة النور للتجارة",
    "Persian": "شرکت پیشگام می‌خواهم",
    "Hebrew": "חברת אור בע״מ",
    "Hebrew with points": "שָׁלוֹם",
    "Thai": "บริษัท น้ำทิพย์ จำกัด",
    "Devanagari": "श्री कृष्णा ट्रेडिंग कंपनी",
    "several": "Acme شركة النور 株式会社 Ltd.",
}


def runs_of(text: str) -> list[typesetting._Run]:
    typefaces.begin()
    return typesetting._in_order(typesetting._signs_of(typesetting.clean(text), typefaces.REGULAR))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_each_sign_of_a_name_is_drawn_by_a_glyph_of_its_font(name: str) -> None:
    for run in runs_of(name):
        glyphs = pdfmetrics.getFont(run.font).face.charToGlyph
        for piece in run.pieces(10):
            assert piece.drawn != typefaces.UNKNOWN
            assert all(glyphs[ord(sign)] != 0 for sign in piece.drawn), (run.font, piece.reads)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_what_is_drawn_reads_as_it_was_written(name: str) -> None:
    for run in runs_of(name):
        pieces = run.pieces(10)
        read = [piece.reads for piece in (reversed(pieces) if run.level % 2 else pieces)]
        if run.font in typefaces.SHAPED:
            assert sorted("".join(read)) == sorted(run.text)
    assert sorted("".join(run.text for run in runs_of(name))) == sorted(typesetting.clean(name))


def test_arabic_runs_from_right_to_left_with_its_letters_joined() -> None:
    (run,) = runs_of("نور")
    pieces = run.pieces(10)

    assert [piece.reads for piece in pieces if piece.reads] == ["ر", "و", "ن"]
    assert "ن" not in [piece.drawn for piece in pieces]  # but the form that begins a word


def test_a_vowel_sign_of_devanagari_stands_before_the_letter_it_is_read_after() -> None:
    (run,) = runs_of("कि")
    typefaces.begin()
    face = pdfmetrics.getFont(typefaces.registered(run.font)).face

    first, second = run.pieces(10)

    assert (first.reads, second.reads) == ("कि", "")
    assert face.charToGlyph[ord(second.drawn)] == face.charToGlyph[ord("क")]


def test_marks_of_thai_are_stacked() -> None:
    pieces = shaping.shape("น้ำ", runs_of("น")[0].font, 10, right_to_left=False)

    assert any(piece.advance == 0 for piece in pieces)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        pytest.param("Acme אור Ltd.", ["Acme ", "רוא", " Ltd."], id="Hebrew in a Latin name"),
        pytest.param("אור (Acme) בע", ["עב", " (", "Acme", ") ", "רוא"], id="Latin in a Hebrew name, in brackets"),
        pytest.param("אור 2026", ["2026", " ", "רוא"], id="a number after Hebrew"),
        pytest.param("Acme (株式会社)", ["Acme (", "株式会社", ")"], id="no other direction"),
    ],
)
def test_each_script_keeps_its_direction(text: str, drawn: list[str]) -> None:
    shown = ["".join(piece.drawn for piece in run.pieces(10)) for run in runs_of(text)]

    assert "".join(shown) == "".join(drawn)


@pytest.mark.parametrize("text", ["Acme 🎉 Ltd", "தமிழ்", "a\u0000b\u202ec"])
def test_a_sign_that_no_font_has_is_marked_and_one_that_nobody_sees_is_gone(text: str) -> None:
    shown = "".join(run.text for run in runs_of(text))

    assert shown in ("Acme � Ltd", "�" * 5, "abc")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("width", [40, 90])
def test_no_line_is_wider_than_its_place_and_none_is_lost(name: str, width: int) -> None:
    typefaces.begin()
    text = typesetting.clean(f"{name} " * 4)
    lines = list(typesetting._lines(typesetting._signs_of(text, typefaces.REGULAR), width, 10))

    assert all(typesetting._width(line, 10) <= width for line in lines)
    kept = sorted("".join(run.text for line in lines for run in line).replace(" ", ""))
    assert kept == sorted(text.replace(" ", ""))


def test_the_pdf_embeds_the_fonts_and_its_text_can_be_copied() -> None:
    account = InvoicedAccount("acme", NAMES["Arabic"])
    for name in (NAMES["simplified Chinese"], NAMES["Korean"], NAMES["Japanese"]):
        pdf = draw(written(paid_invoice(account=account), partner=make_partner(name=name)))
        page = PdfReader(BytesIO(pdf)).pages[0]

        assert name.replace(" ", "") in page.extract_text().replace(" ", "")
        hidden = re.findall(rb"/ActualText <FEFF([0-9A-F]+)>", page.get_contents().get_data())
        copied = "".join(bytes.fromhex(part.decode()).decode("utf-16-be") for part in hidden)
        assert set(copied) == set(NAMES["Arabic"].replace(" ", ""))
        fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
        embedded = {f["/BaseFont"].partition("+")[2] for f in fonts if "/FontDescriptor" in f}
        assert {"NotoSans-Regular", "NotoSansArabic-Regular", "WenQuanYiMicroHei"} <= embedded


def test_what_was_drawn_before_does_not_change_the_bytes() -> None:
    document = written(paid_invoice(), partner=make_partner(name=NAMES["Devanagari"]))
    first = draw(document)

    draw(written(paid_invoice(), partner=make_partner(name=NAMES["Devanagari"][::-1] + NAMES["Arabic"])))

    assert draw(document) == first
