"""The payout processor's webhook."""

from chalice.app import Blueprint

from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.earnings import payout_reports

routes = Routes(Blueprint(__name__), tag="payout processor")


@routes.post(
    "/public/paypal/webhooks",
    returns=None,
    scope=None,
    raw_body=True,
    summary="For PayPal only: reports of what became of payouts",
    refusals=(400, 404),
)
def take_paypal_report(call: Call) -> None:
    """Receives a webhook signed by PayPal. It decides nothing: PayPal is asked what became of the payout."""
    payout_reports.receive_webhook(payload=call.raw_body, headers=call.headers, now=call.now)
