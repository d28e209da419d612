"""Which path leads to which page. A module with pages is imported when one of its pages is asked for."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

from chalicelib.domain.values import dataclass
from chalicelib.portal.declared import Page

FIRST = "home"
SIGN_IN = "sign-in"
MODULES: Mapping[str, str] = {
    "accounts": "accounts.overview",
    "accounts.csv": "accounts.overview_csv",
    "accounts/views": "accounts.overview",
    "accounts/new": "accounts.new_account",
    "accounts/new/name": "accounts.new_account",
    "accounts/{account_id}": "accounts.account",
    "accounts/{account_id}/preparing": "accounts.new_account",
    "accounts/{account_id}/plan": "accounts.plan",
    "accounts/{account_id}/add-ons": "accounts.plan",
    "accounts/{account_id}/pending-change": "accounts.plan",
    "accounts/{account_id}/sms-registration": "accounts.plan",
    "accounts/{account_id}/branding": "setup.looks",
    "accounts/{account_id}/details": "accounts.details",
    "accounts/{account_id}/domain": "setup.looks",
    "accounts/{account_id}/history": "accounts.records",
    "accounts/{account_id}/invoices": "accounts.records",
    "accounts/{account_id}/templates": "setup.templates",
    "accounts/{account_id}/usage": "accounts.records",
    "accounts/{account_id}/cancel": "accounts.actions",
    "accounts/{account_id}/disable": "accounts.actions",
    "accounts/{account_id}/enable": "accounts.actions",
    "accounts/{account_id}/renew": "accounts.actions",
    "accounts/{account_id}/retry-payment": "accounts.actions",
    "accounts/{account_id}/log-in": "accounts.overview",
    "accounts/{account_id}/move": "transfers.moves_out",
    "accounts/{account_id}/request": "transfers.permissions",
    "api": "partners.api_keys",
    "billing": "billing.billing",
    "billing/bills": "billing.single_bill",
    "billing/cards/new": "billing.billing",
    "billing/credit-notes": "billing.invoices",
    "billing/credit-notes.csv": "billing.invoices",
    "billing/invoices": "billing.invoices",
    "billing/invoices.csv": "billing.invoices",
    "billing/single-bill": "billing.single_bill",
    "credits": "wallet.credits",
    "credits/inbox-preview": "wallet.credit_packs",
    "credits/sms": "wallet.credit_packs",
    "earnings": "earnings.earnings",
    "earnings.csv": "earnings.earnings",
    "earnings/payouts": "earnings.payouts",
    "events": "events.event_log",
    "home": "home",
    "invitations": "people.invitations",
    "invite-link": "referrals.invite_link",
    "me": "people.me",
    "password": "people.signing_in",
    "services": "setup.service_requests",
    "sign-in": "people.signing_in",
    "sign-out": "people.signing_in",
    "snapshots": "setup.templates",
    "team": "people.team",
    "templates": "setup.templates",
    "transfers": "transfers.transfers",
    "transfers/permissions": "transfers.permissions",
    "vendor/accounts/{account_id}": "vendor.accounts",
    "vendor/accounts/{account_id}/invoices": "vendor.refunds",
    "vendor/audit": "vendor.audit",
    "vendor/disputes": "vendor.disputes",
    "vendor/earnings": "vendor.earnings",
    "vendor/keys": "vendor.keys",
    "vendor/parked": "vendor.parked",
    "vendor/partners": "vendor.partners",
    "vendor/partners/{partner_id}/accounts": "vendor.accounts",
    "vendor/partners/{partner_id}/credits": "vendor.credits",
    "vendor/partners/{partner_id}/invoices": "vendor.refunds",
    "vendor/partners/{partner_id}/services": "vendor.services",
    "vendor/payout-runs": "vendor.payouts",
    "vendor/payouts/{payout_id}": "vendor.payouts",
    "vendor/programs": "vendor.programs",
    "vendor/services/{request_id}": "vendor.services",
    "vendor/transfers": "vendor.transfers",
    "webhooks": "events.webhooks",
}
"""The modules of `chalicelib.portal.pages`, `<package>.<module>`, by the beginning of their paths. The longest one that
fits counts, and of several as long, that with more fixed segments."""


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
