"""Billing: what is overdue and its retry, and the cards on file."""

from typing import Any

from chalicelib.api.bodies.clients.self_service import PutPaymentMethod
from chalicelib.api.bodies.partners.partners import CreateProfile, UpdateProfile
from chalicelib.api.pages import cards
from chalicelib.domain.accounts.accounts import Account, PaymentState
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.calendar import local_date
from chalicelib.domain.partners.billing_profiles import Address, BillingProfile
from chalicelib.portal import choices
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.billing import contracts, payment_retries
from chalicelib.services.partners import billing_profiles, partners

pages = Pages()

_SHOWN = 50
_NEEDS_A_CARD = ("home", "credits/buy", "accounts/new")
"""The pages that send somebody here for a first card, and go on with it."""


@pages.get("billing", scope="read")
def show_billing(visit: Visit, **_: str) -> View:
    """What is overdue, with a button to try each again, and the cards on file."""
    standing = partners.standing(partner_id=visit.partner_id, now=visit.now)
    overdue, more = _overdue(visit)
    found = cards_on_file.cards_of(visit)
    contract = (
        contracts.get_contract(partner_id=visit.partner_id).contract if standing.program.contacts_pooled else None
    )
    bill = standing.wallet.single_bill
    values = {
        "here": "cards",
        "program": standing.program,
        "overdue": overdue,
        "more_overdue": more,
        "unpaid_bill": bill.unpaid if bill else None,
        "bill_card": bill.billing_profile_id if bill else None,
        "unpaid_year": contract.unpaid if contract else None,
        "cards": found,
        "card_of": {card.id: card for card in found},
        "card_name": cards_on_file.card_name,
        "today": local_date(visit.now, visit.zone),
        "can_add": cards.can_take_cards(),
    }
    return View("billing/billing.html", values)


def _overdue(visit: Visit) -> tuple[list[Account], bool]:
    """The accounts whose last charge was declined and that the partner pays for, and whether there are more."""
    question = Question(filters=Filters(payment_state=PaymentState.PAST_DUE), sort=Sort.NAME)
    found, last = overview.list_accounts(
        partner_id=visit.partner_id, question=question, limit=_SHOWN, start=None, in_full=False, now=visit.now
    )
    return [account for account in found if account.overdue is not None and not account.pays_itself], last is not None


@pages.post("billing/overdue/{account_id}/retry", scope="billing", again=show_billing)
def retry(visit: Visit, account_id: str) -> Redirect:
    """Charges the open invoice of an account now."""
    payment_retries.retry_payment(partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor)
    return Redirect("billing", done="retried")


@pages.post("billing/contract/retry", scope="billing", again=show_billing)
def retry_contract(visit: Visit) -> Redirect:
    """Charges the unpaid year of the contract now."""
    payment_retries.retry_contract(partner_id=visit.partner_id, now=visit.now, actor=visit.actor)
    return Redirect("billing", done="retried")


@pages.get("billing/cards/new", scope="read")
def show_new_card(visit: Visit) -> View:
    """The form that puts a card on file."""
    return _card_form(visit, None)


@pages.post("billing/cards", scope="billing", again=show_new_card)
def add_card(visit: Visit) -> Redirect:
    """Puts a card on file; it is not charged."""
    body = visit.form(CreateProfile)
    payment_retries.create_billing_profile(
        profile_id=visit.derived_id("bp"),
        partner_id=visit.partner_id,
        name=body.name,
        payment_method=body.payment_method,
        address=Address(**body.address.model_dump()) if body.address else None,
        tax_id=body.tax_id,
        default=body.default,
        now=visit.now,
        actor=visit.actor,
    )
    came_from = visit.entered("next")
    return Redirect(came_from if came_from in _NEEDS_A_CARD else "billing", done="card_added")


@pages.get("billing/cards/{profile_id}", scope="read")
def show_card(visit: Visit, profile_id: str) -> View:
    """One card: its name and address, another card in its place, whether it is the default, and taking it off file."""
    profile = billing_profiles.get_profile(partner_id=visit.partner_id, profile_id=profile_id)
    values = {
        "here": "cards",
        "program": load_program(visit.partner_seen.program),
        "profile": profile,
        "countries": choices.countries(visit.language),
        "card_name": cards_on_file.card_name(profile),
        "can_add": cards.can_take_cards(),
    }
    return View("billing/card.html", values)


@pages.post("billing/cards/{profile_id}", scope="billing", again=show_card)
def change_card(visit: Visit, profile_id: str) -> Redirect:
    """Changes a card's name, address and tax id: those that are emptied are removed."""
    body = visit.form(UpdateProfile)
    changes: dict[str, Any] = {
        "address": Address(**body.address.model_dump()) if body.address else None,
        "tax_id": body.tax_id,
    }
    if body.name is not None:
        changes["name"] = body.name
    return _changed(visit, profile_id, changes, done="card_changed")


@pages.get("billing/cards/{profile_id}/replace", scope="read")
def show_replacement(visit: Visit, profile_id: str) -> View:
    """The form that puts another card in the place of one."""
    return _card_form(visit, billing_profiles.get_profile(partner_id=visit.partner_id, profile_id=profile_id))


@pages.post("billing/cards/{profile_id}/replace", scope="billing", again=show_replacement)
def replace_card(visit: Visit, profile_id: str) -> Redirect:
    """Puts another card in the place of one; all that is past due with it is tried again within minutes."""
    body = visit.form(PutPaymentMethod)
    return _changed(visit, profile_id, {"payment_method": body.payment_method}, done="card_replaced")


@pages.post("billing/cards/{profile_id}/default", scope="billing", again=show_card)
def make_default(visit: Visit, profile_id: str) -> Redirect:
    """Makes a card the default one."""
    return _changed(visit, profile_id, {"default": True}, done="default_changed")


@pages.post("billing/cards/{profile_id}/remove", scope="billing", again=show_card)
def remove_card(visit: Visit, profile_id: str) -> Redirect:
    """Takes a card off file; refused while it pays for anything."""
    billing_profiles.delete_profile(
        partner_id=visit.partner_id, profile_id=profile_id, now=visit.now, actor=visit.actor
    )
    return Redirect("billing", done="card_removed")


def _changed(visit: Visit, profile_id: str, changes: dict[str, Any], *, done: str) -> Redirect:
    payment_retries.update_billing_profile(
        partner_id=visit.partner_id, profile_id=profile_id, changes=changes, now=visit.now, actor=visit.actor
    )
    return Redirect("billing", done=done)


def _card_form(visit: Visit, profile: BillingProfile | None) -> View:
    """The form for a card: Stripe's own field where Stripe charges cards, which needs its script and its frame."""
    entered = "" if "payment_method" in visit.faults else visit.entered("payment_method")
    key = cards.publishable_key()
    field = bool(key) and not entered
    values = {
        "here": "cards",
        "program": load_program(visit.partner_seen.program),
        "profile": profile,
        "countries": choices.countries(visit.language),
        "card_name": cards_on_file.card_name(profile) if profile else "",
        "can_add": cards.can_take_cards(),
        "next": visit.entered("next") or visit.asked("next"),
        "key": key,
        "field": field,
        "entered": entered,
        "script": cards.STRIPE_JS,
        "sandbox_cards": visit.texts.options("billing.billing.sandbox.", cards.SANDBOX_CARDS),
        "first": profile is None and not cards_on_file.cards_of(visit),
    }
    sources = {name: origins.split() for name, origins in cards.STRIPE_SOURCES.items()} if field else {}
    return View("billing/card_form.html", values, sources=sources)
