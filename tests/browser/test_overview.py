"""The overview of accounts and the first page, in the browser."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.checks import check, check_shapes, keep_picture
from tests.browser.conftest import Team, Visit, swapped


def test_the_first_pages_are_accessible_and_fit(visit: Visit) -> None:
    home = visit("home")
    expect(home.locator("#ahead")).to_contain_text("payments")
    check_shapes(home, "home")
    check_shapes(visit("accounts"), "accounts")
    page = visit("accounts", shape="phone")
    check(page)
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Accounts")).to_be_visible()
    check(page, "menu-phone")


def test_a_search_finds_while_it_is_typed_and_keeps_the_address(visit: Visit) -> None:
    page = visit("accounts")
    page.keyboard.press("/")
    with swapped(page):
        page.keyboard.type("blue")

    expect(page.get_by_role("cell", name="Blue Heron Yoga")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
    assert page.url.endswith("/portal/accounts?q=blue")
    with swapped(page):
        page.get_by_role("combobox", name="Plan").select_option("trial")
    expect(page.get_by_role("heading", name="No matching accounts")).to_be_visible()
    assert page.url.endswith("/portal/accounts?q=blue&plan=trial")
    check(page, "accounts-none-found")
    page.get_by_role("link", name="Disabled").click()
    assert page.url.endswith("/portal/accounts?q=blue&plan=trial&status=disabled")


def test_columns_and_filters_are_chosen(visit: Visit) -> None:
    page = visit("accounts")
    page.get_by_role("button", name="Columns").click()
    with swapped(page):
        page.get_by_label("Country", exact=True).check()
    expect(page.get_by_role("columnheader", name="Country")).to_be_visible()
    check(page, "accounts-columns")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Add filter").click()
    page.locator("#add-filter").get_by_role("button", name="Metadata").click()
    expect(page.locator("#f-metadata")).to_be_focused()
    page.keyboard.type("red")
    page.keyboard.press("Enter")
    expect(page.locator("#f-metadata-fault")).to_contain_text("such as team=red")
    check(page, "accounts-filter-fault")
    page.locator("#f-metadata").fill("team=red")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No matching accounts")).to_be_visible()
    page.get_by_role("button", name="Remove the filter Metadata").click()
    expect(page.get_by_role("columnheader", name="Country")).to_be_visible()
    assert "metadata" not in page.url


def test_the_keys_open_what_they_say(visit: Visit) -> None:
    page = visit("home")
    page.keyboard.press("?")
    check(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("a")
    more = page.get_by_role("button", name="More for acme")
    more.click()
    expect(page.get_by_role("link", name="Manage details")).to_be_focused()
    expect(page.get_by_role("link", name="Request permission")).to_be_hidden()
    check(page, "accounts-menu")
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    more.click()
    more.click()
    expect(page.locator("#row-menu")).to_be_hidden()
    more.click()
    page.get_by_role("link", name="Manage details").click()
    assert page.url.endswith("/details")
    page.locator("main input:not([type=hidden])").first.focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()


def test_a_view_keeps_what_was_searched_for(visit: Visit) -> None:
    page = visit("accounts")
    with swapped(page):
        page.get_by_role("combobox", name="Plan").select_option("trial")
    page.get_by_role("button", name="Views").click()
    check(page, "accounts-views")
    page.get_by_label("Name of the view").fill("Trials")
    page.get_by_role("button", name="Save these filters").click()

    expect(page.get_by_role("status")).to_have_text("The view is saved")
    page.goto(page.url.partition("?")[0])
    page.get_by_role("button", name="Views").click()
    page.get_by_role("link", name="Trials").click()
    expect(page.get_by_role("row")).to_have_count(3)
    assert "plan=trial" in page.url


def test_a_column_sorts_and_turns(visit: Visit) -> None:
    page = visit("accounts")
    names = page.locator("tbody strong")
    assert names.all_inner_texts() == sorted(names.all_inner_texts())

    page.get_by_role("link", name="Account", exact=True).click()

    assert names.all_inner_texts() == sorted(names.all_inner_texts(), reverse=True)
    expect(page.get_by_role("columnheader", name="Account")).to_have_attribute("aria-sort", "descending")


def test_a_partner_without_accounts_learns_what_to_do(visit: Visit, new_team: Callable[..., Team]) -> None:
    page = visit("accounts", team=new_team("franchise"))

    expect(page.get_by_role("heading", name="You have no accounts yet")).to_be_visible()
    expect(page.get_by_role("columnheader")).to_have_count(0)
    check(page, "accounts-empty")


def test_the_overview_works_without_a_script_and_in_german(visit: Visit) -> None:
    page = visit("accounts", shape="no-script", language="de")
    page.get_by_role("searchbox").fill("blue")
    page.get_by_role("button", name="Anzeigen").click()

    assert page.locator("tbody strong").all_inner_texts() == ["blue-heron-yoga"]
    page.get_by_role("button", name="Filter hinzufügen", exact=True).click()
    page.locator("#add-filter").get_by_role("button", name="Land").click()
    page.locator("#f-country").fill("us")
    page.locator("#added").get_by_role("button", name="Anzeigen").click()
    expect(page.locator("#f-country-fault")).to_be_visible()
    page.get_by_role("button", name="Filter „Land“ entfernen").click()
    page.get_by_role("link", name="Gekündigt").click()
    expect(page.get_by_role("heading", name="Keine passenden Accounts")).to_be_visible()
    keep_picture(page, "accounts-german")
