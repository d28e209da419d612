"""The Single Bill: the bill that is open, its day, its card and its accounts, and closed bills."""

from typing import Any

from chalicelib.api import cursors
from chalicelib.api.bodies.billing.single_bills import ArrangeBill, ListBillInvoices, ListBills
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.billing.single_bills import next_bill_day
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.pages.billing.invoices import TONES
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import named, overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.billing import invoices, single_bills
from chalicelib.services.partners import partners

pages = Pages()

_SHOWN = 50


@pages.get("billing/single-bill", scope="read")
def show_single_bill(visit: Visit, **_: str) -> View:
    """The open bill, the accounts on it, and closed bills; without one, the form that sets it up."""
    query = visit.asked_as(ListBills)
    standing = partners.standing(partner_id=visit.partner_id, now=visit.now)
    bill = standing.wallet.single_bill
    cards = cards_on_file.cards_of(visit)
    values: dict[str, Any] = {
        "here": "single_bill",
        "program": standing.program,
        "bill": bill,
        "cards": cards,
        "card_options": cards_on_file.options_of(cards),
        "card_of": {card.id: cards_on_file.card_name(card) for card in cards},
        "bill_days": [(day, day) for day in range(1, 32)],
        "tones": TONES,
    }
    if bill is not None:
        closed, last = single_bills.list_bills(
            partner_id=visit.partner_id, limit=query.limit, start=cursors.start_of(visit, query)
        )
        accounts, more = overview.list_accounts(
            partner_id=visit.partner_id,
            question=Question(filters=Filters(single_bill=True), sort=Sort.NAME),
            limit=_SHOWN,
            start=None,
            in_full=False,
            now=visit.now,
        )
        values |= {
            "closes_at": next_bill_day(bill, now=visit.now, time_zone=standing.partner.time_zone),
            "closed": closed,
            "accounts": accounts,
            "more_accounts": more is not None,
            **visit.pager(query, last),
        }
    return View("billing/single_bill.html", values)


@pages.post("billing/single-bill", scope="billing", again=show_single_bill)
def arrange(visit: Visit) -> Redirect:
    """Sets a Single Bill up, or changes its day and card; with another card, a declined bill is soon tried again."""
    body = visit.form(ArrangeBill)
    single_bills.set_up_single_bill(
        partner_id=visit.partner_id,
        day=body.bill_day,
        billing_profile_id=body.billing_profile_id,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect("billing/single-bill", done="arranged")


@pages.post("billing/single-bill/accounts", scope="write", again=show_single_bill)
def put_on(visit: Visit) -> Redirect:
    """Puts an account on the bill, by its name."""
    account_id = named.id_of(partner_id=visit.partner_id, name=visit.entered("account"), field="account")
    single_bills.put_account_on_bill(
        partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor
    )
    return Redirect("billing/single-bill", done="joined")


@pages.post("billing/single-bill/accounts/{account_id}/take-off", scope="write", again=show_single_bill)
def take_off(visit: Visit, account_id: str) -> Redirect:
    """Takes an account off the bill."""
    single_bills.take_account_off_bill(
        partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor
    )
    return Redirect("billing/single-bill", done="left")


@pages.get("billing/bills/{bill_id}", scope="read")
def show_bill(visit: Visit, bill_id: str) -> View:
    """One bill, open or closed, and the invoices on it."""
    query = visit.asked_as(ListBillInvoices)
    open_bill = single_bills.open_bill(partner_id=visit.partner_id)
    closed = None
    if bill_id != open_bill.id:
        closed = single_bills.get_bill(partner_id=visit.partner_id, bill_id=bill_id)
    found, last = single_bills.invoices_on(
        partner_id=visit.partner_id, bill_id=bill_id, limit=query.limit, start=cursors.start_of(visit, query)
    )
    values = {
        "here": "single_bill",
        "bill_id": bill_id,
        "open_bill": open_bill,
        "closed": closed,
        "invoices": invoices.with_their_bills(found, payer=visit.partner_id),
        "tones": TONES,
        **visit.pager(query, last),
    }
    return View("billing/bill.html", values)
