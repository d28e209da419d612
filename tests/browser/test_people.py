"""Signing in, the team and one's own sign-in, in the browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit
from tests.people import PASSWORD


@pytest.fixture(scope="module")
def crew(new_team: Callable[..., Team]) -> Team:
    """A team of its own: what its owner changes ends her other sessions."""
    return new_team()


def sign_in(page: Page, crew: Team, password: str = PASSWORD) -> None:
    page.get_by_label("Email address").fill(f"owner-en@{crew.id.replace('_', '-')}.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_the_pages_of_people_are_accessible_and_fit(visit: Visit, crew: Team) -> None:
    for path in ("sign-in", "password"):
        check_shapes(visit(path, signed_in=False), path)
    for path in ("team", "me", "me/app"):
        check_shapes(visit(path, team=crew), path.replace("/", "-"))
    page = visit("team", team=crew)
    page.get_by_role("link", name="Change").first.click()
    check(page, "team-member")


def test_somebody_is_invited_withdrawn_and_told_so(visit: Visit, crew: Team) -> None:
    page = visit("team", team=crew)
    page.get_by_label("Email address").fill("nobody")
    page.locator("form", has=page.get_by_role("button", name="Send")).evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.locator(".fault")).to_contain_text("Must be an email address")
    check(page, "team-fault")

    page.get_by_label("Email address").fill("new@agency.example")
    page.get_by_role("button", name="Send the invitation").click()

    expect(page.get_by_role("status")).to_contain_text("on its way")
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_role("button", name="Withdraw new@agency.example").click()
    expect(page.get_by_role("row")).to_have_count(2)

    page.get_by_label("Email address").fill("late@agency.example")
    (cookie,) = (each for each in page.context.cookies() if each.get("name") == "portal")
    kept = {name: cookie[name] for name in ("name", "value", "domain", "path")}
    page.context.add_cookies([kept | {"value": "of-a-session-that-is-over"}])
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("heading")).to_have_text("You are signed out")
    check(page, "signed-out")
    page.context.add_cookies([kept])
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent")
    check(page, "signed-in-anew")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("row", name="late@agency.example")).to_be_visible()


@pytest.mark.parametrize("shape", ["wide", "no-script"])
def test_an_app_is_set_up_and_asked_for(visit: Visit, new_team: Callable[..., Team], shape: str) -> None:
    crew = new_team()
    page = visit("me/app", team=crew, shape=shape)
    app = pyotp.TOTP(page.locator(".copyable code").inner_text())
    page.get_by_label("Code", exact=True).fill(app.at(datetime.now(UTC)))
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    if shape == "wide":
        check(page)
    codes = page.locator(".codes code").all_inner_texts()

    page = visit("team", signed_in=False, shape=shape)
    sign_in(page, crew, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    if shape == "wide":
        check(page, "sign-in-wrong")
    sign_in(page, crew)
    if shape == "wide":
        check(page, "sign-in-code")
    page.get_by_label("Code of your app").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile("/portal/team$"))  # where she wanted to go
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/portal/sign-in"))
