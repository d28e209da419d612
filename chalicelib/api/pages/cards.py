"""The field for a card: Stripe's own where Stripe charges cards, a choice of test cards in the sandbox.

No card's number comes to us (docs/decisions/card-processor.md). Stripe's field needs its script, and that script what
Stripe's integration security guide lists for the policy of a page; only pages with this field have it.
"""

from functools import cache
from html import escape
from pathlib import Path

from chalicelib.api.pages.layout import Script
from chalicelib.api.pages.site import Site, option, select_field
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
    """The field's HTML in the form, and the scripts of its page. The form sends the card's id as `payment_method`."""

    html: str
    scripts: tuple[Script, ...] = ()


NO_CARD_FIELD = CardField("")


def can_take_cards() -> bool:
    """Whether pages can take a card here: not where Stripe charges them without its key for browsers."""
    return settings().payment_processor == "sandbox" or processor_secrets.stripe_publishable_key() is not None


def card_field(site: Site, *, setups: str, entered: str = "", more: str = "") -> CardField:
    """The field, where :func:`can_take_cards`. ``setups`` is the address of `POST /public/card-setups` from the page.

    ``entered`` is a card that was entered in this form before, when the form is shown again for another reason;
    ``more`` are attributes of a list of test cards.
    """
    if settings().payment_processor == "sandbox":
        return CardField(_sandbox_cards(site, entered, more))
    if entered:
        return CardField(
            f'<input type="hidden" name="payment_method" value="{escape(entered)}">{site.paragraph("card_entered")}'
        )
    data = {
        "key": processor_secrets.stripe_publishable_key() or "",
        "locale": site.texts.code,
        "source": STRIPE_JS,
        "setups": setups,
        "loading": site.texts.plain("card_field_loading"),
        "crowded": site.texts.plain("card_crowded"),
        "incomplete": site.texts.plain("card_incomplete"),
        "silent": site.texts.plain("card_not_entered"),
        "blocked": site.texts.plain("card_field_blocked"),
    }
    told = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return CardField(
        f'<label for="card">{site.texts.html("card")}</label><div id="card" class="card-field"{told}></div>'
        '<p id="card-fault" class="fault" role="alert" hidden></p>'
        '<input type="hidden" name="payment_method" autocomplete="off">'
        f'<noscript><p class="fault">{site.texts.html("card_needs_javascript")}</p></noscript>',
        scripts=(Script(card_script(), sources=STRIPE_SOURCES),),
    )


def _sandbox_cards(site: Site, entered: str, more: str) -> str:
    options = "".join(
        option(card, site.texts.plain(f"sandbox_{card}"), chosen=card == entered) for card in SANDBOX_CARDS
    )
    return select_field(site, "card", "payment_method", options, hint="sandbox_cards", more=more)


def publishable_key() -> str:
    """Stripe's key for browsers; empty where the sandbox charges cards."""
    return "" if settings().payment_processor == "sandbox" else processor_secrets.stripe_publishable_key() or ""


@cache
def card_script() -> str:
    """The script that has Stripe's field put a card's id into its form."""
    return (Path(__file__).parent / "card.js").read_text(encoding="utf-8")
