"""Pages about money, in the browser: the runway and what it buys, cards, what is overdue, invoices, the Single Bill."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit, swapped

PAGES = {
    "credits": "credits",
    "credits-buy": "credits/buy",
    "credits-set-asides": "credits/set-asides",
    "credits-top-up": "credits/top-up",
    "credits-journal": "credits/journal",
    "credits-sms": "credits/sms",
    "billing": "billing",
    "billing-card-new": "billing/cards/new",
    "invoices": "billing/invoices",
    "credit-notes": "billing/credit-notes",
}


def test_pages_about_money_are_accessible_and_fit(visit: Visit) -> None:
    page = visit("credits")
    for name, path in PAGES.items():
        page.goto(f"{page.url.partition('/portal/')[0]}/portal/{path}")
        check_shapes(page, name)
    page.goto(f"{page.url.partition('/portal/')[0]}/portal/billing/invoices")
    page.get_by_role("rowheader").or_(page.locator("tbody strong a")).first.click()
    page.locator("summary").first.click()
    check_shapes(page, "invoice")
    page.goto(f"{page.url.partition('/portal/')[0]}/portal/billing")
    page.locator("tbody strong a").first.click()
    check_shapes(page, "billing-card")


@pytest.mark.parametrize("shape", ["wide", "no-script"])
def test_the_runway_buys_what_is_missing(visit: Visit, new_team: Callable[..., Team], shape: str) -> None:
    team = new_team()
    assert team.client is not None
    card = team.client.card()
    for number in range(2):
        team.client.post("/v1/accounts", team.client.account_body(f"run-{shape}-{number}", billing_profile_id=card))
    team.client.post("/v1/credits/prepaid/purchases", {"billing_profile_id": card, "amount": 4_000})
    page = visit("credits", team=team, shape=shape)

    buy = page.get_by_role("link", name="Buy ").filter(has_text="USD")
    wanted = buy.inner_text()
    if shape == "wide":  # axe is a script
        check(page, "credits-runs-out")
    buy.click()
    if shape == "wide":
        check(page, "credits-confirm")
    page.get_by_role("button", name=wanted).click()

    expect(page.get_by_role("status")).to_have_text("The prepaid money is bought.")
    expect(page.get_by_text("Lasts for everything")).to_be_visible()
    page.locator("summary").click()
    if shape == "wide":
        check(page, "credits-table")


def test_another_card_and_a_search_for_invoices(visit: Visit) -> None:
    page = visit("billing/cards/new")
    page.get_by_label("Name").fill("Second card")
    page.get_by_label("City").fill("Chicago")
    page.get_by_role("button", name="Put on file").click()
    expect(page.get_by_role("alert")).to_contain_text("3 entries")
    check(page, "billing-card-faults")
    page.get_by_label("City").fill("")
    page.get_by_role("button", name="Put on file").click()
    expect(page.get_by_role("status")).to_have_text("The card is on file.")

    page.get_by_role("link", name="Invoices").click()
    with swapped(page):
        page.get_by_role("searchbox").fill("acme")
    expect(page.get_by_role("cell", name="acme").first).to_be_visible()
    with swapped(page):
        page.get_by_role("searchbox").fill("nobody")
    expect(page.get_by_role("heading", name="No matching invoices")).to_be_visible()
    check(page, "invoices-none-found")


@pytest.mark.parametrize("shape", ["wide", "phone"])
def test_a_single_bill_is_set_up_and_has_accounts(visit: Visit, new_team: Callable[..., Team], shape: str) -> None:
    team = new_team("solutions")
    assert team.client is not None
    team.client.card()
    page = visit("billing/single-bill", team=team, shape=shape)
    check(page, f"single-bill-none-{shape}")

    page.get_by_role("button", name="Set up a Single Bill").click()

    expect(page.get_by_role("status")).to_have_text("Day and card of the Single Bill are saved.")
    check(page, f"single-bill-{shape}")
    page.get_by_role("link", name="Open bill").click()
    expect(page.get_by_role("heading", name="Nothing is on it yet")).to_be_visible()
    check(page, f"bill-{shape}")
