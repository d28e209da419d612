"""Unpaid invoices and bills tried again: by a new card, on request, and how often that is kept (docs/rules.md §6)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.domain.billing.invoices import MOST_ATTEMPTS, InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.transactions import commit
from chalicelib.services.billing import payment_retries, single_bills
from chalicelib.services.charging.results import CardDeclined
from chalicelib.services.partners import billing_profiles
from tests.world import ACTOR, World

LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)

pytestmark = pytest.mark.usefixtures("aws")


def test_a_new_card_of_the_same_profile_pays_a_bill_whose_retries_are_over() -> None:
    partner = World(program="solutions", now=datetime(2026, 1, 5, 15, tzinfo=UTC))
    card = partner.card("pm_card_chargeDeclined")
    single_bills.set_up_single_bill(
        partner_id=partner.partner_id, day=8, billing_profile_id=card, now=partner.now, actor=ACTOR
    )
    partner.create(plan=LITE, single_bill=True, billing_profile_id=None)
    partner.advance(days=20)
    assert bill_status(partner) is InvoiceStatus.OPEN

    profile = billing_profiles.get_profile(partner_id=partner.partner_id, profile_id=card)
    change = {"payment_method": "pm_card_visa"}
    billing_profiles.update_profile(profile=profile, changes=change, now=partner.now, actor=ACTOR)
    payment_retries.retry_soon(partner_id=partner.partner_id, profile_id=card, now=partner.now, actor=ACTOR)
    partner.run_schedules()

    assert bill_status(partner) is InvoiceStatus.PAID
    bill = partner.wallet.single_bill
    assert bill is not None
    assert bill.unpaid is None


def test_a_new_card_is_soon_tried_for_every_account_it_pays_for() -> None:
    world = World()
    card = world.card("pm_card_declinedOnRenewal")
    world.create(billing_profile_id=card)
    world.buy(3 * 4_900)
    ids = [world.create(billing_profile_id=card).id for _ in range(3)]
    world.advance(days=28)
    late = [each for each in ids if world.account(each).overdue]
    assert len(late) > 1

    profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=card)
    billing_profiles.update_profile(
        profile=profile, changes={"payment_method": "pm_card_visa"}, now=world.now, actor=ACTOR
    )
    payment_retries.retry_soon(partner_id=world.partner_id, profile_id=card, now=world.now, actor=ACTOR)
    world.run_schedules()

    assert not [each for each in ids if world.account(each).overdue]


def change_card_while_it_is_asked(world: World, profile_id: str) -> Any:
    """The next card that is asked is declined, and its profile has another one by then."""
    real = SandboxPayments.charge

    def asked(self: Any, **given: Any) -> Any:
        answer = real(self, **given)
        if not changed:
            changed.append(1)
            payment_retries.update_billing_profile(
                partner_id=world.partner_id,
                profile_id=profile_id,
                changes={"payment_method": "pm_card_visa"},
                now=world.now + timedelta(seconds=1),
                actor=ACTOR,
            )
        return answer

    changed: list[int] = []
    return patch.object(SandboxPayments, "charge", asked)


def test_a_card_that_is_changed_while_it_is_first_declined_is_tried_with_the_next_sweep() -> None:
    world = World()
    card = world.card("pm_card_declinedOnRenewal")
    ids = [world.create(billing_profile_id=card).id]
    world.buy(4_900)
    ids.append(world.create(billing_profile_id=card).id)

    with change_card_while_it_is_asked(world, card):
        world.advance(days=28)

    assert not [each for each in ids if world.account(each).overdue]
    assert [len(each.attempts) for each in world.invoices() if each.number > 2] == [2, 2]


def test_a_bills_card_that_is_changed_while_it_is_declined_is_tried_with_the_next_sweep() -> None:
    partner = World(program="solutions", now=datetime(2026, 1, 5, 15, tzinfo=UTC))
    card = partner.card("pm_card_chargeDeclined")
    single_bills.set_up_single_bill(
        partner_id=partner.partner_id, day=8, billing_profile_id=card, now=partner.now, actor=ACTOR
    )
    partner.create(plan=LITE, single_bill=True, billing_profile_id=None)

    with change_card_while_it_is_asked(partner, card):
        partner.advance(to=datetime(2026, 1, 8, 18, tzinfo=UTC))

    assert bill_status(partner) is InvoiceStatus.PAID


def test_an_invoice_keeps_its_newest_attempts_only() -> None:
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=28)
    overdue = world.account(account.id).overdue
    assert overdue is not None
    invoice = invoice_rows.get(world.partner_id, overdue.invoice_id)
    assert invoice is not None
    (first,) = invoice.attempts
    many = replace(invoice, attempts=(first,) * MOST_ATTEMPTS)
    commit([invoice_rows.put(many, now=world.now, actor=ACTOR, event="")])

    with pytest.raises(CardDeclined):
        payment_retries.retry_payment(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)

    invoice = invoice_rows.get(world.partner_id, overdue.invoice_id)
    assert invoice is not None
    assert (len(invoice.attempts), invoice.attempts[-1].number) == (MOST_ATTEMPTS, 2)


def bill_status(world: World) -> InvoiceStatus:
    ((bill,), _) = single_bills.list_bills(partner_id=world.partner_id, limit=10, start=None)
    return bill.status
