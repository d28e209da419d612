"""Cards that are about to be entered, over HTTP."""

from chalicelib.api.base import Shape


class CardSetupShape(Shape):
    """What Stripe.js needs to take a card. Without a publishable key, pages can take none."""

    client_secret: str
    publishable_key: str | None
