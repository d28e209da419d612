"""Cards entered in Stripe's field on our pages, in the browser, on a stack that charges by a stand-in for Stripe."""

import time
from collections.abc import Callable, Iterator
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
    expect(card_of(page).get_by_label("Card number")).to_be_visible()
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
    assert [charge["amount"] for charge in stripe.charges[-1:]] == [5_000]
