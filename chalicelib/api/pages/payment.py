"""The payment of a client who pays for its account: what is overdue, its card, its invoices (docs/rules.md §9)."""

from collections.abc import Mapping, Sequence

from chalicelib.api.answers import Answer
from chalicelib.api.pages import cards
from chalicelib.api.pages.site import Fault, Site
from chalicelib.api.pages.texts import Texts
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.partners.billing_profiles import Card
from chalicelib.domain.values import dataclass


@dataclass(frozen=True)
class Payment:
    """What a client who pays sees of it: its card on file, if it has one, and its last invoices, newest first."""

    card: Card | None
    invoices: Sequence[Invoice]


def card_page(site: Site, account: Account, *, fault: Fault | None = None) -> Answer:
    """The field for a card, in place of the one on file."""
    card = cards.card_field(setups="../../card-setups")
    return site.page("card", fault, scripts=card.scripts, account=account, card=card)


def facts(texts: Texts, account: Account, payment: Payment) -> Mapping[str, str]:
    """Labels, and the value of each."""
    shown = {}
    if account.price:
        shown["price"] = texts.written(account.price)
    if account.kind is PlanKind.PAID and not account.has_ended:
        shown["payment"] = texts.html(f"payment_{account.payment_state}")
    shown["card"] = _card(texts, payment.card)
    return shown


def _card(texts: Texts, card: Card | None) -> str:
    if card is None:
        return texts.html("no_card")
    name = f"{card.brand.title()} •••• {card.last4}"
    return texts.html("card_named", card=name, month=f"{card.exp_month:02d}", year=str(card.exp_year))
