"""My partner account in the browser: keys, webhooks, the log of events."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit


@pytest.fixture(scope="module")
def crew(new_team: Callable[..., Team]) -> Team:
    """A team of its own, whose lists are short."""
    return new_team()


@pytest.mark.parametrize("shape", ["wide", "no-script"])
def test_a_key_is_made_and_revoked(visit: Visit, crew: Team, shape: str) -> None:
    page = visit("api", team=crew, shape=shape)
    page.get_by_label("Name").fill("Nightly export")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator(".copyable code")).to_contain_text("sk_")
    if shape == "wide":
        check(page, "api-key-new")
    page.get_by_role("link", name="I have saved it").click()

    page.get_by_role("button", name="More for Nightly export").first.click()
    page.get_by_role("button", name="Revoke this key").first.click()

    expect(page.get_by_role("row", name="Nightly export").filter(has_text="Revoked").first).to_be_visible()


def test_a_webhook_is_added_and_switched_off(visit: Visit, crew: Team) -> None:
    page = visit("webhooks", team=crew)
    check(page, "webhooks-empty")
    page.get_by_label("Address").fill("http://10.1.2.3/in")
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.locator(".fault").first).to_be_visible()
    check(page, "webhooks-fault")
    page.get_by_label("Address").fill("https://hooks.agency.example/in")
    page.get_by_role("button", name="Add the webhook").click()
    check(page, "webhook-secret")
    page.get_by_role("link", name="I have saved it").click()
    check(page, "webhook-wide")

    page.get_by_role("button", name="Switch off").click()

    expect(page.get_by_role("status")).to_contain_text("is off")
    check(page, "webhook-off")


def test_the_pages_of_my_partner_account_are_accessible_and_fit(visit: Visit, team: Team) -> None:
    for path in ("api", "webhooks", "events"):
        check_shapes(visit(path, team=team), path)


def test_the_log_is_filtered_while_it_is_read(visit: Visit, team: Team) -> None:
    page = visit("events", team=team)
    page.get_by_label("Type").select_option("account.disabled")
    expect(page.get_by_role("row")).to_have_count(2)
    assert page.url.endswith("type=account.disabled")
