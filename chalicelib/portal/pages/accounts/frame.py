"""What every page of one account has in common: its name and status, what may be done to it, and the tabs.

Its template extends `accounts/frame.html` and fills the block `tab`.
"""

from typing import Any

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.domain.accounts.accounts import Account, PaymentState, Relationship, Status
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.portal import site
from chalicelib.portal.texts import Texts
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program

TABS = ("", "plan", "details", "branding", "domain", "usage", "invoices", "history", "templates")
"""The tabs by what follows an account's path; the first is its summary. A tab shows once there is such a page."""
_OF_PRICES = {"invoices"}
_WITHIN = {"add-ons": "plan"}
"""Pages within a tab."""

_TONES = {
    Status.ACTIVE: "good",
    Status.CANCELED: "warn",
    Status.DISABLED: "gray",
    Status.EXPIRED: "gray",
    Status.ARCHIVED: "gray",
}
_OVER = {Status.DISABLED, Status.EXPIRED, Status.ARCHIVED}


def framed(visit: Visit, account: Account, **values: Any) -> dict[str, Any]:
    """The values of a page of an account that its partner may see; ``values`` are the tab's own."""
    shape = AccountShape.of(account, now=visit.now)
    program = load_program(visit.partner_seen.program)
    return {
        "account": shape,
        "place": f"accounts/{account.id}",
        "program": program,
        "badge": badge(shape, program),
        "tier": tier_name(visit.texts, shape.plan.tier),
        "tabs": _tabs(visit, shape, program),
        **values,
    }


def badge(account: AccountShape, program: Program) -> tuple[str, str, bool]:
    """What matters most about an account, in one badge: the key of its word, its tone, and whether it is over."""
    if account.payment_state is PaymentState.PAST_DUE and account.status is Status.ACTIVE:
        return "past_due", "bad", False
    kinds = {plan.tier: plan.kind for plan in program.plans}
    kind = kinds.get(account.plan.tier, PlanKind.PAID)
    if account.status is Status.ACTIVE and kind is not PlanKind.PAID:
        return kind.value, "info" if kind is PlanKind.TRIAL else "plum", False
    return account.status.value, _TONES[account.status], account.status in _OVER


def tier_name(texts: Texts, tier: str) -> str:
    """A tier's name; those of trials and sandboxes are words."""
    return texts.named(f"accounts.overview.tier.{tier}", tier)


def _tabs(visit: Visit, account: AccountShape, program: Program) -> list[tuple[str, str, bool]]:
    """Text, address and whether it is shown now. Of a referred account there is only the summary."""
    base = f"accounts/{account.id}"
    shown = TABS[:1] if account.relationship is Relationship.REFERRED else TABS
    here = visit.place.removeprefix(base).strip("/").partition("/")[0]
    here = _WITHIN.get(here, here if here in TABS else "")
    return [
        (
            visit.texts.plain(f"accounts.account.tab.{tab or 'summary'}"),
            visit.url(f"{base}/{tab}".rstrip("/")),
            tab == here,
        )
        for tab in shown
        if site.leads(f"{base}/{tab}".rstrip("/")) and (program.has_prices or tab not in _OF_PRICES)
    ]
