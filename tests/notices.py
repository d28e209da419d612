"""Events made up for tests of notices, and the accounts and the partner that they concern."""

from typing import Any

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices import composition
from chalicelib.domain.events.notices.composition import Notice
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.setup.branding import Branding
from tests.builders import NOW, agency, make_account

NOTIFICATION, CLIENT, PARTNER = "ops@bright.example", "owner@acme.example", "books@bright.example"
LOG_IN = "https://acme.example.com"


def make_event(type: str, **overrides: Any) -> Event:
    fields: dict[str, Any] = {"id": "evt_1", "partner_id": "prt_1", "type": type, "at": NOW, "actor": "schedule:x"}
    return Event(**fields | overrides)


def make_partner(**overrides: Any) -> Partner:
    fields: dict[str, Any] = {
        "id": "prt_1",
        "name": "Bright Agency",
        "program": "agency",
        "email": PARTNER,
        "country": "US",
        "time_zone": "America/Chicago",
        "currency": "USD",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Partner(**fields | overrides)


def ended(reason: str) -> dict[str, Any]:
    return {"after": {"status": "expired", "expiry_reason": reason}}


DISPUTE = {"dispute_id": "disp_1", "status": "open", "currency": "USD", "amount": 4900, "taken_back": 0, "number": None}
EARNING = {
    "earning_id": "earn_1",
    "kind": "commission",
    "title": "Commission",
    "currency": "USD",
    "amount": 980,
    "held_because": "The payment of the invoice is disputed.",
}
PAYOUT = {
    "payout_id": "pay_1",
    "status": "sent",
    "currency": "USD",
    "amount": 11760,
    "given_back": 0,
    "recipient": "pay@bright.example",
    "paid_reference": None,
    "cause": None,
}
REQUEST = {"management_request_id": "mreq_1", "status": "open", "expires_at": "2026-03-02T00:00:00Z"}
BILL = {"number": "000007", "currency": "USD", "total": 9800, "invoice_count": 2}
CONTRACT = {"invoice_id": "inv_1", "price": 1_200_000, "currency": "USD", "total": 1_200_000, "attempts": 1}

PARTNER_PAYS = make_account(relationship=Relationship.MANAGED, payer="prt_1")
CLIENT_PAYS = make_account(relationship=Relationship.MANAGED, payer="acct_1")
REFERRED = make_account(relationship=Relationship.REFERRED, payer="acct_1")


def compose(event: Event, account: Account | None, **overrides: Any) -> Notice:
    about: dict[str, Any] = {"partner": make_partner(), "program": agency(), "branding": Branding(), "log_in": LOG_IN}
    return composition.compose(event, account=account, **{**about, "active_paid_accounts": 1, **overrides})
