"""The payment of a client who pays for its account: what is overdue, its card, its invoices (docs/rules.md §9)."""

from collections.abc import Mapping, Sequence
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.pages import cards
from chalicelib.api.pages.log_ins import SETTINGS
from chalicelib.api.pages.site import Fault, Site
from chalicelib.api.pages.texts import Texts
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.partners.billing_profiles import Card
from chalicelib.domain.values import dataclass


@dataclass(frozen=True)
class Payment:
    """What a client who pays sees of it: its card on file, if it has one, and its last invoices, newest first."""

    card: Card | None
    invoices: Sequence[Invoice]


def card_action(site: Site) -> str:
    """What the form for the card does, as its token says."""
    return f"card:{site.name}"


def retry_action(site: Site) -> str:
    return f"retry:{site.name}"


def card_page(site: Site, account: Account, *, fault: Fault | None = None) -> Answer:
    """The field for a card, in place of the one on file."""
    field = cards.card_field(site, setups="../../card-setups")
    terms = site.paragraph("card_terms_due" if account.overdue else "card_terms")
    content = (
        site.account_line
        + site.said(fault)
        + site.form(card_action(site), field.html + terms, "save_card")
        + site.link(SETTINGS, "to_settings")
    )
    title = "replace_card" if account.billing_profile_id else "add_card"
    return site.page(title, content, scripts=field.scripts, status=fault.status if fault else 200)


def facts(texts: Texts, account: Account, payment: Payment) -> Mapping[str, str]:
    """Labels, and the value of each as HTML."""
    shown = {}
    if account.price:
        shown["price"] = escape(texts.written(account.price))
    if account.kind is PlanKind.PAID and not account.has_ended:
        shown["payment"] = texts.html(f"payment_{account.payment_state}")
    shown["card"] = _card(texts, payment.card)
    return shown


def overdue(site: Site, account: Account, payment: Payment) -> str:
    """What is overdue, and a button to pay it with the card on file."""
    if account.overdue is None:
        return ""
    amount = site.texts.written(account.overdue.total)
    retry = site.form(retry_action(site), "", "retry_payment", to="retry-payment") if payment.card else ""
    return site.said(Fault("payment_due", 200, {"amount": amount})) + retry


def card_link(site: Site, payment: Payment) -> str:
    if not cards.can_take_cards():
        return ""
    return site.button_link("card", "replace_card" if payment.card else "add_card", quiet=True)


def invoices(texts: Texts, account: Account, payment: Payment) -> str:
    """A list of invoices, each a link to its PDF."""
    if not payment.invoices:
        return ""
    items = "".join(
        f'<li><a href="invoices/{escape(invoice.id)}">{escape(_number(invoice))}</a>'
        f"<span>{texts.written(local_date(invoice.issued_at, account.time_zone))}</span>"
        f"<span>{escape(texts.written(invoice.total))}</span>"
        f"<span>{texts.html(f'invoice_{invoice.status}')}</span></li>"
        for invoice in payment.invoices
    )
    return f'<h2>{texts.html("invoices")}</h2><ul class="invoices">{items}</ul>'


def _number(invoice: Invoice) -> str:
    return f"{invoice.number:06d}"


def _card(texts: Texts, card: Card | None) -> str:
    if card is None:
        return texts.html("no_card")
    name = f"{card.brand.title()} •••• {card.last4}"
    return texts.html("card_named", card=name, month=f"{card.exp_month:02d}", year=str(card.exp_year))
