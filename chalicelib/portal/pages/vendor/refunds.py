"""Invoices as operators see them, of partners and of accounts that paid for themselves, and what is given back."""

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery
from chalicelib.portal import confirmation
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.money_forms import RefundAmount
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import accounts
from chalicelib.services.billing import invoices, refunds
from chalicelib.services.partners import partners

pages = Pages()


class ListInvoices(ListQuery):
    """A partner's invoices, newest first."""


@pages.get("vendor/partners/{partner_id}/invoices", scope="operator")
def show_invoices(visit: Visit, partner_id: str) -> View:
    """All invoices that a partner pays."""
    query = visit.asked_as(ListInvoices)
    partner = partners.get_partner(partner_id=partner_id)
    found, last = invoices.list_invoices(payer=partner_id, limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "partner": partner,
        "invoices": found,
        "below": f"vendor/partners/{partner_id}",
        **visit.pager(query, last),
    }
    return View("vendor/invoices.html", values)


@pages.get("vendor/partners/{partner_id}/invoices/{invoice_id}", scope="operator")
def show_invoice(_: Visit, partner_id: str, invoice_id: str) -> View:
    """One invoice of a partner, and a form to refund it."""
    partner = partners.get_partner(partner_id=partner_id)
    invoice = invoices.get_invoice(payer=partner_id, invoice_id=invoice_id)
    below = f"vendor/partners/{partner_id}"
    values = {
        "invoice": invoice,
        "left": refunds.refundable(payer=partner_id, invoice_id=invoice_id),
        "below": below,
        "back": f"{below}/invoices",
        "whose": partner.name,
        "client": False,
    }
    return View("vendor/invoice.html", values)


def _say_refund(visit: Visit, partner_id: str, invoice_id: str) -> View:
    partner = partners.get_partner(partner_id=partner_id)
    return _said(visit, partner_id, invoice_id, whose=partner.name, how="refund_how")


@pages.post(
    "vendor/partners/{partner_id}/invoices/{invoice_id}/refunds",
    scope="operator",
    again=show_invoice,
    before=_say_refund,
)
def refund(visit: Visit, partner_id: str, invoice_id: str) -> Redirect:
    """Gives an invoice back, in part or whole: to the card first."""
    partners.get_partner(partner_id=partner_id)
    return _refunded(visit, partner_id, invoice_id, f"vendor/partners/{partner_id}")


@pages.get("vendor/accounts/{account_id}/invoices/{invoice_id}", scope="operator")
def show_clients_invoice(_: Visit, account_id: str, invoice_id: str) -> View:
    """One invoice of an account, whoever paid it, and a form to refund it."""
    account = accounts.get_any(account_id=account_id)
    below = f"vendor/accounts/{account_id}"
    payer = invoices.payer_of(account_id=account_id, invoice_id=invoice_id)
    values = {
        "invoice": invoices.get_invoice(payer=payer, invoice_id=invoice_id),
        "left": refunds.refundable(payer=payer, invoice_id=invoice_id),
        "below": below,
        "back": below,
        "whose": account.name,
        "client": True,
    }
    return View("vendor/invoice.html", values)


def _say_clients_refund(visit: Visit, account_id: str, invoice_id: str) -> View:
    account = accounts.get_any(account_id=account_id)
    payer = invoices.payer_of(account_id=account_id, invoice_id=invoice_id)
    return _said(visit, payer, invoice_id, whose=account.name, how="refund_client_how")


@pages.post(
    "vendor/accounts/{account_id}/invoices/{invoice_id}/refunds",
    scope="operator",
    again=show_clients_invoice,
    before=_say_clients_refund,
)
def refund_client(visit: Visit, account_id: str, invoice_id: str) -> Redirect:
    """Gives an account's invoice back to whoever paid it."""
    payer = invoices.payer_of(account_id=account_id, invoice_id=invoice_id)
    return _refunded(visit, payer, invoice_id, f"vendor/accounts/{account_id}")


def _said(visit: Visit, payer: str, invoice_id: str, *, whose: str, how: str) -> View:
    invoice = invoices.get_invoice(payer=payer, invoice_id=invoice_id)
    amount = _amount_in(visit, currency=invoice.currency)
    back = refunds.preview_invoice(payer=payer, invoice_id=invoice_id, amount=amount, now=visit.now)
    say, money = visit.texts.plain, visit.formats.money
    return confirmation.ask(
        visit,
        title=say("vendor.refunds.refund_of", number=f"{invoice.number:06d}"),
        facts=[
            (say("vendor.partners.name"), whose),
            (say("vendor.refunds.given_back"), money(back.total)),
            (say("vendor.refunds.to_card"), money(back.card)),
            (say("vendor.refunds.to_prepaid"), money(back.prepaid)),
        ],
        note=say(f"vendor.refunds.{how}"),
        button=say("vendor.refunds.refund_amount", amount=money(back.total)),
        ends=True,
    )


def _amount_in(visit: Visit, *, currency: str) -> int:
    return visit.form(RefundAmount, amounts=["amount"], currency=currency).amount


def _refunded(visit: Visit, payer: str, invoice_id: str, below: str) -> Redirect:
    invoice = invoices.get_invoice(payer=payer, invoice_id=invoice_id)
    refunds.refund_invoice(
        refund_id=visit.derived_id("txn"),
        payer=payer,
        invoice_id=invoice_id,
        amount=_amount_in(visit, currency=invoice.currency),
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"{below}/invoices/{invoice_id}", done="refunded")
