"""The page of an invite link, which partners send to clients: what is on offer, and a form to sign up.

It fetches nothing from elsewhere. Its script reports the visit, keeps the attribution token and sends the form as JSON.
"""

import json
import secrets
from functools import cache
from html import escape
from pathlib import Path

from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.referrals.invitations import InvitationShape, OfferedPlan
from chalicelib.api.countries import COUNTRY_CODES
from chalicelib.config import settings
from chalicelib.domain.accounts import names
from chalicelib.domain.clients import passwords
from chalicelib.domain.currencies import decimal_text, decimals
from chalicelib.domain.money import Money

_FOLDER = Path(__file__).parent
_SANDBOX_CARDS = {
    "pm_card_visa": "Visa …4242, which pays",
    "pm_card_chargeDeclined": "Visa …0002, which is declined",
    "pm_card_declinedOnRenewal": "Mastercard …0341, which pays once",
}
"""Offered outside production only, where no card is real."""


def page(invitation: InvitationShape) -> Answer:
    """The page as HTML, with a policy that lets nothing else run or be fetched."""
    nonce = secrets.token_urlsafe(16)
    product = escape(settings().product_name)
    title = f"{escape(invitation.partner.name)} invites you to {product}"
    heading = f"<bdi>{escape(invitation.partner.name)}</bdi> invites you to {product}"
    return Answer(
        headers={
            "Content-Type": f"{HTML}; charset=utf-8",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
                "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        },
        body=(
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{title}</title><meta property="og:title" content="{title}">'
            f'<style nonce="{nonce}">{_file("page.css")}</style></head><body><main>'
            f'<p class="product">{product}</p><h1>{heading}</h1>{_form(invitation)}{_price_lists(invitation)}'
            f'<script type="application/json" id="offer">{_offer(invitation)}</script>'
            f'<script nonce="{nonce}">{_file("page.js")}</script></main></body></html>'
        ),
    )


def _form(invitation: InvitationShape) -> str:
    choices = _choices(invitation)
    if not choices:
        return '<p class="panel">A plan cannot be bought on this page yet. Ask whoever sent you the link.</p>'
    return (
        f"<form>{choices}"
        '<div id="size" hidden><label class="field">Contacts<select name="contacts"></select></label>'
        '<label class="field">Billed<select name="billing_frequency"></select></label></div>'
        '<label class="field">Your or your company\'s name'
        '<input name="client_name" autocomplete="organization" maxlength="200" required></label>'
        '<label class="field">Email<input type="email" name="email" autocomplete="email" required></label>'
        '<label class="field">Name of the account<input name="account_name" autocapitalize="none" spellcheck="false" '
        f'minlength="{names.SHORTEST}" maxlength="{names.LONGEST}" required>'
        "<small>Letters, digits and hyphens. You log in with it.</small></label>"
        '<label class="field">Country<select name="country" autocomplete="country" required></select></label>'
        '<label class="field">Password<input type="password" name="password" autocomplete="new-password" '
        f'minlength="{passwords.SHORTEST}" maxlength="{passwords.LONGEST}" required>'
        f"<small>At least {passwords.SHORTEST} characters.</small></label>"
        f'<div id="card" hidden>{_cards()}</div><p id="due"></p><button id="go">Sign up</button>'
        '<p id="message" role="alert"></p><noscript><p>This page needs JavaScript.</p></noscript></form>'
        '<section id="done" class="panel" tabindex="-1" hidden><h2>Your account is ready</h2>'
        '<p>Log in as <b>admin</b> at <a id="to"></a></p></section>'
    )


def _cards() -> str:
    if settings().production:
        return ""
    cards = "".join(f'<option value="{id}">{escape(text)}</option>' for id, text in _SANDBOX_CARDS.items())
    return (
        f'<label class="field">Card<select name="payment_method" disabled>{cards}</select>'
        "<small>Cards for trying it out. No money moves.</small></label>"
    )


def _choices(invitation: InvitationShape) -> str:
    choices = []
    if invitation.trial is not None:
        choices.append(("trial", "Free trial", f"{invitation.trial.days} days. No card is needed, it ends by itself."))
    if _can_buy(invitation):
        choices += [
            (str(i), _title(plan), _from_price(plan, invitation.currency)) for i, plan in enumerate(invitation.plans)
        ]
    radios = "".join(
        f'<label class="choice"><input type="radio" name="choice" value="{value}"{" checked" if i == 0 else ""}>'
        f"<span><b>{title}</b> <small>{text}</small></span></label>"
        for i, (value, title, text) in enumerate(choices)
    )
    return radios and f"<fieldset><legend>How would you like to begin?</legend>{radios}</fieldset>"


def _can_buy(invitation: InvitationShape) -> bool:
    """Whether the page can take a card: not in production, where no card may be typed into a page of ours."""
    return not settings().production and "buy_now" in invitation.experiences


def _price_lists(invitation: InvitationShape) -> str:
    """The prices of the plans shown, to read without the script."""
    return "".join(
        f'<details class="panel"><summary>{_title(plan)}: {_from_price(plan, invitation.currency)}</summary>'
        f"{_price_list(plan, invitation.currency)}</details>"
        for plan in invitation.plans
    )


def _price_list(plan: OfferedPlan, currency: str) -> str:
    columns = [(each, _price_title(each)) for each in plan.billing_frequencies]
    head = "".join(f"<th>{title}</th>" for _, title in columns)
    rows = "".join(
        f"<tr><td>{row.contacts:,}</td>"
        + "".join(f"<td>{_price(getattr(row, each), currency)}</td>" for each, _ in columns)
        + "</tr>"
        for row in plan.prices
    )
    return f"<table><tr><th>Contacts</th>{head}</tr>{rows}</table>"


def _price_title(frequency: str) -> str:
    return "A year" if frequency == "annual" else "A month"


def _price(amount: int | None, currency: str) -> str:
    return "–" if amount is None else f"{currency} {decimal_text(Money(amount, currency), grouped=True)}"


def _from_price(plan: OfferedPlan, currency: str) -> str:
    for frequency, span in (("monthly", "a month"), ("annual", "a year")):
        prices = [price for row in plan.prices if (price := getattr(row, frequency)) is not None]
        if prices:
            return f"from {_price(min(prices), currency)} {span}"
    return "no charge"


def _title(plan: OfferedPlan) -> str:
    return escape(f"{plan.product} {plan.tier}".replace("_", " ").capitalize())


def _offer(invitation: InvitationShape) -> str:
    """What the script needs to know, as JSON that no text in it can end."""
    offer = {
        **invitation.model_dump(mode="json"),
        "decimals": decimals(invitation.currency),
        "countries": sorted(COUNTRY_CODES),
    }
    return json.dumps(offer).replace("<", "\\u003c")


@cache
def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
