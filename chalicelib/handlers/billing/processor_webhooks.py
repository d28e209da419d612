"""The card processor's webhook."""

from chalice.app import Blueprint

from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.billing import processor_webhooks

routes = Routes(Blueprint(__name__), tag="card processor")


@routes.post(
    "/public/stripe/webhooks",
    returns=None,
    scope=None,
    raw_body=True,
    limited=False,
    summary="For Stripe only: reports of late outcomes",
    refusals=(400, 404),
)
def take_stripe_report(call: Call) -> None:
    """Receives an event signed by Stripe. It decides nothing: Stripe is asked again about a charge in progress."""
    processor_webhooks.receive_webhook(payload=call.raw_body, signature=call.headers.get("Stripe-Signature", ""))
