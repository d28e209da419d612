"""Accounts the product's platform prepares, or can't: what is told, what is given back (docs/rules.md §2)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, ProvisioningStatus, Status
from chalicelib.domain.accounts.provisioning import AlreadyAnswered, status_of
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.setup.branding import Branding
from chalicelib.gateways.payments import Declined, Refunded
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models.accounts import names
from chalicelib.models.billing import invoice_lists
from chalicelib.models.setup import templates
from chalicelib.services.accounts import overview, snapshots
from chalicelib.services.accounts.overview import Question
from chalicelib.services.audit import payer_audits
from chalicelib.services.billing import failed_refunds, single_bills
from chalicelib.services.setup import branding, provisioning
from chalicelib.services.setup import templates as template_service
from tests.paying_clients import let_partner_take_over
from tests.world import ACTOR, SANDBOX, START, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

PENDING, READY, FAILED = ProvisioningStatus
STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)


def create(world: World, told: str = "pending", **overrides: Any) -> Account:
    return world.create(metadata={"sandbox_provisioning": told}, **overrides)


def answer(world: World, account: Account, said: ProvisioningStatus) -> Account:
    return provisioning.record_answer(
        account_id=account.id, status=said, reason="No room.", now=world.now, actor="operator"
    )


def settle(world: World) -> None:
    """Run the schedules until nothing more is due now."""
    world.advance(days=0)


def findings(world: World) -> list[Any]:
    found = payer_audits.audit_partner(partner_id=world.partner_id, now=world.now).findings
    return [finding for finding in found if finding.subject != world.partner_id]  # the watch sleeps in these tests


def test_most_accounts_are_ready_at_once() -> None:
    assert status_of(World().create()) is READY


def test_a_slow_platform_is_asked_again_until_it_is_ready() -> None:
    world = World()
    account = create(world, "slow")

    settle(world)
    asked_once = world.account(account.id)
    world.advance(to=world.now + timedelta(minutes=5))

    assert (status_of(account), status_of(asked_once)) == (PENDING, PENDING)
    assert world.account(account.id).provisioning is None
    assert len(world.invoices()) == 1


@pytest.mark.parametrize("prepaid", [0, 1000, 9000], ids=["by card", "by both", "prepaid"])
def test_what_was_paid_for_a_failed_account_goes_back_to_where_it_came_from(prepaid: int) -> None:
    world = World()
    if prepaid:
        world.buy(prepaid)
    account = create(world, "failed")

    settle(world)

    failed = world.account(account.id)
    assert (failed.status, failed.expiry_reason, status_of(failed)) == (
        Status.EXPIRED,
        ExpiryReason.PROVISIONING_FAILED,
        FAILED,
    )
    (invoice,) = world.invoices()
    assert (invoice.refunded_to_card or 0, invoice.refunded_to_prepaid or 0) == (
        invoice.card_charged or 0,
        invoice.prepaid_applied or 0,
    )
    assert world.wallet.balance.amount == prepaid
    assert world.wallet.active_paid_accounts == 0
    assert findings(world) == []


def test_what_its_client_paid_before_the_partner_took_over_goes_back_to_the_client() -> None:
    world = World(program="solutions")
    account = world.sign_up(plan=STANDARD, metadata={"sandbox_provisioning": "pending"})
    let_partner_take_over(account.id, billing_profile_id=world.card())

    answer(world, account, FAILED)
    settle(world)

    (invoice,) = invoice_lists.of_payer(account.id, status=None, since=None, until=None, limit=10, start=None)[0]
    assert invoice.refunded == invoice.total
    assert world.invoices() == []


def test_a_failed_account_is_never_charged_again_and_its_name_is_free() -> None:
    world = World()
    account = create(world, "failed")
    settle(world)

    again = world.create(name=account.name)
    world.advance(days=70)

    assert names.owner(account.name) == again.id
    assert world.account(account.id).status is Status.ARCHIVED
    assert {invoice.account_id for invoice in world.invoices()[1:]} == {again.id}
    assert findings(world) == []


def test_a_platform_that_says_nothing_is_given_up_after_its_time() -> None:
    world = World()
    account = create(world)

    world.advance(to=world.now + timedelta(hours=23, minutes=59))
    in_time = world.account(account.id)
    world.advance(to=world.now + timedelta(minutes=1))

    assert status_of(in_time) is PENDING
    given_up = world.account(account.id)
    assert given_up.provisioning is not None
    assert given_up.provisioning.reason == "The platform did not prepare it in time."
    assert world.invoices()[0].refunded_to_card


def test_the_first_answer_counts_and_the_same_again_changes_nothing() -> None:
    world = World()
    one, other = create(world), create(world)

    ready = answer(world, one, READY)
    assert answer(world, one, READY) == ready
    with pytest.raises(AlreadyAnswered, match="Cancel it instead"):
        answer(world, one, FAILED)

    failed = answer(world, other, FAILED)
    assert answer(world, other, FAILED) == failed
    with pytest.raises(AlreadyAnswered, match="Create another"):
        answer(world, other, READY)

    settle(world)
    assert [bool(invoice.refunded_to_card) for invoice in world.invoices()] == [False, True]


def test_a_canceled_account_that_fails_is_given_back_whole() -> None:
    world = World()
    account = create(world)
    world.cancel(account.id)

    answer(world, account, FAILED)
    settle(world)

    assert world.account(account.id).expiry_reason is ExpiryReason.PROVISIONING_FAILED
    assert world.invoices()[0].refunded_to_card
    assert findings(world) == []


def test_an_account_that_ends_before_the_platform_has_decided_is_given_back_too() -> None:
    world = World(program="solutions")
    account = create(world, plan=STANDARD, billing_day=1)  # the first period is the 31st alone
    world.cancel(account.id)

    world.advance(days=2)

    ended = world.account(account.id)
    assert (ended.expiry_reason, status_of(ended)) == (ExpiryReason.CANCELED, FAILED)
    (invoice,) = world.invoices()
    assert invoice.refunded == invoice.total
    assert findings(world) == []


def test_what_comes_back_from_the_card_is_given_back_anew() -> None:
    world = World()
    create(world, "failed")
    settle(world)
    refund = world.journal()[-1]
    failed = patch.object(SandboxPayments, "find_refund", return_value=Declined("lost_or_stolen_card"))
    with failed, patch.object(SandboxPayments, "refund", side_effect=refunded_anew):
        undone = failed_refunds.undo_if_failed(
            payer=world.partner_id, refund_id=refund.id, now=world.now, actor="schedule:card_reports"
        )
        before = world.invoices()[0].refunded.amount
        world.advance(days=1)

    assert (undone, before) == (True, 0)
    (invoice,) = world.invoices()
    assert invoice.refunded == invoice.total


def refunded_anew(*, key: str, **_: Any) -> Refunded:
    """Another refund than the one that failed, which the sandbox would remember."""
    return Refunded(f"re_{key}")


def test_a_sandbox_that_was_canceled_meanwhile_keeps_its_end() -> None:
    world = World()
    account = create(world, plan=SANDBOX)
    world.cancel(account.id)

    failed = answer(world, account, FAILED)
    settle(world)

    assert (failed.status, failed.expiry_reason) == (Status.EXPIRED, ExpiryReason.CANCELED)


def test_a_trial_that_fails_costs_nothing() -> None:
    world = World()
    account = create(world, "failed", plan=TRIAL)

    settle(world)

    assert world.account(account.id).status is Status.EXPIRED
    assert (world.invoices(), findings(world)) == ([], [])


def test_nothing_is_charged_while_an_account_is_not_ready() -> None:
    world = World(program="solutions")
    account = create(world, plan=STANDARD, billing_day=1)  # the first period is the 31st alone
    world.advance(to=world.now + timedelta(hours=23))

    charged_before = len(world.invoices())
    (listed,), _ = overview.list_accounts(
        partner_id=world.partner_id, question=Question(), limit=10, start=None, now=world.now
    )
    assert listed.period == world.account(account.id).period
    answer(world, account, READY)
    world.run_schedules(healing=True)

    assert (charged_before, len(world.invoices())) == (1, 2)
    assert findings(world) == []


def on_bill(world: World, **overrides: Any) -> Account:
    if world.wallet.single_bill is None:
        card = world.card(overrides.pop("card", "pm_card_visa"))
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=1, billing_profile_id=card, now=world.now, actor=ACTOR
        )
    return create(world, plan=STANDARD, single_bill=True, billing_profile_id=None, **overrides)


def test_an_invoice_on_the_open_bill_leaves_it() -> None:
    world = World(program="solutions")
    kept, failing = on_bill(world), on_bill(world)

    answer(world, kept, READY)
    answer(world, failing, FAILED)
    settle(world)

    bill = world.wallet.single_bill
    first, second = world.invoices()
    assert bill is not None
    assert (bill.count, bill.total) == (1, first.total)
    assert (first.status, second.status) == (InvoiceStatus.OPEN, InvoiceStatus.VOID)
    assert findings(world) == []
    world.advance(days=3)
    assert world.invoices()[0].bill_id is not None
    assert findings(world) == []


def test_the_platform_is_told_who_asks_and_asked_about_eight_at_a_time() -> None:
    world = World()
    accounts = [create(world, "slow", plan=TRIAL) for _ in range(10)]

    world.run_schedules()
    asked = [world.account(account.id).provisioning for account in accounts]
    world.advance(to=world.now + timedelta(minutes=10))

    assert sorted(each.asked for each in asked if each) == [0, 0, *[1] * 8]
    assert {status_of(world.account(account.id)) for account in accounts} == {READY}


def test_an_account_built_from_a_snapshot_has_its_branding_and_templates_though_it_was_deleted() -> None:
    world = World()
    sandbox = world.create(plan=SANDBOX)
    for name in ("Welcome", "Farewell"):
        template_service.create_template(
            template_id=f"tmpl_{name}",
            partner_id=world.partner_id,
            account_id=sandbox.id,
            name=name,
            subject="Hello",
            html="<p>Hello</p>",
            now=world.now,
            actor=ACTOR,
        )
    look = Branding(product_name="Bright Mail", color="#ff8800")
    branding.set_branding(partner_id=world.partner_id, account_id=sandbox.id, branding=look, now=world.now, actor=ACTOR)
    made = snapshots.create_snapshot(
        snapshot_id="snap_1",
        partner_id=world.partner_id,
        account_id=sandbox.id,
        name="Shop",
        now=world.now,
        actor=ACTOR,
    )
    account = world.create(snapshot_id=made.id)
    snapshots.delete_snapshot(partner_id=world.partner_id, snapshot_id=made.id, now=world.now, actor=ACTOR)

    settle(world)
    provisioning._build(replace(world.account(account.id), provisioning=account.provisioning), now=world.now, actor="x")

    listed, _ = template_service.list_templates(
        partner_id=world.partner_id, account_id=account.id, limit=100, start=None
    )
    assert sorted(each.name for each in listed) == ["Farewell", "Welcome"]
    assert {each.html for each in listed} == {"<p>Hello</p>"}
    assert status_of(world.account(account.id)) is READY
    assert all(templates.get(each.id) for each in listed)
    assert branding.get_branding(partner_id=world.partner_id, account_id=account.id) == look


def test_branding_set_on_the_new_account_itself_stays() -> None:
    world = World()
    sandbox = world.create(plan=SANDBOX)
    given = {"partner_id": world.partner_id, "now": world.now, "actor": ACTOR}
    branding.set_branding(account_id=sandbox.id, branding=Branding(product_name="Old"), **given)
    made = snapshots.create_snapshot(snapshot_id="snap_1", account_id=sandbox.id, name="Shop", **given)
    account = world.create(plan=SANDBOX, snapshot_id=made.id)

    branding.set_branding(account_id=account.id, branding=Branding(product_name="New"), **given)
    settle(world)

    assert branding.get_branding(partner_id=world.partner_id, account_id=account.id).product_name == "New"


@pytest.mark.parametrize("payment_method", ["pm_card_visa", "pm_card_chargeDeclined"])
def test_an_invoice_on_a_closed_bill_goes_back_once_the_bill_is_paid(payment_method: str) -> None:
    world = World(program="solutions", now=START.replace(hour=23))  # an hour before the bill day in Chicago
    account = on_bill(world, card=payment_method)
    world.advance(to=world.now + timedelta(hours=8))

    answer(world, account, FAILED)
    settle(world)
    refunded = [bool(invoice.refunded_to_card) for invoice in world.invoices()]
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=None, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )
    world.advance(days=2)

    assert refunded == [payment_method == "pm_card_visa"]
    (invoice,) = world.invoices()
    assert (invoice.status, invoice.refunded_to_card) == (InvoiceStatus.PAID, invoice.total)
    assert findings(world) == []
