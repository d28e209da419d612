"""The field for a card: Stripe's own where Stripe charges cards, a choice of test cards in the sandbox.

No card's number comes to us (docs/decisions/card-processor.md). Stripe's field needs its script, and that script what
Stripe's integration security guide lists for the policy of a page; only pages with this field have it.
"""

from chalicelib.api.pages.layout import Script
from chalicelib.config import settings
from chalicelib.domain.values import dataclass
from chalicelib.gateways import processor_secrets

SANDBOX_CARDS = ("pm_card_visa", "pm_card_chargeDeclined", "pm_card_declinedOnRenewal", "pm_card_createDisputeLost")
"""Those that pages offer outside production; docs/api.md has more."""

STRIPE_JS = "https://js.stripe.com/v3/"
STRIPE_SOURCES = {
    "script-src": "https://js.stripe.com https://*.js.stripe.com",
    "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    "connect-src": "https://api.stripe.com",
}


@dataclass(frozen=True)
class CardField:
    """What the template of the field shows, by its kind, and the scripts of its page. The form sends the card's id as
    `payment_method`."""

    entered: str
    """A card that was entered in this form before, when the form is shown again for another reason."""
    test_cards: tuple[str, ...] = ()
    """The sandbox's, to choose from."""
    key: str = ""
    source: str = STRIPE_JS
    setups: str = ""
    """The address of `POST /public/card-setups` from the page."""

    @property
    def scripts(self) -> tuple[Script, ...]:
        return (Script("card.js", sources=STRIPE_SOURCES),) if self.setups else ()


def can_take_cards() -> bool:
    """Whether pages can take a card here: not where Stripe charges them without its key for browsers."""
    return settings().payment_processor == "sandbox" or processor_secrets.stripe_publishable_key() is not None


def card_field(*, setups: str, entered: str = "") -> CardField:
    """The field, where :func:`can_take_cards`. ``setups`` is an address from the page."""
    if settings().payment_processor == "sandbox":
        return CardField(entered, SANDBOX_CARDS)
    if entered:
        return CardField(entered)
    return CardField("", key=publishable_key(), setups=setups)


def publishable_key() -> str:
    """Stripe's key for browsers; empty where the sandbox charges cards."""
    return "" if settings().payment_processor == "sandbox" else processor_secrets.stripe_publishable_key() or ""
