from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.domain.billing.invoice_documents import InvoiceDocument, compose, compose_credit_note
from chalicelib.domain.billing.invoices import Attempt, InvoiceStatus, Outcome
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import Card
from tests.invoices import (
    DECLINED,
    NIGHT,
    line,
    make_credit_note,
    make_invoice,
    make_parties,
    make_profile,
    paid_invoice,
    usd,
    written,
)


def sums(document: InvoiceDocument) -> dict[str, str]:
    return {row.label: row.text for row in document.sums}


def test_dates_are_the_partners_and_a_period_ends_on_its_last_day() -> None:
    document = written(paid_invoice())

    assert {row.label: row.text for row in document.dates} == {
        "Issued": "31 Jan 2026",
        "Paid": "31 Jan 2026",
        "Period": "31 Jan 2026 – 27 Feb 2026",
    }


def test_a_period_of_one_day_is_that_day() -> None:
    document = written(make_invoice(period=Period(date(2026, 1, 31), date(2026, 2, 1))))

    assert document.dates[-1].text == "31 Jan 2026"


def test_what_was_paid_from_where_leaves_nothing_due() -> None:
    invoice = paid_invoice(line(amount=6450), prepaid_applied=usd(3000), card_charged=usd(3450))

    assert sums(written(invoice, profile=make_profile())) == {
        "Subtotal": "64.50",
        "Taxes": "not included",
        "Total": "64.50",
        "Prepaid money applied": "-30.00",
        "Charged to Visa •••• 4242": "-34.50",
        "Amount due": "USD 0.00",
        "Prepaid balance afterwards": "0.00",
    }


@pytest.mark.parametrize(
    ("status", "label", "text"),
    [
        (InvoiceStatus.OPEN, "Amount due", "USD 36.75"),
        (InvoiceStatus.UNCOLLECTIBLE, "Amount unpaid", "USD 36.75"),
        (InvoiceStatus.VOID, "Amount due", "USD 0.00"),
    ],
)
def test_what_is_still_owed_depends_on_how_the_invoice_stands(status: InvoiceStatus, label: str, text: str) -> None:
    assert sums(written(make_invoice(status=status)))[label] == text


def test_a_waived_line_is_a_line_of_its_own_and_lowers_the_sum() -> None:
    document = written(make_invoice(line(amount=30), line("Too small, waived", -30, kind="waived")))

    assert [each.amount for each in document.lines] == ["0.30", "-0.30"]
    assert sums(document)["Subtotal"] == sums(document)["Total"] == "0.00"


def test_the_card_that_paid_is_named_whatever_the_profile_has_since() -> None:
    changed = make_profile(card=Card("mastercard", "0341", 12, 2034), updated_at=NIGHT + timedelta(days=1))

    assert "Charged to Visa •••• 4242" in sums(written(paid_invoice(), profile=changed))
    assert "Charged to card" in sums(written(paid_invoice(card=None), profile=changed))


def test_a_refund_changes_nothing_on_its_invoice() -> None:
    invoice = paid_invoice(line(amount=6450), prepaid_applied=usd(3000), card_charged=usd(3450))
    refunded = replace(
        invoice,
        refunded_to_card=usd(3450),
        refunded_to_prepaid=usd(50),
        credit_notes=(make_credit_note().credited,),
        version=3,
    )

    assert written(refunded) == written(invoice)


def test_an_open_invoice_reads_the_same_after_another_declined_attempt() -> None:
    later = replace(DECLINED, number=2, at=NIGHT + timedelta(days=1))

    assert written(make_invoice(attempts=(DECLINED, later))) == written(make_invoice(attempts=(DECLINED,)))


def test_a_credit_note_says_what_was_given_back_of_which_invoice_and_where_to() -> None:
    invoice = paid_invoice(line(amount=6450), prepaid_applied=usd(3000), card_charged=usd(3450))
    note = make_credit_note(to_card=usd(3450), to_prepaid=usd(50))

    document = compose_credit_note(note, invoice=invoice, parties=make_parties())

    assert (document.title, document.number, document.status) == ("Credit note", "CN-000007", None)
    assert {row.label: row.text for row in document.dates}["For invoice"] == "000042 of 31 Jan 2026"
    assert [each.description for each in document.lines] == ["Refund of invoice 000042 of 31 Jan 2026"]
    assert sums(document) == {
        "Total of the invoice": "64.50",
        "Credited": "USD 35.00",
        "Refunded to Visa •••• 4242": "34.50",
        "Refunded to prepaid money": "0.50",
    }
    assert document.seller == written(invoice).seller
    assert document.bill_to == written(invoice).bill_to


def test_a_refund_that_failed_is_corrected_by_a_credit_note_of_a_negative_amount() -> None:
    note = make_credit_note(to_card=usd(-3450), corrects=7, number=8)

    document = compose_credit_note(note, invoice=paid_invoice(), parties=make_parties())

    assert document.lines[0].description == "Correction of credit note CN-000007: its refund failed at the card"
    assert document.lines[0].amount == "-34.50"
    assert sums(document)["Owed again"] == "USD -34.50"


def test_tax_ids_of_both_parties_are_on_it() -> None:
    parties = make_parties(profile=make_profile(tax_id="DE123456789"))
    parties = replace(parties, seller=replace(parties.seller, tax_id="EIN 12-3456789"))

    document = compose(paid_invoice(), parties=parties)

    assert document.seller[-1] == "Tax ID EIN 12-3456789"
    assert document.bill_to[-1] == "Tax ID DE123456789"


def test_declined_attempts_are_told_with_their_reason() -> None:
    later = Attempt(2, NIGHT + timedelta(days=1), Outcome.SUCCEEDED)
    document = written(paid_invoice(attempts=(DECLINED, later)))

    assert document.payment == (
        "Attempt 1 on 31 Jan 2026: declined, insufficient funds",
        "Attempt 2 on 1 Feb 2026: succeeded",
        "Payment reference: pi_123 (stripe)",
    )


def test_an_invoice_on_a_single_bill_is_paid_with_it() -> None:
    document = written(paid_invoice(bill_id="bill_1", billed=usd(3675), card_charged=usd(0)))

    assert sums(document)["Paid with the Single Bill"] == "-36.75"
    assert document.notes == ("This invoice is on the Single Bill bill_1 and is paid together with it.",)


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    yen = Money(123456, "JPY")
    invoice = make_invoice(
        currency="JPY",
        total=yen,
        prepaid_applied=Money(0, "JPY"),
        card_charged=Money(0, "JPY"),
    )
    document = written(replace(invoice, lines=(Line("plan", "Plus", yen),)))

    assert document.lines[0].amount == "123,456"
    assert sums(document)["Amount due"] == "JPY 123,456"
