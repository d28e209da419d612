"""The choice of a plan for an account that moves into another program: the fields of `transfers/plan_choice.html`."""

from typing import Any

from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.referrals.invite_links import plans_for_sale
from chalicelib.portal.visits import Visit

_NAMES = ("pricing_version", "product", "tier")


def choices(visit: Visit, program: Program) -> dict[str, Any]:
    """What the fields offer: the plans that a program sells, all their sizes and frequencies."""
    offers = plans_for_sale(program)
    sizes = sorted({row.contacts for offer in offers for row in offer.prices if row.contacts is not None})
    frequencies = dict.fromkeys(frequency for offer in offers for frequency in offer.billing_frequencies)
    return {
        "tiers": [
            ("/".join(getattr(offer, name) for name in _NAMES), f"{offer.tier.capitalize()} ({offer.product})")
            for offer in offers
        ],
        "sizes": [(str(size), size) for size in sizes],
        "frequencies": visit.texts.options("transfers.transfers.frequency.", frequencies),
    }


def chosen(visit: Visit) -> dict[str, Any] | None:
    """The plan that a form names, as the body of a request has it; None if it names none."""
    code = visit.entered("plan.tier")
    if not code:
        return None
    contacts = visit.entered("plan.contacts")
    more = {
        "contacts": int(contacts) if contacts.isascii() and contacts.isdigit() and len(contacts) < 10 else contacts,
        "billing_frequency": visit.entered("plan.billing_frequency"),
    }
    named = dict(zip(_NAMES, code.split("/", 2), strict=False))
    return named | {name: value for name, value in more.items() if value != ""}
