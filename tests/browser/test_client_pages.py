"""The pages of an account for its client, in the browser: what it pays, changes and ends."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from infra.local.inbox import mails
from infra.local.publication import Publication
from tests.browser.checks import check
from tests.browser.conftest import Team, Visit

PASSWORD = "a-long-password"
NAMES = {"wide": "orchard", "dark": "orchard-night", "phone": "orchard-small", "no-script": "orchard-plain"}


@pytest.fixture(scope="module")
def referring(new_team: Callable[..., Team]) -> Team:
    """A partner whose invite link clients have followed: one account for each shape of the window."""
    team = new_team()
    assert team.client is not None
    pn = team.client.get("/v1/invite-link")["pn"]
    for name in NAMES.values():
        account: dict[str, Any] = {
            "name": name,
            "client": {"name": "Olive Orchard", "email": f"olive@{name}.example"},
            "country": "US",
            "language": "de" if name == NAMES["phone"] else "en",
            "time_zone": "America/Chicago",
            "plan": {
                "pricing_version": "V3",
                "product": "marketing",
                "tier": "plus",
                "contacts": 1000,
                "billing_frequency": "monthly",
            },
        }
        body = {"pn": pn, "account": account, "password": PASSWORD, "payment_method": "pm_card_visa"}
        team.client.post("/public/sign-ups", body)
    return team


def address(shape: str, page: str) -> str:
    return f"../public/accounts/{NAMES[shape]}/{page}"


def log_in(visit: Visit, team: Team, shape: str) -> Page:
    """The settings of the account, logged in."""
    page = visit(address(shape, "settings"), team=team, signed_in=False, shape=shape)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button").first.click()
    page.wait_for_load_state()
    expect(page.locator("dl")).to_be_visible()
    return page


@pytest.mark.parametrize("shape", ["wide", "dark", "phone"])
def test_the_pages_of_a_client_are_accessible_and_fit(visit: Visit, referring: Team, shape: str) -> None:
    for name in ("login", "forgotten-password"):
        page = visit(address(shape, name), team=referring, signed_in=False, shape=shape)
        check(page, f"client-{name}-{shape}")
    page = log_in(visit, referring, shape)
    check(page, f"client-settings-{shape}")
    for name in ("plan", "cancel", "card"):
        page.goto(re.sub(r"[^/]+$", name, page.url))
        check(page, f"client-{name}-{shape}")


def test_what_goes_wrong_is_said_accessibly(visit: Visit, referring: Team) -> None:
    page = visit(address("dark", "settings"), team=referring, signed_in=False, shape="dark")
    page.locator("input[name=password]").fill("wrong")
    page.locator("button").first.click()
    expect(page.get_by_role("alert")).to_contain_text("User or password is wrong")
    check(page, "client-wrong-password-dark")

    page = log_in(visit, referring, "phone")
    page.goto(re.sub(r"[^/]+$", "cancel", page.url))
    page.locator("input[name=reason]").evaluate("field => { field.maxLength = 1000; field.value = 'x'.repeat(501); }")
    page.locator("button").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Ihr Grund darf höchstens 500 Zeichen haben.")
    check(page, "client-cancel-refused-phone")

    page = visit("../public/accounts/nobody-at-all/login", team=referring, signed_in=False)
    for _ in range(6):
        page.locator("input[name=password]").fill("wrong")
        page.locator("button").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Try again in 5 minutes.")
    check(page, "client-locked-wide")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_role("heading")).to_have_text("Log in")


def test_an_invitation_is_followed_to_a_form_that_says_what_is_missing(visit: Visit, referring: Team) -> None:
    assert referring.client is not None
    invitation = f"../public/invites/{referring.client.get('/v1/invite-link')['pn']}"
    page = visit(invitation, team=referring, signed_in=False, shape="phone")
    check(page, "client-invitation-phone")
    page.goto(f"{page.url}/v3-marketing-plus")
    check(page, "client-sign-up-phone")
    page.locator("form").evaluate("form => { form.noValidate = true; }")
    page.locator("form button").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Enter an email address")
    check(page, "client-sign-up-refused-phone")


def test_a_client_is_asked_for_permission_and_agrees(visit: Visit, referring: Team) -> None:
    assert referring.client is not None
    account = next(each for each in referring.client.all("/v1/accounts") if each["name"] == NAMES["phone"])
    referring.client.post(f"/v1/accounts/{account['id']}/management-request")
    Publication(referring.stack.deployed).wait_until_published()
    mail = mails(referring.stack.deployed, to=f"olive@{NAMES['phone']}.example")[-1]
    link = re.search(r"/public/management-requests/\S+", mail.text)
    assert link is not None

    page = visit(f"..{link[0]}", team=referring, signed_in=False, shape="phone")
    expect(page.get_by_role("heading")).to_have_text("Erlaubnis, Ihr Konto zu verwalten")
    check(page, "client-permission-phone")
    page.get_by_role("button", name="Zustimmen").click()
    expect(page.get_by_role("heading")).to_have_text("Sie haben zugestimmt")
    check(page, "client-permission-given-phone")
    page = log_in(visit, referring, "phone")
    expect(page.get_by_role("button", name="Erlaubnis beenden")).to_be_visible()
    check(page, "client-managed-phone")

    page = visit("../public/management-requests/nothing", team=referring, signed_in=False)
    check(page, "client-link-over-wide")


@pytest.mark.parametrize("shape", ["wide", "no-script"])
def test_a_client_sees_a_price_confirms_it_cancels_and_takes_it_back(visit: Visit, referring: Team, shape: str) -> None:
    page = log_in(visit, referring, shape)
    page.get_by_role("link", name="Plan and add-ons").click()
    offer = page.locator("section", has=page.get_by_role("heading", name="Marketing Plus"))
    offer.get_by_label("Contacts and price").select_option(index=3)
    offer.get_by_role("button", name="See what it costs").click()
    expect(page.locator("dl")).to_contain_text("Due today")
    if shape == "wide":
        check(page, "client-price-wide")
    page.get_by_role("button", name="Confirm and pay").click()
    expect(page.get_by_role("status")).to_contain_text("Your plan is changed.")

    page.goto(re.sub(r"[^/]+$", "cancel", page.url))
    page.get_by_role("button", name="Cancel this account").click()
    expect(page.get_by_role("status")).to_contain_text("canceled")
    page.goto(re.sub(r"[^/]+$", "renew", page.url))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("renewed")
