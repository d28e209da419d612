"""The tabs of an account, services, snapshots and templates, in the browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit, swapped

TABS = ("details", "branding", "domain", "usage", "invoices", "history", "templates")


@pytest.fixture(scope="module")
def place(team: Team) -> str:
    """The path of an account that has been paid for."""
    assert team.client is not None
    found = next(each for each in team.client.all("/v1/accounts") if each["name"] == "blue-heron-yoga")
    return f"accounts/{found['id']}"


def test_each_tab_is_accessible_and_fits(visit: Visit, place: str) -> None:
    for tab in TABS:
        check_shapes(visit(f"{place}/{tab}"), f"account-{tab}")
    for path in ("services", "templates"):
        check_shapes(visit(path), path)


def test_branding_is_drawn_while_it_is_typed_and_saved(visit: Visit, place: str) -> None:
    page = visit(f"{place}/branding")
    with swapped(page, "#picture"):
        page.get_by_label("Name", exact=True).fill("Heron Mail")

    expect(page.get_by_role("img", name="The log-in page of Heron Mail")).to_be_visible()
    page.get_by_role("button", name="Save branding").click()
    expect(page.get_by_text("The branding is saved")).to_be_visible()


def test_details_and_a_domain_without_a_script(visit: Visit, place: str) -> None:
    page = visit(f"{place}/details", shape="no-script")
    page.get_by_label("Metadata").fill("crm: 4711")
    page.get_by_role("button", name="Save details").click()
    expect(page.get_by_text("The details are saved")).to_be_visible()

    page = visit(f"{place}/domain", shape="no-script")
    page.get_by_label("Domain", exact=True).fill("mail.heron.example")
    page.get_by_role("button", name="Set this domain").click()
    expect(page.get_by_role("heading", name="mail.heron.example")).to_be_visible()
    check(visit(f"{place}/domain"), "account-domain-set")  # axe is a script


def test_work_is_asked_for(visit: Visit, place: str) -> None:
    page = visit("services")
    page.get_by_label("Account").fill("blue-heron-yoga")
    page.get_by_label("What needs to be done").fill("Three mailings in the colours of the studio.")
    page.get_by_role("button", name="Request a quote").click()

    expect(page.get_by_text("No quote yet")).to_be_visible()
    check(page, "service-wide")


def test_a_template_is_written_and_shared(visit: Visit, place: str) -> None:
    page = visit(f"{place}/templates")
    page.get_by_label("Name", exact=True).fill("Spring")
    page.get_by_label("HTML").fill("<p>Hello</p>")
    page.get_by_role("button", name="Save template").click()
    page.get_by_role("button", name="Share Spring").click()

    expect(page.get_by_text("The link is shown only now")).to_be_visible()
    check(page, "account-templates-shared")
