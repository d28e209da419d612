"""Invoices in German: every word of theirs has one, whatever is on them, and what people entered stays as it is."""

import re
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import programs
from chalicelib.documents.invoices import words
from chalicelib.domain.billing.credit_notes import CreditNote
from chalicelib.domain.billing.invoice_documents import InvoiceDocument, compose_credit_note
from chalicelib.domain.billing.invoices import Attempt, Invoice, InvoicedAccount, InvoiceStatus, Outcome
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.pricing import plan_components
from chalicelib.domain.partners.billing_profiles import Address
from chalicelib.services.wallet.account_credits import TITLES
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
from tests.proving import examples


def german(text: str) -> str:
    return words.line_title(text, language="de-AT")


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("Plus, 1,000 contacts, monthly", "Plus, 1.000 Kontakte, monatlich"),
        ("Enterprise, annual", "Enterprise, jährlich"),
        ("SMS, 1 day left", "SMS, 1 restlicher Tag"),
        ("SEO, included", "SEO, enthalten"),
        ("Plus, 1,000 contacts, monthly, 18 days unused", "Plus, 1.000 Kontakte, monatlich, 18 nicht genutzte Tage"),
        ("Too small to charge to a card, waived", "Für eine Kartenzahlung zu klein, erlassen"),
        ("25 inbox previews", "25 Inbox-Previews"),
        ("12,345 invoices", "12.345 Rechnungen"),
        ("What the vendor calls it", "What the vendor calls it"),
    ],
)
def test_a_line_is_called_by_its_figures_and_words_and_names_stay(english: str, said: str) -> None:
    assert german(english) == said
    assert words.line_title(english, language="fr") == english


OFFERS = [(each, offer) for each in map(programs.program, programs.program_names()) for offer in each.plans]


def test_whatever_a_plan_is_made_of_is_said() -> None:
    for program, offer in OFFERS:
        for size, frequency in product(offer.prices, offer.billing_frequencies):
            plan = Plan(offer.pricing_version, offer.product, offer.tier, size.contacts, frequency, {}, offer.add_ons)
            for component in plan_components(program=program, plan=plan) or ():
                assert not re.search("contacts|monthly|annual|included", german(component.description))
    for title in TITLES.values():
        assert title not in german(f"5 {title}")


SEVERAL = {
    "a paid one": paid_invoice(wallet_balance_after=usd(700), prepaid_applied=usd(100), card_charged=usd(3575)),
    "an open one on a bill": make_invoice(bill_id="bill_1"),
    "one paid with a bill": make_invoice(bill_id="bill_1", billed=usd(3675), status=InvoiceStatus.PAID),
    "a void one": make_invoice(status=InvoiceStatus.VOID),
    "one given up": make_invoice(status=InvoiceStatus.UNCOLLECTIBLE, attempts=(DECLINED, replace(DECLINED, number=2))),
    "one paid at last": paid_invoice(attempts=(DECLINED, Attempt(2, NIGHT, Outcome.SUCCEEDED)), card=None),
}
NOTES = [
    make_credit_note(to_card=usd(500), to_prepaid=usd(100), reference="re_1", processor="stripe"),
    make_credit_note(corrects=6, to_card=usd(500)),
]


@pytest.mark.parametrize("invoice", [pytest.param(invoice, id=name) for name, invoice in SEVERAL.items()])
def test_every_word_of_an_invoice_is_said(invoice: Invoice) -> None:
    assert unsaid(written(invoice, profile=make_profile(tax_id="12-345"))) == []


@pytest.mark.parametrize("note", NOTES)
def test_every_word_of_a_credit_note_is_said(note: CreditNote) -> None:
    assert unsaid(compose_credit_note(note, invoice=paid_invoice(), parties=make_parties())) == []


def unsaid(document: InvoiceDocument) -> list[str]:
    """What stays as it is, but for figures and what people call something."""
    said = words.translate(document, language="de")
    pairs = [(document.title, said.title), *zip(document.payment, said.payment, strict=True)]
    pairs += zip(document.notes, said.notes, strict=True)
    for row, other in zip((*document.dates, *document.sums), (*said.dates, *said.sums), strict=True):
        pairs += [(row.label, other.label), (row.text, other.text)]
    return [english for english, other in pairs if english == other and re.search("[a-z]", english)]


@settings(max_examples=examples(100, prove=2000))
@given(
    st.builds(
        Explanation,
        rule=st.sampled_from(Rule),
        item=st.sampled_from(["plan", "sms"]),
        list_price=st.none() | st.integers(0, 10**9),
        migration_percent=st.sampled_from([Decimal(0), Decimal("12.5")]),
        partner_percent=st.sampled_from([Decimal(0), Decimal(25)]),
        days=st.integers(1, 30),
        of_days=st.none() | st.integers(28, 31),
        limit=st.none() | st.integers(0, 10**7),
        times=st.none() | st.integers(1, 10**6),
    ),
    st.integers(-(10**9), 10**9),
)
def test_every_sentence_of_an_explanation_is_said(why: Explanation, amount: int) -> None:
    english = replace(line(amount=amount), explanation=why)

    (said,) = words.translate(written(make_invoice(english)), language="de").lines

    assert not re.search(r"\b(the|of|is|per|less|price|for)\b", said.explanation, re.IGNORECASE), said.explanation


def test_dates_and_amounts_are_written_as_in_german() -> None:
    document = words.translate(written(paid_invoice(line(amount=123456))), language="de")

    assert {row.label: row.text for row in (*document.dates, *document.sums)} == {
        "Ausgestellt": "31. Januar 2026",
        "Bezahlt": "31. Januar 2026",
        "Zeitraum": "31. Januar 2026 – 27. Februar 2026",
        "Zwischensumme": "1.234,56",
        "Steuern": "nicht enthalten",
        "Summe": "1.234,56",
        "Abgebucht von Visa •••• 4242": "-1.234,56",
        "Noch zu zahlen": "0,00 USD",
        "Guthaben danach": "0,00",
    }


def test_what_people_call_something_stays_as_it_is() -> None:
    address = Address("Paid", "Isle of Man", "5 contacts", "US")
    account = InvoicedAccount("monthly", "Invoice")
    english = written(make_invoice(account=account), profile=make_profile(name="Total", address=address))

    said = words.translate(english, language="de")

    assert (said.bill_to, said.account, said.seller[1:]) == (english.bill_to, english.account, english.seller[1:])


def test_a_language_without_words_has_the_english_document() -> None:
    document = written(paid_invoice())

    assert words.translate(document, language="fr") == words.translate(document, language="en") == document
