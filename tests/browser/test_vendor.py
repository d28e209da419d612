"""The vendor's pages in the browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check
from tests.browser.conftest import Team, Visit

PATHS = ("partners", "programs", "transfers", "payout-runs", "earnings", "disputes", "parked")


@pytest.mark.parametrize("shape", ["wide", "dark", "phone"])
def test_the_vendors_pages_are_accessible_and_fit(visit: Visit, vendor: Team, team: Team, shape: str) -> None:
    more = (f"partners/{team.id}", f"partners/{team.id}/invoices", "programs/agency", f"partners/{team.id}/earnings")
    for path in (*PATHS, *more):
        page = visit(f"vendor/{path}", team=vendor, role="operator", shape=shape)
        name = path.replace(team.id, "one").replace("/", "-")
        check(page, f"vendor-{name}-{shape}" if shape != "dark" else "")


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
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_role("status")).to_contain_text("refunded")

    page = visit("vendor/payout-runs", team=vendor, role="operator")
    page.get_by_role("button", name="Pay a program today").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Payouts of")
    check(page, "vendor-payout-run")
