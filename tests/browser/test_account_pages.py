"""Adding an account, its password once, its plan and its end, in the browser."""

from playwright.sync_api import Page, expect

from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit, swapped


def fill_in(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Name of the client").fill("Harbor Light")
    page.get_by_label("Email of the client").fill("owner@harbor.example")


def test_an_account_is_added_while_its_price_is_shown(visit: Visit) -> None:
    page = visit("accounts/new")
    with swapped(page, "#builder"):
        page.get_by_label("Price list").select_option("V3")
    with swapped(page, "#builder"):
        page.get_by_label("Plan", exact=True).select_option("professional")
    with swapped(page, "#builder"):
        page.get_by_label("Email sends").select_option("custom")
    expect(page.get_by_label("Email sends, your own number")).to_be_visible()
    with swapped(page, "#builder"):
        page.get_by_label("Email sends, your own number").fill("77777")
        page.keyboard.press("Tab")
    with swapped(page, "#builder"):
        page.get_by_label("SEO").check()
    page.get_by_label("Name", exact=True).press_sequentially("acme")
    expect(page.get_by_text("acme belongs to another account")).to_be_visible()
    fill_in(page, "harbor-light")
    expect(page.get_by_text("harbor-light is free")).to_be_visible()
    check(page, "new-account-filled")
    expect(page.get_by_role("button", name="Update choices and price")).to_be_hidden()  # the form does it by itself
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_text("The password is shown once")).to_be_visible()
    check(page, "new-account-password")


def test_an_account_is_added_and_canceled_without_a_script(visit: Visit) -> None:
    page = visit("accounts/new", shape="no-script")
    fill_in(page, "quiet-harbor")
    page.get_by_label("Price list").select_option("V3")
    page.get_by_role("button", name="Update choices and price").click()
    page.get_by_label("Plan", exact=True).select_option("enterprise")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Plan", exact=True)).to_have_value("enterprise")  # its price is shown first
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("The password is shown once")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="To the account").last.click()
    page.get_by_role("link", name="Cancel this account…").last.click()
    page.get_by_role("button", name="Cancel the account").click()
    expect(page.get_by_role("status").filter(has_text="The account is canceled")).to_be_visible()
    page.get_by_role("link", name="Renew").click()
    page.get_by_role("button", name="Renew").click()
    expect(page.get_by_role("status").filter(has_text="The account is renewed")).to_be_visible()


def test_a_plan_is_changed_after_its_price(visit: Visit, team: Team) -> None:
    page = visit(f"accounts/{account_named(team, 'bay-windows')}/plan")
    with swapped(page, "#builder"):
        page.get_by_label("Plan", exact=True).select_option("professional")
    check(page, "account-plan-change")
    page.get_by_role("button", name="Change the plan and pay").click()
    expect(page.get_by_role("status").filter(has_text="The plan is changed")).to_be_visible()


def test_pages_of_accounts_are_accessible_and_fit(visit: Visit, team: Team) -> None:
    account = account_named(team, "cedar-stone")
    check_shapes(visit("accounts/new"), "new-account")
    check_shapes(visit(f"accounts/{account}"), "account")
    check_shapes(visit(f"accounts/{account}/plan"), "account-plan")
    for part in ("cancel", "disable", "preparing", "add-ons/sms"):
        check_shapes(visit(f"accounts/{account}/{part}"), f"account-{part.replace('/', '-')}")


def account_named(team: Team, name: str) -> str:
    assert team.client is not None
    return next(each["id"] for each in team.client.all("/v1/accounts") if each["name"] == name)
