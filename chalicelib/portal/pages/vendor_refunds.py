"""A partner's invoices as operators see them, and what is given back of one."""

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery
from chalicelib.api.bodies.billing.invoices import Refund
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
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
        **visit.pager(query, last),
    }
    return View("vendor_invoices.html", values)


@pages.get("vendor/partners/{partner_id}/invoices/{invoice_id}", scope="operator")
def show_invoice(_: Visit, partner_id: str, invoice_id: str) -> View:
    """One invoice, and a form to refund it."""
    values = {
        "partner": partners.get_partner(partner_id=partner_id),
        "invoice": invoices.get_invoice(payer=partner_id, invoice_id=invoice_id),
    }
    return View("vendor_invoice.html", values)


@pages.post("vendor/partners/{partner_id}/invoices/{invoice_id}/refunds", scope="operator", again=show_invoice)
def refund(visit: Visit, partner_id: str, invoice_id: str) -> Redirect:
    """Gives an invoice back, in part or, without an amount, all that is left of it: to the card first."""
    currency = partners.get_partner(partner_id=partner_id).currency
    body = visit.form(Refund, amounts=["amount"], currency=currency)
    refunds.refund_invoice(
        refund_id=visit.derived_id("txn"),
        payer=partner_id,
        invoice_id=invoice_id,
        amount=body.amount,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"vendor/partners/{partner_id}/invoices/{invoice_id}", done="refunded")
