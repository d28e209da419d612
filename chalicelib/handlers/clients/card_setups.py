"""Cards of clients, entered with the processor. This route needs no API key."""

from chalice.app import Blueprint

from chalicelib.api.bodies.clients.card_setups import CardSetupShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.clients import card_setups

routes = Routes(Blueprint(__name__), tag="clients")


@routes.post(
    "/public/card-setups",
    returns=CardSetupShape,
    status=201,
    scope=None,
    takes_secrets=True,
    summary="Let a card be entered",
    refusals=(429, 503),
)
def begin_card_setup(call: Call) -> CardSetupShape:
    """Begins a SetupIntent for a card that is charged without its holder later. Confirm it with Stripe.js; then send
    the `payment_method` it has to `POST /public/sign-ups` or `PUT /client/payment-method`, which take no other. No
    card's number comes here. The sandbox's cards need none of this."""
    setup = card_setups.begin_card_setup(source=call.source, now=call.now)
    return CardSetupShape(client_secret=setup.client_secret, publishable_key=setup.publishable_key)
