"""Which path leads to which page. A module with pages is imported when one of its pages is asked for."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

from chalicelib.domain.values import dataclass
from chalicelib.portal.declared import Page

FIRST = "home"
SIGN_IN = "sign-in"
MODULES: Mapping[str, str] = {
    "accounts": "accounts",
    "accounts.csv": "accounts",
    "accounts/views": "accounts",
    "accounts/new": "new_account",
    "accounts/new/name": "new_account",
    "accounts/{account_id}": "account",
    "accounts/{account_id}/preparing": "new_account",
    "accounts/{account_id}/plan": "account_plan",
    "accounts/{account_id}/add-ons": "account_plan",
    "accounts/{account_id}/pending-change": "account_plan",
    "accounts/{account_id}/sms-registration": "account_plan",
    "accounts/{account_id}/branding": "account_looks",
    "accounts/{account_id}/details": "account_details",
    "accounts/{account_id}/domain": "account_looks",
    "accounts/{account_id}/history": "account_records",
    "accounts/{account_id}/invoices": "account_records",
    "accounts/{account_id}/templates": "templates",
    "accounts/{account_id}/usage": "account_records",
    "accounts/{account_id}/cancel": "account_actions",
    "accounts/{account_id}/disable": "account_actions",
    "accounts/{account_id}/enable": "account_actions",
    "accounts/{account_id}/renew": "account_actions",
    "accounts/{account_id}/retry-payment": "account_actions",
    "accounts/{account_id}/log-in": "accounts",
    "accounts/{account_id}/move": "moves_out",
    "accounts/{account_id}/request": "permissions",
    "api": "api_keys",
    "billing": "billing",
    "billing/bills": "single_bill",
    "billing/cards/new": "billing",
    "billing/credit-notes": "invoices",
    "billing/credit-notes.csv": "invoices",
    "billing/invoices": "invoices",
    "billing/invoices.csv": "invoices",
    "billing/single-bill": "single_bill",
    "credits": "credits",
    "credits/inbox-preview": "credit_packs",
    "credits/sms": "credit_packs",
    "earnings": "earnings",
    "earnings.csv": "earnings",
    "earnings/payouts": "payouts",
    "events": "events",
    "home": "home",
    "invitations": "invitations",
    "invite-link": "invite_link",
    "me": "me",
    "password": "signing_in",
    "services": "services",
    "sign-in": "signing_in",
    "sign-out": "signing_in",
    "snapshots": "templates",
    "team": "team",
    "templates": "templates",
    "transfers": "transfers",
    "transfers/permissions": "permissions",
    "vendor/audit": "vendor_audit",
    "vendor/disputes": "vendor_disputes",
    "vendor/earnings": "vendor_earnings",
    "vendor/parked": "vendor_parked",
    "vendor/partners": "vendor_partners",
    "vendor/partners/{partner_id}/invoices": "vendor_refunds",
    "vendor/partners/{partner_id}/services": "vendor_services",
    "vendor/payout-runs": "vendor_payouts",
    "vendor/payouts/{payout_id}": "vendor_payouts",
    "vendor/programs": "vendor_programs",
    "vendor/services/{request_id}": "vendor_services",
    "vendor/transfers": "vendor_transfers",
    "webhooks": "webhooks",
}
"""The modules of `chalicelib.portal.pages` by the beginning of their paths. The longest one that fits counts, and of
several as long, that with more fixed segments."""


@dataclass(frozen=True)
class Found:
    """A page, the variables in its path, and whether only another method leads to it."""

    page: Page | None
    module: str
    variables: Mapping[str, str]
    other_method: bool = False


def find(method: str, path: str) -> Found | None:
    """The page for a path behind `portal/`; None if there is none."""
    module = module_of(path)
    if module is None:
        return None
    segments = path.split("/")
    fitting = [
        page for page in pages_of(module) if len(page.segments) == len(segments) and _fits(page.segments, segments)
    ]
    fitting.sort(key=lambda page: _variables(page.segments))
    for page in fitting:
        if page.method == method:
            given = {name[1:-1]: value for name, value in zip(page.segments, segments, strict=True) if _varies(name)}
            return Found(page, module, given)
    return Found(None, module, {}, other_method=True) if fitting else None


def module_of(path: str) -> str | None:
    """The module whose pages are under this path, if there is one."""
    segments = path.split("/")
    begun = [(len(start), _variables(start), module) for start, module in _starts() if _fits(start, segments)]
    return min(begun, key=lambda each: (-each[0], each[1]))[2] if begun else None


def leads(path: str) -> bool:
    """Whether `MODULES` has this very path, its variables filled in; no module is imported for it."""
    segments = path.split("/")
    return any(len(start) == len(segments) and _fits(start, segments) for start, _ in _starts())


@cache
def pages_of(module: str) -> Sequence[Page]:
    """The pages of a module, which is imported for it."""
    pages: Sequence[Page] = import_module(f"chalicelib.portal.pages.{module}").pages.declared
    return pages


@cache
def _starts() -> list[tuple[list[str], str]]:
    return [(start.split("/"), module) for start, module in MODULES.items()]


def _fits(pattern: Sequence[str], segments: Sequence[str]) -> bool:
    """Whether the segments begin as the pattern says."""
    return len(pattern) <= len(segments) and all(
        _varies(wanted) or wanted == given for wanted, given in zip(pattern, segments, strict=False)
    )


def _variables(pattern: Sequence[str]) -> list[bool]:
    return [_varies(segment) for segment in pattern]


def _varies(segment: str) -> bool:
    return segment.startswith("{")
