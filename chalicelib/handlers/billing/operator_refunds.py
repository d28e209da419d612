"""Refunds of invoices and of prepaid money, which operators give."""

from chalice.app import Blueprint

from chalicelib.api.bodies.billing.invoices import InvoiceShape, Refund, Refunded, RefundedPurchase
from chalicelib.api.bodies.wallet.entries import EntryShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.billing import invoices, refunds

routes = Routes(Blueprint(__name__), tag="operator")


@routes.post(
    "/v1/operator/partners/{partner_id}/invoices/{invoice_id}/refunds",
    body=Refund,
    returns=Refunded,
    status=201,
    scope="operator",
    summary="Refund an invoice",
    refusals=(402, 409),
)
def refund_invoice(call: Call, partner_id: str, invoice_id: str, body: Refund) -> Refunded:
    """Give back a paid invoice, in whole or part, to where the money came from: first to the card, which paid last."""
    return _refunded(call, body, payer=partner_id, invoice_id=invoice_id)


@routes.post(
    "/v1/operator/accounts/{account_id}/invoices/{invoice_id}/refunds",
    body=Refund,
    returns=Refunded,
    status=201,
    scope="operator",
    summary="Refund an account's invoice",
    refusals=(402, 409),
)
def refund_account_invoice(call: Call, account_id: str, invoice_id: str, body: Refund) -> Refunded:
    """Give back a paid invoice of an account, in whole or part, to whoever paid it: its partner or its client."""
    payer = invoices.payer_of(account_id=account_id, invoice_id=invoice_id)
    return _refunded(call, body, payer=payer, invoice_id=invoice_id)


@routes.post(
    "/v1/operator/partners/{partner_id}/credits/prepaid/purchases/{transaction_id}/refunds",
    body=Refund,
    returns=RefundedPurchase,
    status=201,
    scope="operator",
    summary="Refund prepaid money",
    refusals=(402, 409),
)
def refund_prepaid_purchase(call: Call, partner_id: str, transaction_id: str, body: Refund) -> RefundedPurchase:
    """Give prepaid money back to the card that bought it, as far as it is general: not used, reserved or promised."""
    entry, purchase = refunds.refund_purchase(
        refund_id=call.derived_id("txn"),
        payer=partner_id,
        purchase_id=transaction_id,
        amount=body.amount,
        now=call.now,
        actor=call.actor,
    )
    return RefundedPurchase(entry=EntryShape.of(entry), purchase=EntryShape.of(purchase))


def _refunded(call: Call, body: Refund, *, payer: str, invoice_id: str) -> Refunded:
    entry, invoice = refunds.refund_invoice(
        refund_id=call.derived_id("txn"),
        payer=payer,
        invoice_id=invoice_id,
        amount=body.amount,
        now=call.now,
        actor=call.actor,
    )
    return Refunded(entry=EntryShape.of(entry), invoice=InvoiceShape.of(invoice))
