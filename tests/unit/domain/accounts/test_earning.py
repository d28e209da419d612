"""What an account's invoices bring, fixed when they are issued and when they are paid (docs/rules.md §10)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.accounts import earning
from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.billing import invoices
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.earnings.terms import EarningTerms
from chalicelib.domain.partners.partners import Partner, house_id
from chalicelib.programs import program
from tests.builders import NOW, make_account, make_charge, usd

SOLUTIONS, FRANCHISE = program("solutions"), program("franchise")
TERMS = EarningTerms(date(2026, 1, 31), percent=Decimal(20), months=None, hold_days=30, bonus=usd(5000))


def referred(**overrides: Any) -> Account:
    fields = {"relationship": Relationship.REFERRED, "payer": "acct_1", "earning_terms": TERMS}
    return make_account(**fields | overrides)


def issued(account: Account, total: int = 4900) -> Invoice:
    charge = make_charge(total=usd(total), period=account.period)
    found = earning.of_issued(account, charge, program=SOLUTIONS)
    invoice = invoices.issued(charge, payer=account.payer, account_id=account.id, number=1, now=NOW, earning=found)
    return replace(invoice, status=InvoiceStatus.PAID, paid_at=NOW)


def test_a_new_account_has_the_terms_of_its_program_and_of_the_day_it_is_created() -> None:
    account = make_account(partner_id="prt_1")

    assert earning.terms_of_new(account, program=SOLUTIONS, now=NOW) == TERMS
    assert earning.terms_of_new(account, program=FRANCHISE, now=NOW) is None


def test_the_house_earns_nothing() -> None:
    account = make_account(partner_id=house_id("solutions"))

    assert earning.terms_of_new(account, program=SOLUTIONS, now=NOW) is None


def test_the_first_paid_invoice_above_zero_takes_the_bonus_along_once() -> None:
    account = referred()
    account, free = earning.after_payment(account, issued(account, total=0), now=NOW)
    account, first = earning.after_payment(account, issued(account), now=NOW)
    account, second = earning.after_payment(account, issued(account), now=NOW + timedelta(days=28))

    assert [invoice.earning and invoice.earning.bonus for invoice in (free, first, second)] == [None, usd(5000), None]
    assert [invoice.earning and invoice.earning.is_first for invoice in (first, second)] == [True, False]
    assert account.had_bonus
    assert account.first_paid_on == date(2026, 1, 31)
    assert account.earning_terms
    assert (account.earning_terms.bonus, account.earning_terms.first_paid_on) == (None, date(2026, 1, 31))


def test_an_invoice_on_the_single_bill_brings_the_bonus_alone() -> None:
    account = make_account(earning_terms=TERMS, single_bill=True)
    on_bill = make_charge(total=usd(4900), period=account.period, bill_id="bill_1")
    invoice = invoices.issued(on_bill, payer="prt_1", account_id=account.id, number=1, now=NOW)

    assert earning.of_issued(account, on_bill, program=SOLUTIONS) is None
    _, billed = earning.after_payment(account, invoice, now=NOW)

    assert billed.earning
    assert (billed.earning.percent, billed.earning.bonus) == (0, usd(5000))


def test_without_terms_nothing_is_earned_but_the_first_payment_is_remembered() -> None:
    account = referred(earning_terms=None)
    account, invoice = earning.after_payment(account, issued(account), now=NOW)

    assert (invoice.earning, account.first_paid_on) == (None, date(2026, 1, 31))


def make_partner(began: datetime, **overrides: Any) -> Partner:
    fields: dict[str, Any] = {
        "id": "prt_2",
        "name": "Bright",
        "program": "solutions",
        "email": "books@bright.example",
        "country": "US",
        "time_zone": "America/Chicago",
        "currency": "USD",
        "created_at": began,
        "updated_at": began,
    }
    return Partner(**fields | overrides)


@pytest.mark.parametrize(
    ("days", "bonus"),
    [pytest.param(60, usd(5000), id="60 days after it began to pay"), pytest.param(61, None, id="61 days")],
)
def test_an_account_that_moves_has_the_terms_of_its_new_partner(days: int, bonus: Any) -> None:
    long_ago = make_partner(NOW - timedelta(days=400))
    account = referred(earning_terms=None, first_paid_on=date(2026, 1, 31))

    moved = earning.credited_to(account, partner=long_ago, program=SOLUTIONS, now=NOW + timedelta(days=days))

    assert moved.earning_terms
    assert moved.earning_terms.bonus == bonus
    assert moved.earning_terms.earns_as_referred is (bonus is not None)
    assert moved.first_paid_on == account.first_paid_on


def test_an_account_brings_no_second_bonus_to_another_partner() -> None:
    new = make_partner(NOW)
    account = referred(first_paid_on=date(2026, 1, 31), had_bonus=True)

    moved = earning.credited_to(account, partner=new, program=SOLUTIONS, now=NOW)

    assert moved.earning_terms
    assert (moved.earning_terms.bonus, moved.earning_terms.earns_as_referred) == (None, True)


def test_what_leaves_for_the_house_earns_no_more() -> None:
    house = make_partner(NOW, id=house_id("solutions"), house=True)

    assert earning.credited_to(referred(), partner=house, program=SOLUTIONS, now=NOW).earning_terms is None
