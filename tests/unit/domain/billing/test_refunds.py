from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.refunds import Refund
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.disputes import DisputeStatus, Noted
from tests.invoices import NIGHT, line, make_invoice, paid_invoice, usd


def make_bill(total: int, *, card: int, **overrides: object) -> Bill:
    fields: dict[str, object] = {
        "id": "bill_1",
        "payer": "prt_1",
        "bill_number": 1,
        "status": InvoiceStatus.PAID,
        "currency": "USD",
        "total": usd(total),
        "invoice_count": 1,
        "prepaid_applied": usd(total - card),
        "card_charged": usd(card),
        "opened_on": date(2026, 1, 1),
        "closed_at": NIGHT,
        "billing_profile_id": "bp_1",
    }
    return Bill(**fields | overrides)  # type: ignore[arg-type]


def on_bill(billed: int, *, own: int = 0) -> Invoice:
    """An invoice of which money set aside paid ``own``, the bill the rest."""
    return make_invoice(line(amount=billed + own), prepaid_applied=usd(own), billed=usd(billed), bill_id="bill_1")


def test_the_card_is_given_back_to_first() -> None:
    invoice = paid_invoice(line(amount=4900), prepaid_applied=usd(1900), card_charged=usd(3000))

    assert refunds.refund_of(invoice, usd(2999)) == Refund(card=usd(2999), prepaid=usd(0))
    assert refunds.refund_of(invoice, usd(3001)) == Refund(card=usd(3000), prepaid=usd(1))


def test_of_an_invoice_on_a_bill_the_card_gets_what_the_bill_charged_it_for_this_invoice_at_most() -> None:
    invoice = on_bill(3000, own=1900)

    assert refunds.refundable(invoice, make_bill(9000, card=9000)) == Refund(card=usd(3000), prepaid=usd(1900))
    assert refunds.refundable(invoice, make_bill(9000, card=2000)) == Refund(card=usd(2000), prepaid=usd(2900))
    assert refunds.refundable(invoice, make_bill(9000, card=0)) == Refund(card=usd(0), prepaid=usd(4900))


def test_what_went_back_to_the_bills_card_for_other_invoices_is_gone() -> None:
    bill = make_bill(9000, card=4000, refunded_to_card=usd(3500))

    assert refunds.refundable(on_bill(3000), bill) == Refund(card=usd(500), prepaid=usd(2500))


def test_a_bill_that_was_waived_gives_nothing_back_but_money_set_aside_stays_the_partners() -> None:
    bill = make_bill(40, card=0, prepaid_applied=usd(0), waived=usd(40))

    assert refunds.refundable(on_bill(40, own=100), bill) == Refund(card=usd(0), prepaid=usd(100))


def lost(taken: int, *, of: int) -> Noted:
    """A lost dispute of a bill."""
    fields = {"taken_back": usd(taken), "taken_of": usd(of)}
    return Noted("disp_1", DisputeStatus.LOST, usd(taken), "fraudulent", NIGHT, **fields)


def test_of_a_bill_that_was_lost_nothing_is_left_but_money_set_aside() -> None:
    bill = make_bill(9000, card=9000, refunded_to_card=usd(9000), disputes=(lost(9000, of=9000),))

    assert refunds.refundable(on_bill(3000, own=100), bill) == Refund(card=usd(0), prepaid=usd(100))


def test_an_invoice_that_was_refunded_before_its_bill_was_lost_loses_nothing_more() -> None:
    refunded = replace(on_bill(3000), refunded_to_card=usd(3000))
    bill = make_bill(9000, card=9000, refunded_to_card=usd(9000), disputes=(lost(6000, of=6000),))

    assert refunds.as_its_bill_left_it(refunded, bill).refunded == usd(3000)
    assert refunds.as_its_bill_left_it(on_bill(3000), bill).refunded == usd(3000)
    assert refunds.refundable(refunded, bill).total == refunds.refundable(on_bill(3000), bill).total == usd(0)


@pytest.mark.parametrize("card", [8000, 9000])
def test_what_a_partly_lost_bill_keeps_is_all_that_its_invoices_can_be_given_back(card: int) -> None:
    invoices = [on_bill(billed) for billed in (1500, 3000, 4500)]
    bill = make_bill(9000, card=card, refunded_to_card=usd(6000), disputes=(lost(6000, of=9000),))

    for place, invoice in enumerate(invoices):
        left = refunds.refundable(invoice, bill)
        bill = refunds.of_bill(bill, left.card)
        invoices[place] = refunds.of_invoice(invoice, left)

    assert [invoice.refunded.amount for invoice in invoices] == [500, 1000, 1500]
    assert bill.refunded_to_card == usd(card)


@settings(max_examples=50)
@given(
    parts=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=5),
    share=st.integers(0, 100),
    asked=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 60)), max_size=12),
)
def test_all_invoices_of_a_bill_together_get_back_what_was_paid_and_no_more(
    parts: list[tuple[int, int]], share: int, asked: list[tuple[int, int]]
) -> None:
    invoices = [on_bill(billed, own=own) for billed, own in parts]
    total = sum(billed for billed, _ in parts)
    bill = make_bill(total, card=total * share // 100)

    for place, amount in [*asked, *((place, 10_000) for place in range(len(invoices)))]:
        invoice = invoices[place % len(invoices)]
        left = refunds.refundable(invoice, bill)
        refund = refunds.refund_of(invoice, min(usd(amount), left.total), bill)
        invoices[place % len(invoices)] = refunds.of_invoice(invoice, refund)
        bill = refunds.of_bill(bill, refund.card)
        assert (bill.refunded_to_card or usd(0)) <= bill.card_charged

    given_back = [Refund(i.refunded_to_card or usd(0), i.refunded_to_prepaid or usd(0)) for i in invoices]
    assert [back.total for back in given_back] == [invoice.total for invoice in invoices]
    assert sum(back.card.amount for back in given_back) == bill.card_charged.amount


def test_taken_back_it_is_as_if_it_had_not_been() -> None:
    invoice, refund = paid_invoice(), Refund(card=usd(500), prepaid=usd(0))

    assert refunds.of_invoice(refunds.of_invoice(invoice, refund), -refund) == replace(invoice)
