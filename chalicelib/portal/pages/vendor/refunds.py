"""Invoices as operators see them, of partners and of accounts that paid for themselves, and what is given back."""

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery
from chalicelib.api.bodies.billing.invoices import Refund
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.portal.declared import Pages, Redirect, View
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
    found, last = invoices.list_invoices(
        payer=partner_id,
        account_id=None,
        status=None,
        since=None,
        until=None,
        limit=query.limit,
        start=cursors.start_of(visit, query),
    )
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
    values = {"invoice": invoice, "below": below, "back": f"{below}/invoices", "whose": partner.name, "client": False}
    return View("vendor/invoice.html", values)


@pages.post("vendor/partners/{partner_id}/invoices/{invoice_id}/refunds", scope="operator", again=show_invoice)
def refund(visit: Visit, partner_id: str, invoice_id: str) -> Redirect:
    """Gives an invoice back, in part or, without an amount, all that is left of it: to the card first."""
    partners.get_partner(partner_id=partner_id)
    return _refunded(visit, partner_id, invoice_id, f"vendor/partners/{partner_id}")


@pages.get("vendor/accounts/{account_id}/invoices/{invoice_id}", scope="operator")
def show_clients_invoice(_: Visit, account_id: str, invoice_id: str) -> View:
    """One invoice of an account, whoever paid it, and a form to refund it."""
    account = accounts.get_any(account_id=account_id)
    below = f"vendor/accounts/{account_id}"
    values = {
        "invoice": _of_account(account_id, invoice_id),
        "below": below,
        "back": below,
        "whose": account.name,
        "client": True,
    }
    return View("vendor/invoice.html", values)


@pages.post("vendor/accounts/{account_id}/invoices/{invoice_id}/refunds", scope="operator", again=show_clients_invoice)
def refund_client(visit: Visit, account_id: str, invoice_id: str) -> Redirect:
    """Gives an account's invoice back to whoever paid it."""
    payer = invoices.payer_of(account_id=account_id, invoice_id=invoice_id)
    return _refunded(visit, payer, invoice_id, f"vendor/accounts/{account_id}")


def _of_account(account_id: str, invoice_id: str) -> Invoice:
    payer = invoices.payer_of(account_id=account_id, invoice_id=invoice_id)
    return invoices.get_invoice(payer=payer, invoice_id=invoice_id)


def _refunded(visit: Visit, payer: str, invoice_id: str, below: str) -> Redirect:
    invoice = invoices.get_invoice(payer=payer, invoice_id=invoice_id)
    body = visit.form(Refund, amounts=["amount"], currency=invoice.total.currency)
    refunds.refund_invoice(
        refund_id=visit.derived_id("txn"),
        payer=payer,
        invoice_id=invoice_id,
        amount=body.amount,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"{below}/invoices/{invoice_id}", done="refunded")
