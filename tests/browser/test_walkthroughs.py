"""A new partner's first ten minutes and its first month, with the browser alone; every click is counted.

It moves the stack's clock by a month, so it comes after all other tests.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.sync_api import expect

from infra.local.product import Product
from infra.local.stack import LocalStack
from tests.browser.conftest import Team, Visit
from tests.browser.walks import Walk
from tests.people import PASSWORD

OWNER, OWNERS_PASSWORD = "ann@bright.example", "seven-yellow-lemons"
DECLINED_LATER = "A card that is declined when something renews"


@pytest.fixture
def control(stack: LocalStack) -> Iterator[str]:
    """The address of the page with the stack's mails and clock."""
    with Product(beside=stack.port) as product:
        product.connect(stack.deployed)
        yield product.control_url


def test_a_partners_first_ten_minutes_and_first_month(visit: Visit, vendor: Team, control: str) -> None:
    vendor.token(role="operator")  # so that there is an operator with a password
    walk = Walk(visit("sign-in", signed_in=False), "first-ten-minutes")
    walk.page.on("dialog", lambda dialog: dialog.accept())  # it asks before a password is left

    invite_an_owner(walk, f"operator-en@{vendor.id.replace('_', '-')}.example")
    app = join_and_protect_the_sign_in(walk, control)
    pay_in(walk)
    add_accounts(walk)
    ten_minutes = walk.totals()
    let_a_month_pass(walk, control)
    put_the_card_right(walk, control, app)
    read_why_and_buy_what_is_missing(walk)

    assert walk.clicks == {
        "The vendor adds a partner and invites its owner": 4,
        "The owner accepts the invitation": 2,
        "She protects her sign-in with an app": 2,
        "She puts a card on file": 3,
        "She buys prepaid money": 3,
        "She adds an account": 3,
        "She adds another one": 2,
        "A month passes": 1,
        "Her card was declined, and she puts it right": 6,
        "She reads why an amount is what it is": 3,
        "She buys what the next two months need": 3,
    }
    walk.keep(
        "A new partner's first ten minutes",
        f"""This page was written by a test in a real browser (`make portal-pictures`); nothing else is used here. From
        the vendor's sign-in to the partner's second account it takes {ten_minutes[0]} clicks and {ten_minutes[1]}
        fields. `make run` prints the address of a page with the mails and the clock of the local stack. The seconds
        are the machine's, for pages and what they wait for; whoever reads and types takes longer.""",
    )


def invite_an_owner(walk: Walk, operator: str) -> None:
    walk.step(
        "The vendor adds a partner and invites its owner",
        """An operator signs in, adds the partner, and sends the invitation. The first API key is shown once; a partner
        that works in the portal alone doesn't need it.""",
    )
    walk.fill(Email_address=operator, Password=PASSWORD)
    walk.click("Sign in")
    walk.follow("Add a partner")
    walk.fill(Name="Bright Agency", Email_address=OWNER)
    walk.choose(Country="United States", Time_zone="America/Chicago")
    walk.see("partner")
    walk.click("Add the partner")
    walk.see("invite")
    walk.click("Send the invitation")
    expect(walk.page.get_by_text("Invited", exact=True)).to_be_visible()
    walk.pause()
    walk.page.get_by_role("button", name="Sign out").click()


def join_and_protect_the_sign_in(walk: Walk, control: str) -> pyotp.TOTP:
    walk.step(
        "The owner accepts the invitation",
        """The mail leads to a page where she chooses a password. Then she is signed in, and Home says what to do
        first.""",
    )
    walk.read_mail(control, "Bright Agency invites you to Sublet", picture="invitation-mail")
    walk.fill(Your_name="Ann", Choose_a_password=OWNERS_PASSWORD)
    walk.see("invitation")
    walk.click("Join the team")
    expect(walk.page.get_by_role("heading", name="First steps")).to_be_visible()
    walk.see("home")

    walk.step(
        "She protects her sign-in with an app",
        "She scans the code, enters what the app shows, and keeps the recovery codes.",
    )
    walk.follow("protect your sign-in with an app")
    app = pyotp.TOTP(walk.page.locator(".copyable code").inner_text())
    walk.fill(Code=app.at(datetime.now(UTC)), Current_password=OWNERS_PASSWORD)
    walk.click("Turn on")
    expect(walk.page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    return app


def pay_in(walk: Walk) -> None:
    walk.step(
        "She puts a card on file",
        """The card is not charged now. The local stack offers the sandbox's cards instead of the card processor's
        field; this one will be declined when something renews.""",
    )
    walk.follow("Home", "Add a card")
    walk.choose(Card=DECLINED_LATER)
    walk.fill(Name="Company card")
    walk.see("card")
    walk.click("Put on file")
    expect(walk.page.get_by_role("status")).to_have_text("The card is on file.")
    walk.see("first-steps")

    walk.step(
        "She buys prepaid money",
        "What is charged, and which card, is shown before it is. Accounts use this money before they charge a card.",
    )
    walk.follow("Buy prepaid money")
    walk.fill(**{"Amount (USD)": "40"})
    walk.click("Continue")
    walk.see("buy")
    walk.click("Buy 40.00 USD")
    expect(walk.page.get_by_role("status")).to_have_text("The prepaid money is bought.")


def add_accounts(walk: Walk) -> None:
    walk.step(
        "She adds an account",
        """While the name is typed, the page says whether it is free. What the plan costs, and what of it is paid today,
        stands beside the form. Then the client's password is shown, once.""",
    )
    walk.follow("Home", "Add account")
    walk.fill(Name="blue-door", Name_of_the_client="Blue Door Ltd", Email_of_the_client="owner@blue-door.example")
    walk.page.get_by_text("blue-door is free").wait_for()
    walk.see("account")
    walk.click("Create account")
    expect(walk.page.get_by_text("The password is shown once")).to_be_visible()
    walk.see("password")

    walk.step("She adds another one", "The choices of the last account are offered again: three fields are left.")
    walk.follow("Add another account")
    walk.fill(Name="red-barn", Name_of_the_client="Red Barn", Email_of_the_client="owner@red-barn.example")
    walk.click("Create account")
    expect(walk.page.get_by_text("The password is shown once")).to_be_visible()


def let_a_month_pass(walk: Walk, control: str) -> None:
    walk.step(
        "A month passes",
        """Outside production the clock can be moved. Both accounts renew: prepaid money pays what it can, and the card
        is declined.""",
    )
    walk.page.goto(control)
    walk.click("31 days")
    expect(walk.page.get_by_role("status")).to_contain_text("Moved 31 days ahead", timeout=180_000)
    walk.see("clock", of_portal=False)
    walk.pause()
    walk.page.goto(walk.home)
    walk.page.get_by_role("button", name="Sign out").click()


def put_the_card_right(walk: Walk, control: str, app: pyotp.TOTP) -> None:
    walk.step(
        "Her card was declined, and she puts it right",
        """The button of the mail leads to what is overdue, over the sign-in if she is signed out. Another card takes
        the place of the declined one, and what is past due is tried again within minutes, or at once if she asks.""",
    )
    walk.read_mail(control, "The payment for red-barn failed", picture="declined-mail")
    walk.fill(Email_address=OWNER, Password=OWNERS_PASSWORD)
    walk.click("Sign in")
    walk.fill(Code_of_your_app=app.at(datetime.now(UTC) + timedelta(seconds=30)))
    walk.click("Sign in")
    expect(walk.page.get_by_role("heading", name="Overdue")).to_be_visible()
    walk.see("overdue")
    walk.follow("Use another card")
    walk.click("Put on file")
    walk.click("Try again now")
    expect(walk.page.get_by_role("status")).to_have_text("It is paid.")


def read_why_and_buy_what_is_missing(walk: Walk) -> None:
    walk.step(
        "She reads why an amount is what it is",
        "Each line of an invoice opens to how its amount comes about: the rule, the days, the numbers.",
    )
    walk.follow("Invoices")
    walk.count(walk.page.locator("tbody strong a").first)
    walk.count(walk.page.locator("summary").first)
    walk.see("invoice")

    walk.step(
        "She buys what the next two months need",
        "One charge now, and no card is asked until then: the page of credits says the exact amount.",
    )
    walk.follow("Credits")
    walk.see("credits")
    wanted = walk.page.get_by_role("link", name="Buy ").filter(has_text="USD")
    name = wanted.inner_text()
    walk.count(wanted)
    walk.click(name)
    expect(walk.page.get_by_text("Lasts for everything")).to_be_visible()
