"""What a period has been paid for: refunds and credits that were carried over count once (docs/rules.md §5)."""

from dataclasses import replace

import pytest

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.services.accounts import add_ons, plan_changes
from chalicelib.services.billing import refunds
from tests.world import ACTOR, PLUS, World

pytestmark = pytest.mark.usefixtures("aws")

PROFESSIONAL = replace(PLUS, tier="professional")
ENTERPRISE = replace(PLUS, tier="enterprise")
YEARLY = Frequency.ANNUAL


@pytest.fixture
def world() -> World:
    """An account on plus, 49.00 a month, paid on the day that everything happens on."""
    world = World()
    world.create()
    return world


def account(world: World) -> Account:
    return world.account(next(invoice.account_id for invoice in world.invoices() if invoice.account_id))


def change(world: World, plan: PlanRequest) -> None:
    plan_changes.change_plan(
        partner_id=world.partner_id,
        account_id=account(world).id,
        request=plan_changes.PlanChangeRequest(plan),
        now=world.now,
        actor=ACTOR,
    )


def refund(world: World, number: int, amount: int | None) -> None:
    refunds.refund_invoice(
        refund_id=f"txn_refund_{number}",
        payer=world.partner_id,
        invoice_id=world.invoices()[number - 1].id,
        amount=amount,
        now=world.now,
        actor=ACTOR,
    )


def put_on_sms(world: World) -> None:
    add_ons.change(
        partner_id=world.partner_id,
        account_id=account(world).id,
        request=add_ons.AddOnRequest("sms", on=True),
        now=world.now,
        actor=ACTOR,
    )


def totals(world: World) -> list[int]:
    return [invoice.total.amount for invoice in world.invoices()]


def test_what_was_refunded_before_a_change_is_not_taken_off_the_next_one_again(world: World) -> None:
    refund(world, 1, 1000)

    change(world, PROFESSIONAL)
    change(world, ENTERPRISE)

    assert totals(world) == [4900, 7900 - 3900, 14900 - 7900]


def test_after_a_whole_refund_an_add_on_costs_its_own_price_only(world: World) -> None:
    refund(world, 1, None)
    change(world, PROFESSIONAL)

    put_on_sms(world)

    assert totals(world) == [4900, 7900, 1500]


def test_after_a_refund_in_part_an_add_on_costs_what_was_given_back_too(world: World) -> None:
    """Like an upgrade it credits the old price, no more than was paid, and charges the new one."""
    refund(world, 1, 1000)

    put_on_sms(world)

    assert totals(world) == [4900, 4900 + 1500 - 3900]


def test_a_refund_of_the_plan_after_an_add_on_was_put_on_is_not_credited(world: World) -> None:
    put_on_sms(world)
    refund(world, 1, None)

    change(world, replace(PROFESSIONAL, add_ons=("sms",)))

    assert totals(world) == [4900, 1500, 7900 + 1500 - 1500]


def test_what_was_refunded_after_it_had_been_credited_is_credited_no_more(world: World) -> None:
    change(world, replace(PLUS, billing_frequency=YEARLY))
    refund(world, 1, None)

    change(world, replace(PROFESSIONAL, billing_frequency=YEARLY))

    first_year = 49000 - 4900
    assert totals(world) == [4900, first_year, 79000 - first_year]


def test_every_change_and_what_is_credited_for_it_is_explained(world: World) -> None:
    world.advance(days=14)
    refund(world, 1, 3000)

    change(world, PROFESSIONAL)

    assert [line.explained for line in world.invoices()[-1].lines] == [
        "Credit for unused days. List price 49.00 per cycle. For 14 of 28 days: 49.00 × 14 / 28 = 24.50. "
        "Each step is rounded half up. Only 19.00 of it was paid and not refunded.",
        "List price 79.00 per cycle. For 14 of 28 days: 79.00 × 14 / 28 = 39.50. Each step is rounded half up.",
    ]


def test_a_refund_gives_days_back_that_are_over_before_it_gives_back_days_that_are_left(world: World) -> None:
    world.advance(days=14)  # half of the 28 days
    refund(world, 1, 2450)

    change(world, PROFESSIONAL)

    assert totals(world) == [4900, 3950 - 2450]


def test_a_refund_of_the_year_is_not_made_up_for_by_the_month_before(world: World) -> None:
    world.advance(days=14)
    change(world, replace(PLUS, billing_frequency=YEARLY))
    refund(world, 2, 2450)

    change(world, replace(PROFESSIONAL, billing_frequency=YEARLY))

    assert totals(world) == [4900, 49000 - 2450, 79000 - (49000 - 2450)]
