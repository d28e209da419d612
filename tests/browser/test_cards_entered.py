"""Cards entered in Stripe's field on our pages, in the browser, on a stack that charges by a stand-in for Stripe."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, Route, expect

from infra.aliases import ALIAS
from infra.local.deployed import STACK
from infra.local.stack import PARAMETERS, LocalStack
from tests.browser import stripe_stand_in
from tests.browser.checks import check, check_shapes
from tests.browser.conftest import Team, Visit
from tests.browser.stripe_stand_in import ASKS_ITS_HOLDER, DECLINED, PAYS, StripeStandIn

PASSWORD = "a-long-password"
KEY_PARAMETER = "/sublet/stripe/secret-key"


@pytest.fixture(scope="module")
def stripe(stack: LocalStack) -> Iterator[StripeStandIn]:
    """The stack with Stripe for its card processor, which the stand-in plays; afterwards it is as it was.

    Only the API is released so: nothing is charged in the background here.
    """
    functions, stand_in = stack.deployed.functions, StripeStandIn()
    stack.deployed.client("ssm").put_parameter(
        Name=KEY_PARAMETER, Value=stripe_stand_in.SECRET_KEY, Type="SecureString", Overwrite=True
    )
    name = stack.deployed.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="APIHandler"
    )["StackResourceDetail"]["PhysicalResourceId"]
    before = functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
    update(stack, PaymentProcessor="stripe", StripePublishableKey=stripe_stand_in.PUBLISHABLE_KEY)
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables | {"STRIPE_API_BASE": stand_in.base}}
    )
    released = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=released)
    try:
        yield stand_in
    finally:
        update(stack)
        functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=before)
        stand_in.close()


def update(stack: LocalStack, **parameters: str) -> None:
    """Update the deployed stack to these values of its parameters."""
    cloudformation = stack.deployed.client("cloudformation")
    cloudformation.update_stack(
        StackName=STACK,
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in (PARAMETERS | parameters).items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    while (status := cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]) != "UPDATE_COMPLETE":
        assert status.endswith("IN_PROGRESS"), status
        time.sleep(0.05)


def card_of(page: Page) -> FrameLocator:
    """The processor's field."""
    return page.frame_locator("#card iframe")


def enter(page: Page, number: str) -> None:
    field = card_of(page)
    field.get_by_label("Card number").fill(number)
    field.get_by_label("Expiry").fill("12 / 34")
    field.get_by_label("CVC").fill("123")


def method_of(stripe: StripeStandIn, number: str) -> str:
    """The id of the last card with this number that Stripe has accepted."""
    return [id for id, method in stripe.methods.items() if method["card"]["last4"] == number[-4:]][-1]


def setup_of(stripe: StripeStandIn, number: str) -> dict[str, Any]:
    """The setup by which that card was entered, as an answer of our API."""
    method = method_of(stripe, number)
    (setup,) = (each for each in stripe.setups.values() if each["payment_method"] == method)
    return {"client_secret": setup["client_secret"], "publishable_key": stripe_stand_in.PUBLISHABLE_KEY}


@contextmanager
def instead(stripe: StripeStandIn, answer: Callable[[Route], None]) -> Iterator[None]:
    """Lets a test answer the browser's requests for Stripe's script."""
    stripe.script = answer
    try:
        yield
    finally:
        stripe.script = None


def test_a_partner_puts_a_card_on_file_and_it_is_charged(
    visit: Visit, new_team: Callable[..., Team], stripe: StripeStandIn
) -> None:
    team = new_team()
    page = visit("billing", team=team, role="billing")
    stripe.serve(page)
    page.get_by_role("link", name="Add the first card").click()
    save = page.get_by_role("button", name="Put on file")
    fault = page.locator("#card-fault")
    page.get_by_label("Name").fill("Company card")
    page.get_by_label("City").fill("Chicago")
    card_of(page).get_by_label("Card number").wait_for()
    save.click()
    expect(fault).to_have_text("Please complete the card's details.")
    enter(page, PAYS[:-1] + "1")
    expect(fault).to_have_text("Your card number is invalid.")
    check_shapes(page, "billing-card-stripe")

    enter(page, DECLINED)
    save.click()
    expect(fault).to_have_text("Your card was declined.")
    expect(save).to_be_enabled()

    enter(page, ASKS_ITS_HOLDER)
    save.click()
    bank = page.frame_locator("iframe[title='3D Secure']")
    bank.get_by_role("button", name="Fail").click()
    expect(fault).to_have_text(stripe_stand_in.NOT_AUTHENTICATED)
    save.click()
    bank.get_by_role("button", name="Complete").click()

    expect(page.get_by_text("The card is entered.")).to_be_visible()
    check(page, "billing-card-entered")
    page.get_by_label("City").fill("")
    save.dblclick()
    expect(page.get_by_role("status")).to_have_text("The card is on file.")
    assert team.client is not None
    (profile,) = team.client.all("/v1/billing-profiles")
    assert (profile["name"], profile["card"]["last4"]) == ("Company card", ASKS_ITS_HOLDER[-4:])
    team.client.post("/v1/credits/prepaid/purchases", {"billing_profile_id": profile["id"], "amount": 5_000})
    charge = stripe.charges[-1]
    assert (charge["amount"], charge["payment_method"]) == (5_000, method_of(stripe, ASKS_ITS_HOLDER))


def test_what_comes_between_a_partner_and_its_card_loses_nothing(
    visit: Visit, new_team: Callable[..., Team], stripe: StripeStandIn
) -> None:
    team = new_team()
    page = visit("billing", team=team)
    stripe.serve(page)
    fault, save = page.locator("#card-fault"), page.get_by_role("button", name="Put on file")

    on_their_way: list[Route] = []
    with instead(stripe, on_their_way.append):
        page.get_by_role("link", name="Add the first card").click()
        page.locator("script[src^='https://js.stripe.com']").wait_for(state="attached")
        page.get_by_label("Name").fill("Company card")
        save.click()
        expect(fault).to_have_text("The card processor's field is being loaded. Please try again in a moment.")
        on_their_way[0].fulfill(status=404)
        expect(fault).to_contain_text("Please allow js.stripe.com")
        check(page, "billing-card-blocked")
    save.click()
    enter(page, PAYS)
    expect(fault).to_be_hidden()

    begun = len(stripe.setups)
    cookies = page.context.cookies()
    page.context.add_cookies([{**cookies[0], "value": "of-a-session-that-has-ended"}])
    save.dblclick()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.context.add_cookies(cookies)  # as after a sign-in in another tab
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("The card is entered.")).to_be_visible()
    save.click()
    expect(page.get_by_role("status")).to_have_text("The card is on file.")
    assert len(stripe.setups) == begun + 1
    assert team.client is not None
    assert [each["name"] for each in team.client.all("/v1/billing-profiles")] == ["Company card"]

    page = visit("billing", team=new_team())  # another partner, with the first one's card and setup
    stripe.serve(page)
    page.get_by_role("link", name="Add the first card").click()
    page.get_by_label("Name").fill("Not ours")
    page.route("**/public/card-setups", lambda route: route.fulfill(status=201, json=setup_of(stripe, PAYS)))
    enter(page, PAYS)
    save = page.get_by_role("button", name="Put on file")
    save.click()
    expect(page.locator("#card-fault")).to_have_text("The card could not be entered. Please try again.")
    page.evaluate("id => { document.querySelector('[name=payment_method]').value = id; }", method_of(stripe, PAYS))
    save.click()
    expect(page.locator("#f-payment_method")).to_contain_text("belongs to no other customer")
    expect(card_of(page).get_by_label("Card number")).to_be_visible()
    check(page, "billing-card-refused")


def test_a_client_buys_a_plan_with_a_card_and_replaces_it(
    visit: Visit, new_team: Callable[..., Team], stripe: StripeStandIn
) -> None:
    team = new_team()
    assert team.client is not None
    pn = team.client.get("/v1/invite-link")["pn"]
    page = visit(f"../public/invites/{pn}", team=team, signed_in=False, shape="phone")
    stripe.serve(page)
    page.goto(f"{page.url}/v3-marketing-plus")
    for name, value in {"client_name": "Olive", "email": "olive@entered.example", "name": "olive-entered"}.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator("input[type=password]").first.fill(PASSWORD)
    enter(page, PAYS)
    check(page, "client-sign-up-stripe-phone")
    page.locator("form[data-sign-up] button").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert stripe.charges[-1]["payment_method"] == method_of(stripe, PAYS)

    page.goto(f"{page.url.partition('/public/')[0]}/public/accounts/olive-entered/card")
    enter(page, ASKS_ITS_HOLDER)
    save = page.locator("form button").first
    save.click()
    page.frame_locator("iframe[title='3D Secure']").get_by_role("button", name="Fail").click()
    expect(page.locator("#card-fault")).to_have_text(stripe_stand_in.NOT_AUTHENTICATED)
    enter(page, DECLINED)
    save.click()
    expect(page.locator("#card-fault")).to_have_text("Your card was declined.")
    page.route("**/public/card-setups", lambda route: route.fulfill(status=429, json={}))
    save.click()
    expect(page.locator("#card-fault")).to_contain_text("Try again in an hour.")
    check(page, "client-card-stripe-refused-phone")
    page.unroute("**/public/card-setups")
    enter(page, ASKS_ITS_HOLDER)
    save.dblclick()
    page.frame_locator("iframe[title='3D Secure']").get_by_role("button", name="Complete").click()
    expect(page.get_by_role("status")).to_have_text("Your card is saved.")
    expect(page.locator("dl")).to_contain_text(f"Visa •••• {ASKS_ITS_HOLDER[-4:]}")


def test_without_javascript_the_form_says_what_it_needs(
    visit: Visit, new_team: Callable[..., Team], stripe: StripeStandIn
) -> None:
    page = visit("billing/cards/new", team=new_team(), shape="no-script")
    page.get_by_label("Name").fill("Company card")
    expect(page.locator("noscript p")).to_be_visible()  # Playwright reads no text in it
    page.get_by_role("button", name="Put on file").click()
    expect(page.get_by_role("alert")).to_contain_text("Card: is required")
    expect(page.get_by_label("Name")).to_have_value("Company card")
