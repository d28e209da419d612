"""The vendor's pages in the browser."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit, run_on
from tests.people import PASSWORD

PATHS = ("partners", "programs", "transfers", "payout-runs", "earnings", "disputes", "parked", "audit", "keys")


@dataclass
class Busy:
    """What operators have to do on a bad day: of whom, about which account, and which service request."""

    partner_id: str
    account: str
    request: str
    transfer: str
    limited: str
    """The token of an operator's session who has to set up an app first."""


@pytest.fixture(scope="module")
def busy(new_team: Callable[..., Team]) -> Busy:
    """A held line, a dispute, a parked account, a waiting run, a transfer, a service request and findings."""
    made = new_team()
    assert made.client is not None
    card = made.client.card()
    account, moving = (
        made.client.post("/v1/accounts", made.client.account_body(name, billing_profile_id=card))["id"]
        for name in ("own-shop", "moving-house")
    )
    made.client.post("/v1/credits/prepaid/purchases", {"billing_profile_id": card, "amount": 50_000})
    wish = {"account_id": account, "kind": "design", "description": "A banner for the sale.", "margin_percent": "20"}
    request = made.client.post("/v1/service-requests", wish)["id"]
    leaving = {"direction": "out", "account_id": moving, "client_email": "owner@acme.example"}
    transfer = made.client.post("/v1/transfers", leaving)["id"]
    limited = run_on(made.stack, "tests.browser.vendor_data", made.id, account)
    return Busy(made.id, account, request, transfer, limited)


def test_the_vendors_pages_are_accessible_and_fit(visit: Visit, vendor: Team, team: Team) -> None:
    more = (
        f"partners/{team.id}/accounts",
        f"partners/{team.id}",
        f"partners/{team.id}/invoices",
        "programs/agency",
        f"partners/{team.id}/earnings",
    )
    for path in (*PATHS, *more):
        page = visit(f"vendor/{path}", team=vendor, role="operator")
        name = path.replace(team.id, "one").replace("/", "-")
        check_shapes(page, f"vendor-{name}")


@pytest.mark.parametrize("shape", ["wide", "no-script"])
def test_a_partner_is_taken_in_and_its_owner_invited(visit: Visit, vendor: Team, shape: str) -> None:
    page = visit("vendor/partners", team=vendor, role="operator", shape=shape)
    page.get_by_role("link", name="Add a partner").click()
    page.get_by_label("Name").fill("Bright Agency")
    page.get_by_label("Email address").fill("books@bright")
    page.get_by_label("Country").select_option("United States")
    page.get_by_label("Time zone").select_option("America/Chicago")
    page.get_by_role("button", name="Add the partner").click()
    expect(page.locator(".fault")).to_be_visible()
    if shape == "wide":
        check(page, "vendor-partner-fault")
    page.get_by_label("Email address").fill("books@bright.example")
    page.get_by_role("button", name="Add the partner").click()
    expect(page.locator(".copyable code")).to_contain_text("sk_")
    if shape == "wide":
        check(page, "vendor-partner-key")

    page.get_by_role("button", name="Send the invitation").click()

    expect(page.get_by_text("Invited", exact=True)).to_be_visible()


def test_an_invoice_is_refunded_and_a_run_started(visit: Visit, vendor: Team, team: Team) -> None:
    page = visit(f"vendor/partners/{team.id}/invoices", team=vendor, role="operator")
    page.locator("tbody a").first.click()
    check(page, "vendor-invoice")
    page.get_by_role("button", name="See what happens").click()
    expect(page.get_by_text("To the card")).to_be_visible()
    check(page, "vendor-refund-confirm")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_role("status")).to_contain_text("refunded")

    page = visit("vendor/payout-runs", team=vendor, role="operator")
    page.get_by_role("button", name="Pay a program today").click()
    page.get_by_role("button", name="Pay a program today").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Payouts of")
    check(page, "vendor-payout-run")


@pytest.mark.parametrize("shape", ["wide", "phone"])
def test_what_operators_have_to_do_is_accessible_and_fits(visit: Visit, vendor: Team, busy: Busy, shape: str) -> None:
    states = {
        "earnings-held": "earnings",
        "disputes-open": "disputes",
        "parked-one": "parked",
        "transfers-waiting": "transfers",
        "transfer-waiting": f"transfers/{busy.transfer}",
        "service-open": f"services/{busy.request}",
        "audit-wrong": "audit",
        "account": f"accounts/{busy.account}",
        "credits": f"partners/{busy.partner_id}/credits",
    }
    for name, path in states.items():
        page = visit(f"vendor/{path}", team=vendor, role="operator", shape=shape)
        check(page, f"vendor-{name}-{shape}")
    page = visit("vendor/payout-runs", team=vendor, role="operator", shape=shape)
    page.get_by_role("link", name=re.compile("15 Jan")).click()
    expect(page.get_by_role("button", name="Confirm and send")).to_be_visible()
    check(page, f"vendor-payout-run-waiting-{shape}")


def test_a_purchase_is_refunded_credits_granted_and_a_key_made(visit: Visit, vendor: Team, busy: Busy) -> None:
    page = visit(f"vendor/partners/{busy.partner_id}/credits", team=vendor, role="operator")
    page.get_by_label("How many").fill("2500")
    page.get_by_label("Reason").fill("A gift for the first campaign")
    page.get_by_role("button", name="See what happens").click()
    check(page, "vendor-grant-confirm")
    page.get_by_role("button", name="Grant 2,500").click()
    expect(page.get_by_role("status")).to_contain_text("has the credits")
    page.get_by_role("link", name="Bought").click()
    check(page, "vendor-purchase")
    page.get_by_label("Amount").fill("100")
    page.get_by_role("button", name="See what happens").click()
    page.get_by_role("button", name="Refund 100.00").click()
    expect(page.get_by_role("status")).to_contain_text("refunded")

    page = visit("vendor/keys", team=vendor, role="operator")
    page.get_by_label("Name").fill("Nightly report")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator(".copyable code")).to_contain_text("sk_")
    check(page)


def test_a_new_operator_sets_up_an_app_before_anything_else(visit: Visit, vendor: Team, busy: Busy) -> None:
    newcomer = Team(vendor.stack, lambda *_: busy.limited, vendor.id)
    page = visit("vendor/partners", team=newcomer)
    expect(page.get_by_text("money of all partners")).to_be_visible()
    check(page, "me-app-needed")
    page.get_by_label("Code", exact=True).fill(
        pyotp.TOTP(page.locator(".copyable code").inner_text()).at(datetime.now(UTC))
    )
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_role("button", name="Turn on").click()
    page.get_by_role("link", name="I have kept them").click()

    expect(page.get_by_role("navigation").get_by_role("link", name="Partners")).to_be_visible()
