"""The pages for clients in a real browser, by keyboard and without JavaScript, on the deployed stack."""

from collections.abc import Iterator

import pytest

from infra.local.stack import LocalStack
from tests.stack import webdriver
from tests.stack.client import TRIAL, new_partner
from tests.stack.webdriver import ENTER, TAB, Browser

pytestmark = pytest.mark.stack


@pytest.fixture
def browser() -> Iterator[Browser]:
    driver = webdriver.chromedriver()
    if driver is None:
        pytest.skip("there is no chromedriver on this machine (Debian's package is chromium-driver)")
    with webdriver.a_phone(driver) as browser:
        yield browser


def test_a_client_logs_in_sees_its_settings_and_is_locked_out(stack: LocalStack, browser: Browser) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    account = partner.post("/v1/accounts", partner.account_body("by-keyboard", plan=TRIAL, language="de"))
    partner.request("PUT", f"/v1/accounts/{account['id']}/branding", {"product_name": "Bright Mail"})
    pages = f"{stack.base_url}/public/accounts/by-keyboard"

    browser.open(f"{pages}/settings")
    browser.wait_for_heading("Anmelden")
    browser.write(account["credentials"]["password"] + ENTER)
    browser.wait_for_heading("Einstellungen")
    assert "Bright Mail" in browser.body
    assert "Kostenlose Testzeit" in browser.body

    browser.open(f"{pages}/login")
    browser.wait_for_heading("Anmelden")
    browser.write(account["credentials"]["password"] + ENTER)
    browser.wait_for_url(f"{account['login_url']}/#token=")

    for _ in range(5):
        browser.open(f"{pages}/login")
        browser.wait_for_heading("Anmelden")
        browser.write("wrong" + ENTER)
        browser.wait_for_text("Benutzer oder Passwort ist falsch")
    browser.write("wrong" + ENTER)
    browser.wait_for_heading("Die Anmeldung ist gesperrt")
    assert "in 5 Minuten erneut" in browser.body


def test_a_client_signs_up_by_an_invite_link(stack: LocalStack, browser: Browser) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    pn = partner.get("/v1/invite-link")["pn"]

    browser.open(f"{stack.base_url}/public/invites/{pn}")
    browser.wait_for_heading("Bright Agency invites you to Sublet")
    browser.open(f"{stack.base_url}/public/invites/{pn}/v3-marketing-plus")
    browser.wait_for_heading("Your new account: Marketing Plus")
    for entry in ("", "Blue Door Ltd", "owner@blue-door.example", "blue-door-by-keyboard", "", "", "a-long-password"):
        browser.write(TAB)
        if entry:
            browser.write(entry)
    browser.write(ENTER)

    browser.wait_for_heading("Your account is ready")
    browser.open(f"{stack.base_url}/public/accounts/blue-door-by-keyboard/settings")
    browser.wait_for_text("Visa •••• 4242")
    assert partner.get("/v1/invite-link")["sign_ups"] == 1
