"""The intent of each kind of pending charge: how a charge that was cut off is made again from its row."""

from chalicelib.models.charging.pending_charges import (
    CreditsPurchase,
    InvoiceRefund,
    PendingCharge,
    PrepaidPurchase,
    PurchaseRefund,
)
from chalicelib.services.charging.intents import ChargeIntent
from chalicelib.services.charging.purchase_intents import PurchaseIntent
from chalicelib.services.charging.refund_intents import refund_intent
from chalicelib.services.partners import partners
from chalicelib.services.wallet.pack_intents import PackIntent


def intent_of(pending: PendingCharge) -> ChargeIntent:
    """The intent of a charge in progress, with the other rows it changes as they are stored now."""
    match pending:
        case InvoiceRefund() | PurchaseRefund():
            return refund_intent(pending)
        case CreditsPurchase():
            return PackIntent.of(pending, partners.program_of(partner_id=pending.payer))
        case PrepaidPurchase():
            return PurchaseIntent.of(pending, partners.program_of(partner_id=pending.payer))
