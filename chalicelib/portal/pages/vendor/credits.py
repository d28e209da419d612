"""A partner's prepaid money and credits as operators see them: purchases given back, and credits granted."""

from chalicelib.api import cursors
from chalicelib.api.bodies.billing.invoices import Refund
from chalicelib.api.bodies.wallet.prepaid import Grant, ListEntries
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.wallets import credit_balance
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.billing import refunds
from chalicelib.services.partners import partners
from chalicelib.services.wallet import credit_packs, prepaid

pages = Pages()

_GRANTED = (CreditKind.SMS, CreditKind.INBOX_PREVIEW)


@pages.get("vendor/partners/{partner_id}/credits", scope="operator")
def show_credits(visit: Visit, partner_id: str) -> View:
    """The balances, a form to grant credits, and the journal of prepaid money, newest first."""
    query = visit.asked_as(ListEntries)
    partner = partners.get_partner(partner_id=partner_id)
    wallet, _ = prepaid.get_balances(partner_id=partner_id)
    entries, last = prepaid.list_journal(partner_id=partner_id, limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "partner": partner,
        "wallet": wallet,
        "balances": [(kind, credit_balance(wallet, kind).balance) for kind in _GRANTED],
        "kinds": [(kind.value, visit.texts.plain(f"vendor.credits.kinds.{kind}")) for kind in _GRANTED],
        "entries": entries,
        **visit.pager(query, last),
    }
    return View("vendor/credits.html", values)


@pages.post("vendor/partners/{partner_id}/credits", scope="operator", again=show_credits)
def grant_credits(visit: Visit, partner_id: str) -> Redirect:
    """Gives a partner SMS or inbox-preview credits."""
    body = visit.form(Grant)
    credit_packs.grant_credits(
        entry_id=visit.derived_id("txn"),
        partner_id=partner_id,
        kind=_kind_in(visit),
        quantity=body.quantity,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"vendor/partners/{partner_id}/credits", done="granted")


@pages.get("vendor/partners/{partner_id}/credits/{purchase_id}", scope="operator")
def show_purchase(_: Visit, partner_id: str, purchase_id: str) -> View:
    """A purchase of prepaid money, and a form to refund it."""
    partner = partners.get_partner(partner_id=partner_id)
    purchase = refunds.get_purchase(payer=partner_id, purchase_id=purchase_id)
    return View("vendor/purchase.html", {"partner": partner, "purchase": purchase})


@pages.post("vendor/partners/{partner_id}/credits/{purchase_id}/refunds", scope="operator", again=show_purchase)
def refund_purchase(visit: Visit, partner_id: str, purchase_id: str) -> Redirect:
    """Gives prepaid money back to the card that bought it; without an amount, all that is left of the purchase."""
    currency = partners.get_partner(partner_id=partner_id).currency
    body = visit.form(Refund, amounts=["amount"], currency=currency)
    refunds.refund_purchase(
        refund_id=visit.derived_id("txn"),
        payer=partner_id,
        purchase_id=purchase_id,
        amount=body.amount,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"vendor/partners/{partner_id}/credits/{purchase_id}", done="refunded")


def _kind_in(visit: Visit) -> CreditKind:
    for kind in _GRANTED:
        if visit.entered("kind") == kind:
            return kind
    raise Invalid(errors=[("kind", f"must be one of {', '.join(_GRANTED)}")])
