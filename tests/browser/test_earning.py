"""Earnings, payouts, the invite link, permissions and transfers, in the browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit, swapped
from tests.stack.client import Client

ROWS = "direction,account,owner_email,relationship\nin,one,a@b.example,referred\nin,two,nobody,referred\n"


@pytest.fixture(scope="module")
def earning(new_team: Callable[..., Team]) -> Team:
    """A partner of the program with earnings and referred accounts, which has earned something."""
    made = new_team("solutions")
    operator = Client(made.stack.base_url, made.stack.operator_key)
    for amount, reason in ((12_500, "For May."), (-1_000, "Paid twice in April.")):
        operator.post(f"/v1/operator/partners/{made.id}/earnings", {"amount": amount, "reason": reason})
    operator.post("/v1/operator/payout-runs", {"program": "solutions"})
    return made


def test_the_pages_are_accessible_and_fit(visit: Visit, earning: Team) -> None:
    paths = ("earnings", "earnings/payouts", "invite-link", "transfers", "transfers/new", "transfers/several")
    for path in (*paths, "transfers/permissions"):
        check_shapes(visit(path, team=earning), path.replace("/", "-"))


def test_the_paypal_address_is_set_and_lines_are_filtered(visit: Visit, earning: Team) -> None:
    page = visit("earnings", team=earning)
    page.get_by_label("PayPal address").fill("money@bright.example")
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("status")).to_contain_text("is set")

    with swapped(page):
        page.get_by_label("Kind").select_option("bonus")
    expect(page.get_by_role("heading", name="No matching lines")).to_be_visible()
    assert page.url.endswith("/portal/earnings?kind=bonus")
    check(page)


@pytest.mark.parametrize("shape", ["wide", "no-script"])
def test_a_co_branded_link_is_made_and_the_page_is_chosen(visit: Visit, earning: Team, shape: str) -> None:
    page = visit("invite-link", team=earning, shape=shape)
    page.get_by_label("Address of any page of ours").fill("www.example.com/pricing")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("#made code")).to_contain_text("https://www.example.com/pricing?pn=")

    page.get_by_label("Name of the link").fill("x")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".fault")).to_contain_text("Must be 3 to 40")
    if shape == "wide":
        check(page)
    page.get_by_label("Name of the link").fill(f"bright-{shape}")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".copyable code").first).to_contain_text(f"bright-{shape}")


@pytest.mark.parametrize("shape", ["wide", "no-script"])
def test_accounts_are_asked_for_one_and_many(visit: Visit, earning: Team, shape: str) -> None:
    page = visit("transfers/new", team=earning, shape=shape)
    page.get_by_label("Name of the account").fill(f"wanted-{shape}")
    page.get_by_label("Email address of the owner").fill("owner@wanted.example")
    page.get_by_label("The client", exact=True).check()
    page.get_by_role("button", name="Ask the owner").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Owner agrees")
    if shape == "wide":
        check(page, "transfer")
    page.get_by_role("button", name="Withdraw the transfer").click()
    expect(page.get_by_role("cell", name=f"wanted-{shape}")).to_be_visible()

    page.goto(page.url.partition("?")[0] + "/several")
    if shape == "wide":
        page.get_by_label("CSV file").set_input_files(
            {"name": "a.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
        )
        expect(page.get_by_label("Rows")).to_have_value(ROWS)
    else:
        page.get_by_label("Rows").fill(ROWS.replace("one", "three"))
    page.get_by_role("button", name="Request all rows").click()
    expect(page.get_by_role("status").first).to_contain_text("1 of 2 rows are requested")
    expect(page.get_by_role("cell", name="must be an email address")).to_be_visible()
    if shape == "wide":
        check(page, "transfers-results")


def test_an_account_is_moved_away_after_a_preview(visit: Visit, new_team: Callable[..., Team]) -> None:
    leaving = new_team()
    assert leaving.client is not None
    body = leaving.client.account_body("leaving", billing_profile_id=leaving.client.card())
    account = leaving.client.post("/v1/accounts", body)
    page = visit(f"accounts/{account['id']}/move", team=leaving)
    check(page, "move-out")
    page.get_by_label("Email address of the client").fill(account["client"]["email"])
    page.get_by_role("button", name="See what will happen").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    check(page, "move-out-preview")
    page.get_by_role("button", name="Move leaving away").click()

    expect(page.get_by_role("status")).to_contain_text("is requested")
