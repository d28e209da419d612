"""A partner's months, the clock moved from renewal to renewal."""

from datetime import date

import pytest

from chalicelib.domain.accounts.accounts import ExpiryReason, PaymentState, Status
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.models.accounts.accounts import AccountRow
from tests.world import SANDBOX, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")


def test_an_account_of_the_31st_renews_14_times_prepaid_first_then_card():
    world = World()
    world.buy(12_000)

    account = world.create()
    world.advance(days=425)

    issued = world.invoices()
    assert [invoice.number for invoice in issued] == list(range(1, 16))
    assert [str(i.period.start) for i in issued[:4]] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert all(invoice.status is InvoiceStatus.PAID for invoice in issued)
    assert [invoice.prepaid_applied.amount for invoice in issued[:4]] == [4900, 4900, 2200, 0]
    assert [invoice.card_charged.amount for invoice in issued[:4]] == [0, 0, 2700, 4900]
    assert world.wallet.balance.amount == 0
    assert sum(entry.amount.amount for entry in world.journal()) == 0
    assert world.account(account.id).period.start == date(2027, 3, 31)


def test_a_trial_is_reminded_and_expires_after_14_days_and_is_archived_30_days_later():
    world = World()
    trial = world.create(plan=TRIAL)

    world.advance(days=13)
    assert world.account(trial.id).status is Status.ACTIVE
    assert world.account(trial.id).reminded_for is not None

    world.advance(days=1)
    expired = world.account(trial.id)
    assert (expired.status, expired.expiry_reason) == (Status.EXPIRED, ExpiryReason.TRIAL)

    world.advance(days=30)
    assert world.account(trial.id).status is Status.ARCHIVED
    assert world.invoices() == []


def test_a_sandbox_never_expires():
    world = World()
    sandbox = world.create(plan=SANDBOX)

    world.advance(days=800)

    assert world.account(sandbox.id).status is Status.ACTIVE


def test_a_declined_renewal_is_retried_on_days_1_3_5_and_7_then_the_account_expires():
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))

    world.advance(days=28)
    assert world.account(account.id).payment_state is PaymentState.PAST_DUE
    world.advance(days=6)
    assert world.account(account.id).overdue.retries == 3
    world.advance(days=2)

    ended = world.account(account.id)
    assert (ended.status, ended.expiry_reason) == (Status.EXPIRED, ExpiryReason.NON_PAYMENT)
    first, second = world.invoices()
    assert (first.status, second.status) == (InvoiceStatus.PAID, InvoiceStatus.UNCOLLECTIBLE)
    assert [str(a.at.date()) for a in second.attempts] == [
        "2026-02-28",
        "2026-03-01",
        "2026-03-03",
        "2026-03-05",
        "2026-03-07",
    ]
    assert world.wallet.active_paid_accounts == 0


def test_prepaid_money_bought_while_past_due_pays_the_retry_and_the_renewal_day_stays():
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=28)

    world.buy(10_000)
    world.advance(days=2)

    recovered = world.account(account.id)
    assert recovered.payment_state is PaymentState.OK
    assert str(recovered.period.start) == "2026-02-28"
    assert str(recovered.period.end) == "2026-03-31"
    assert world.invoices()[1].prepaid_applied.amount == 4900


def test_after_an_outage_each_missed_period_is_invoiced_by_itself_in_order():
    world = World()
    account = world.create()

    world.now = world.now.replace(month=5, day=15)
    world.run_schedules()

    assert [str(i.period.start) for i in world.invoices()] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert str(world.account(account.id).period.end) == "2026-05-31"


def test_a_canceled_account_is_never_charged_again_and_expires_when_its_period_ends():
    world = World()
    account = world.create()
    world.advance(days=10)

    world.cancel(account.id, reason="client_left")
    assert world.account(account.id).status is Status.CANCELED
    world.advance(days=60)

    ended = world.account(account.id)
    assert (ended.status, ended.expiry_reason) == (Status.ARCHIVED, ExpiryReason.CANCELED)
    assert len(world.invoices()) == 1
    assert world.wallet.active_paid_accounts == 0


def test_a_cancellation_for_a_later_date_renews_as_usual_until_then():
    world = World()
    account = world.create()

    world.cancel(account.id, effective_date=date(2026, 3, 10))
    world.advance(days=120)

    assert [str(i.period.start) for i in world.invoices()] == ["2026-01-31", "2026-02-28"]
    assert world.account(account.id).status is Status.ARCHIVED


def test_canceling_a_past_due_account_ends_it_at_once_and_voids_its_open_invoice():
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=28)

    world.cancel(account.id)

    assert world.account(account.id).status is Status.EXPIRED
    assert world.invoices()[1].status is InvoiceStatus.VOID
    assert world.wallet.active_paid_accounts == 0


def test_a_second_account_brings_both_to_the_next_discount_tier_from_their_next_renewal():
    world = World()
    first = world.create()
    second = world.create()
    assert (first.price.amount, second.price.amount) == (4900, 3675)

    world.advance(days=28)

    assert world.account(first.id).price.amount == 3675


def test_franchise_periods_go_by_without_an_invoice():
    from chalicelib.domain.catalog.plans import PlanRequest

    world = World(program="franchise")
    child = world.create(plan=PlanRequest("Franchise", "ACHQ", "standard", 1000), billing_profile_id=None)
    assert child.status is Status.ACTIVE

    world.advance(days=800)

    assert world.invoices() == []
    assert str(world.account(child.id).period.start) == "2028-01-31"


def test_a_billing_day_makes_a_short_first_period():
    from chalicelib.domain.catalog.plans import PlanRequest

    world = World(program="solutions")
    world.advance(days=10)
    plan = PlanRequest("S1", "email", "standard", 1000)
    account = world.create(plan=plan, billing_day=31)

    assert (str(account.period.start), str(account.period.end)) == ("2026-02-10", "2026-02-28")
    world.advance(days=60)
    first, second, third = world.invoices()
    assert (str(second.period.start), str(second.period.end)) == ("2026-02-28", "2026-03-31")
    assert first.total.amount == round(second.total.amount * 18 / 28)
    assert str(third.period.start) == "2026-03-31"


def test_an_alarm_that_rings_too_early_because_the_program_changed_is_set_anew():
    world = World()
    account = world.create()
    alarm = world.next_alarm()
    AccountRow(account.id).update(actions=[AccountRow.due_at.set(world.now)])

    world.run_schedules()

    assert world.next_alarm() == alarm
    assert len(world.invoices()) == 1
