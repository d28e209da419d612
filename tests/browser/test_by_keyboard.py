"""The pages for clients, by keyboard alone, on a phone."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Team, Visit
from tests.stack.client import TRIAL


def enter(page: Page, text: str) -> None:
    """Type where the focus is, and send it."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_client_logs_in_sees_its_settings_and_is_locked_out(visit: Visit, new_team: Callable[..., Team]) -> None:
    team = new_team()
    assert team.client is not None
    account = team.client.post("/v1/accounts", team.client.account_body("by-keyboard", plan=TRIAL, language="de"))
    team.client.request("PUT", f"/v1/accounts/{account['id']}/branding", {"product_name": "Bright Mail"})

    def opened(name: str) -> Page:
        page = visit(f"../public/accounts/by-keyboard/{name}", team=team, signed_in=False, shape="phone")
        expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
        return page

    page = opened("settings")
    enter(page, account["credentials"]["password"])
    expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    expect(page.locator("body")).to_contain_text("Bright Mail")
    expect(page.locator("body")).to_contain_text("Kostenlose Testzeit")

    page.route(f"{account['login_url']}/**", lambda route: route.fulfill(body="The product"))
    enter(opened("login"), account["credentials"]["password"])
    page.wait_for_url(re.compile(re.escape(f"{account['login_url']}/#token=")))

    for _ in range(5):
        enter(opened("login"), "wrong")
        expect(page.locator("body")).to_contain_text("Benutzer oder Passwort ist falsch")
    enter(page, "wrong")
    expect(page.get_by_role("heading", name="Die Anmeldung ist gesperrt")).to_be_visible()
    expect(page.locator("body")).to_contain_text("in 5 Minuten erneut")


def test_a_client_signs_up_by_an_invite_link(visit: Visit, new_team: Callable[..., Team]) -> None:
    team = new_team()
    assert team.client is not None
    pn = team.client.get("/v1/invite-link")["pn"]

    page = visit(f"../public/invites/{pn}", team=team, signed_in=False, shape="phone")
    expect(page.get_by_role("heading", name="Bright Agency invites you to Sublet")).to_be_visible()
    page = visit(f"../public/invites/{pn}/v3-marketing-plus", team=team, signed_in=False, shape="phone")
    expect(page.get_by_role("heading", name="Your new account: Marketing Plus")).to_be_visible()
    for entry in ("", "Blue Door Ltd", "owner@blue-door.example", "blue-door-by-keyboard", "", "", "a-long-password"):
        page.keyboard.press("Tab")
        page.keyboard.type(entry)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Your account is ready")).to_be_visible()
    page = visit("../public/accounts/blue-door-by-keyboard/settings", team=team, signed_in=False, shape="phone")
    expect(page.locator("body")).to_contain_text("Visa •••• 4242")
    assert team.client.get("/v1/invite-link")["sign_ups"] == 1
