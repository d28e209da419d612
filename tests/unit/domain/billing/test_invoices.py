"""An invoice, from issue to its end (docs/rules.md §6)."""

from dataclasses import replace

from chalicelib.domain.billing import invoices
from chalicelib.domain.billing.invoices import Attempt, Invoice, InvoiceStatus, Outcome, Payment
from tests.builders import NOW, SECOND, make_charge, usd


def issued() -> Invoice:
    return invoices.issued(make_charge(), payer="prt_1", account_id="acct_1", number=7, now=NOW)


def test_an_invoice_is_issued_open_under_its_charges_identity() -> None:
    invoice = issued()

    assert (invoice.id, invoice.number, invoice.status) == ("inv_2", 7, InvoiceStatus.OPEN)
    assert (invoice.period, invoice.total, invoice.lines) == (SECOND, usd(4900), make_charge().lines)
    assert (invoice.prepaid_applied, invoice.card_charged, invoice.attempts) == (usd(0), usd(0), ())


def test_paid_it_says_how_with_the_balance_after_it() -> None:
    charge = make_charge(from_set_aside=usd(100), from_general=usd(800), card=usd(4000))

    invoice = invoices.paid(
        issued(), charge, payment=Payment("sandbox", "pi_1"), balance_after=usd(250), sequence=3, now=NOW
    )

    assert (invoice.status, invoice.prepaid_applied, invoice.card_charged) == (InvoiceStatus.PAID, usd(900), usd(4000))
    assert (invoice.processor, invoice.reference) == ("sandbox", "pi_1")
    assert (invoice.wallet_balance_after, invoice.sequence, invoice.paid_at) == (usd(250), 3, NOW)
    assert invoice.attempts == (Attempt(1, NOW, Outcome.SUCCEEDED),)


def test_paid_by_prepaid_money_alone_it_names_no_processor() -> None:
    charge = make_charge(from_general=usd(4900), card=usd(0))

    invoice = invoices.paid(issued(), charge, payment=None, balance_after=usd(0), sequence=1, now=NOW)

    assert (invoice.processor, invoice.reference, invoice.card_charged) == (None, None, usd(0))


def test_declined_it_stays_open_and_takes_no_money() -> None:
    invoice = invoices.declined(issued(), make_charge(), decline_code="expired_card", given_up=False, now=NOW)

    assert (invoice.status, invoice.prepaid_applied, invoice.paid_at) == (InvoiceStatus.OPEN, usd(0), None)
    assert invoice.attempts == (Attempt(1, NOW, Outcome.DECLINED, "expired_card"),)


def test_given_up_it_is_uncollectible() -> None:
    invoice = invoices.declined(issued(), make_charge(attempt=5), decline_code="x", given_up=True, now=NOW)

    assert invoice.status is InvoiceStatus.UNCOLLECTIBLE


def test_attempts_add_up_in_order_and_the_one_that_paid_is_the_last() -> None:
    first = invoices.declined(issued(), make_charge(), decline_code="x", given_up=False, now=NOW)

    paid = invoices.paid(
        first, make_charge(attempt=2, card=usd(4900)), payment=None, balance_after=usd(0), sequence=None, now=NOW
    )

    assert [(a.number, a.outcome) for a in paid.attempts] == [(1, Outcome.DECLINED), (2, Outcome.SUCCEEDED)]


def test_a_retry_by_another_card_names_that_card() -> None:
    charge = make_charge(attempt=2, billing_profile_id="bp_2", card=usd(4900))

    paid = invoices.paid(issued(), charge, payment=None, balance_after=usd(0), sequence=None, now=NOW)

    assert paid.billing_profile_id == "bp_2"


def test_a_void_invoice_keeps_its_number_and_its_attempts() -> None:
    declined = invoices.declined(issued(), make_charge(), decline_code="x", given_up=False, now=NOW)

    assert invoices.voided(declined) == replace(declined, status=InvoiceStatus.VOID)
