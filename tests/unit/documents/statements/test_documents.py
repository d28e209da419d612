"""Statements in words: each line with its calculation, in each language."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.documents.statements import words
from chalicelib.documents.statements.documents import Tone
from chalicelib.documents.statements.words import words_in
from chalicelib.domain.earnings.lines import EarningLine, LineKind
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.domain.earnings.statements import Rule, calculation_of
from tests.builders import usd
from tests.invoices import make_partner
from tests.statements import make_line, make_reversal, written


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (make_line(), "30% of 39.20 = 11.76"),
        (make_line(amount=1177, base=usd(3922)), "30% of 39.22 = 11.77 (rounded half up)"),
        (make_line(amount=123_456_00, base=usd(411_520_00)), "30% of 411,520.00 = 123,456.00"),
        (make_reversal(), "9.80 of 39.20 was given back: 11.76 × 9.80 / 39.20 = 2.94."),
        (
            make_reversal(-194, before=100, refunded=981),
            "9.81 of 39.20 was given back: 11.76 × 9.81 / 39.20 = 2.94 (rounded half up)."
            " Less 1.00 that was reversed before.",
        ),
        (
            make_reversal(-1076, refused=True, before=100),
            "The line of 11.76 was refused, and all of it is taken back. Less 1.00 that was reversed before.",
        ),
        (
            make_reversal(-5000, of=LineKind.BONUS, line=5000, refunded=3920),
            "The whole invoice (39.20) was given back, and the bonus of 50.00 with it.",
        ),
        (make_line(LineKind.BONUS, 5000), "The fixed amount for an account's first paid invoice."),
        (make_line(LineKind.ADJUSTMENT, -100, reason="A {mistake}"), "Entered by us: A {mistake}"),
    ],
)
def test_a_line_says_how_its_amount_comes_about(line: EarningLine, said: str) -> None:
    assert words_in("en").calculation(calculation_of(line)) == said


@pytest.mark.parametrize("code", words.languages())
def test_every_language_has_all_words(code: str) -> None:
    def names(texts: Any) -> Any:
        return {name: names(text) for name, text in texts.items()} if isinstance(texts, dict) else None

    texts = words_in(code).texts

    assert names(texts) == names(words_in("en").texts)
    assert texts["calculations"].keys() == set(Rule)
    assert texts["statuses"].keys() == set(PayoutStatus)
    assert texts["kinds"].keys() == set(LineKind) - {LineKind.PAYOUT}


@pytest.mark.parametrize(("tag", "code"), [("de-AT", "de"), ("DE", "de"), ("fr", "en"), ("", "en")])
def test_who_has_no_file_reads_english(tag: str, code: str) -> None:
    assert words_in(tag).code == code


class TestDocument:
    LINES = (
        make_line(sequence=1),
        replace(make_reversal(), sequence=2),
        make_line(LineKind.ADJUSTMENT, 500, reason="Sorry"),
    )

    def test_it_adds_up_from_the_lines_to_the_amount_and_the_balance(self) -> None:
        document = written(*self.LINES)

        assert document.sums == (
            ("Commission (1)", "11.76", False),
            ("Reversals (1)", "-2.94", False),
            ("Adjustments (1)", "5.00", False),
            ("Amount of the payout", "USD 13.82", True),
            ("Balance before the payout", "38.82", False),
            ("Balance after the payout", "25.00", False),
        )

    def test_lines_are_together_by_account_each_dated_where_the_partner_is(self) -> None:
        acme, other = written(*self.LINES).parts

        assert (acme.name, acme.amount, [line.amount for line in acme.lines]) == ("acme", "8.82", ["11.76", "-2.94"])
        assert acme.lines[0].text == "Commission, 31 January 2026 · 30% of 39.20 = 11.76"
        assert (other.name, other.amount) == ("Not of an account", "5.00")

    def test_an_account_whose_name_is_not_known_is_named_by_its_id(self) -> None:
        (part,) = written(make_line(account_name=None)).parts

        assert part.name == "acct_1"

    def test_it_says_who_is_paid_where_when_and_under_which_reference(self) -> None:
        document = written(paid_at=datetime(2026, 2, 16, 5, 59, tzinfo=UTC))

        assert document.paid_to == ("Bright Agency", "books@bright.example", "PayPal: pay@bright.example")
        assert document.dates == (
            ("Payout", "15 February 2026"),
            ("Lines payable by", "15 February 2026"),
            ("Paid on", "15 February 2026"),
            ("Reference", "5UXD2E8A7EBQJ"),
        )

    def test_one_that_was_paid_by_other_means_names_their_reference_and_no_paypal_address(self) -> None:
        document = written(paid_reference="Wire 42")

        assert document.dates[-1] == ("Reference", "Wire 42")
        assert document.paid_to == ("Bright Agency", "books@bright.example")

    @pytest.mark.parametrize(
        ("status", "tone"),
        [
            (PayoutStatus.SENT, Tone.OPEN),
            (PayoutStatus.PAID, Tone.DONE),
            (PayoutStatus.RETURNED, Tone.FAILED),
            (PayoutStatus.HELD, Tone.NEUTRAL),
        ],
    )
    def test_its_status_is_shown_and_why(self, status: PayoutStatus, tone: Tone) -> None:
        document = written(status=status, cause=Cause.UNCONFIRMED)

        assert (document.status.lower(), document.tone) == (status, tone)
        assert document.remark == "The address is not confirmed at PayPal. Confirm it there within 30 days."

    def test_too_many_lines_are_left_out_and_it_says_where_they_are(self) -> None:
        document = written(*self.LINES, listed=(), lines=12_345)

        assert document.parts == ()
        assert document.left_out.startswith("12,345 lines are too many")
        assert document.sums[0] == ("Commission (1)", "11.76", False)

    def test_in_german_it_is_german_throughout(self) -> None:
        document = written(*self.LINES, language="de-AT", status=PayoutStatus.UNCLAIMED, cause=Cause.UNCONFIRMED)

        assert document.sums[3] == ("Auszahlungsbetrag", "13,82 USD", True)
        assert document.parts[0].lines[0].text == "Provision, 31. Januar 2026 · 30 % von 39,20 = 11,76"
        assert document.remark.startswith("Die Adresse ist bei PayPal nicht bestätigt.")

    def test_an_account_that_is_managed_brings_a_revenue_share(self) -> None:
        (part,) = written(make_line(relationship="managed")).parts

        assert part.lines[0].text.startswith("Revenue share, ")

    def test_the_paper_is_that_of_the_partners_country(self) -> None:
        assert written(partner=make_partner(country="DE")).country == "DE"
