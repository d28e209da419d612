"""The Single Bill: many accounts, each on its own day, one payment a month."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from botocore.client import BaseClient

from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency, local_date
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.money import Money
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import plan_changes
from chalicelib.services.accounts.accounts import NoSingleBill
from chalicelib.services.billing import bill_steps, invoices, single_bills
from chalicelib.services.charging import cards
from chalicelib.services.wallet import forecasts
from tests.conftest import reset_aws
from tests.paying_clients import let_partner_manage
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)


@pytest.fixture
def world() -> World:
    return World(program="solutions")


def arrange(world: World, *, day: int = 15, card: str | None = None):
    return single_bills.set_up_single_bill(
        partner_id=world.partner_id,
        day=day,
        billing_profile_id=card or world.card(),
        now=world.now,
        actor=ACTOR,
    )


def join(world: World, account_id: str):
    return single_bills.put_account_on_bill(
        partner_id=world.partner_id, account_id=account_id, now=world.now, actor=ACTOR
    )


def upgrade(world: World, account_id: str) -> None:
    """To 2,500 contacts."""
    plan_changes.change_plan(
        partner_id=world.partner_id,
        account_id=account_id,
        request=plan_changes.PlanChangeRequest(replace(STANDARD, contacts=2500)),
        now=world.now,
        actor=ACTOR,
    )


def closed(world: World):
    found, _ = single_bills.list_bills(partner_id=world.partner_id, limit=100, start=None)
    return found[::-1]


def on_bill(world: World, bill_id: str):
    found, _ = single_bills.invoices_on(partner_id=world.partner_id, bill_id=bill_id, limit=100, start=None)
    return invoices.with_their_bills(found, payer=world.partner_id)


def test_accounts_renew_on_their_own_days_and_are_paid_by_one_charge_on_the_bill_day(world):
    arrange(world, day=15)
    first = world.create(plan=STANDARD)
    world.advance(days=5)
    second = world.create(plan=STANDARD)
    for account in (first, second):
        join(world, account.id)

    world.advance(days=50)

    (bill,) = [b for b in closed(world) if b.invoice_count == 2]
    assert str(bill.closed_at.date()) == "2026-03-15"
    assert bill.status is InvoiceStatus.PAID
    listed = on_bill(world, bill.id)
    assert {i.account_id for i in listed} == {first.id, second.id}
    assert all(i.status is InvoiceStatus.PAID for i in listed)
    assert sum(i.billed.amount for i in listed) == bill.total.amount == bill.card_charged.amount
    assert [str(i.period.start) for i in listed] == ["2026-02-28", "2026-03-05"]


def test_an_account_on_the_bill_gets_the_up_front_discount_from_its_next_renewal(world):
    arrange(world)
    account = world.create(plan=STANDARD)
    list_price = account.price.amount

    join(world, account.id)
    world.advance(days=28)

    assert world.account(account.id).price.amount == list_price * 80 // 100


def test_an_upgrade_after_joining_goes_on_the_bill_at_once_and_is_discounted_from_the_renewal_on(world):
    arrange(world)
    account = world.create(plan=STANDARD)
    join(world, account.id)

    upgrade(world, account.id)
    world.advance(to=datetime(2026, 2, 28, 18, tzinfo=UTC))

    bought, upgraded, renewed = sorted(world.invoices(account.id), key=lambda invoice: invoice.number)
    assert (bought.bill_id, bought.card_charged) == (None, bought.total)
    assert upgraded.bill_id is not None
    assert upgraded.total.amount == 2000  # 59.00 - 39.00, list prices: the period's terms stay
    assert renewed.bill_id is not None
    assert renewed.total.amount == 4720  # 59.00 less 20 %


def test_an_upgrade_after_leaving_is_charged_to_the_card_at_once_and_loses_the_discount_at_the_renewal(world):
    arrange(world)
    card = world.card()
    account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=card)
    single_bills.take_account_off_bill(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)

    upgrade(world, account.id)
    world.advance(to=datetime(2026, 2, 28, 18, tzinfo=UTC))

    bought, upgraded, renewed = sorted(world.invoices(account.id), key=lambda invoice: invoice.number)
    assert bought.bill_id is not None
    assert (upgraded.bill_id, upgraded.card_charged.amount) == (None, 1600)  # both prices less 20 %
    assert (renewed.bill_id, renewed.card_charged.amount) == (None, 5900)


def test_money_set_aside_is_used_when_the_invoice_goes_on_the_bill_general_money_when_it_closes(world):
    arrange(world, day=15)
    account = world.create(plan=STANDARD)
    join(world, account.id)
    world.buy(1_000, account_id=account.id)
    world.buy(1_500)

    world.advance(days=28)
    (invoice,) = [i for i in world.invoices() if i.bill_id]
    assert invoice.prepaid_applied.amount == 1_000
    assert world.wallet.balance.amount == 1_500
    world.advance(days=20)

    (bill,) = closed(world)
    assert bill.prepaid_applied.amount == 1_500
    assert bill.card_charged.amount == invoice.total.amount - 1_000 - 1_500
    assert world.wallet.balance.amount == 0
    assert sum(entry.amount.amount for entry in world.journal()) == 0


def test_an_empty_bill_is_not_closed(world):
    arrange(world)

    world.advance(days=60)

    assert closed(world) == []


def test_a_declined_bill_expires_no_account_and_nothing_new_goes_on_until_it_is_paid(world):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    account = world.create(plan=STANDARD)
    join(world, account.id)

    world.advance(days=28 + 45)
    (bill,) = closed(world)
    assert bill.status is InvoiceStatus.OPEN
    assert [str(a.at.date()) for a in bill.attempts] == [
        "2026-03-15",
        "2026-03-16",
        "2026-03-18",
        "2026-03-20",
        "2026-03-22",
    ]
    assert world.account(account.id).status == "active"
    assert len(world.invoices()) == 2

    arrange(world, card=world.card())
    world.run_schedules()
    world.advance(days=2)

    assert closed(world)[0].status is InvoiceStatus.PAID
    assert [str(i.period.start) for i in world.invoices()] == ["2026-01-31", "2026-02-28", "2026-03-31"]


@pytest.mark.parametrize(("short_by", "paid"), [(0, True), (1, False)])
def test_a_declined_bill_is_paid_soon_after_prepaid_money_was_bought_that_covers_it(world, short_by, paid):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.advance(days=16)
    (bill,) = closed(world)
    assert bill.status is InvoiceStatus.OPEN

    world.buy(bill.total.amount - short_by)
    world.now += timedelta(minutes=1)
    world.run_schedules()

    (bill,) = closed(world)
    assert (bill.status is InvoiceStatus.PAID) is paid
    assert bill.card_charged.amount == 0


def test_a_card_arranged_for_while_the_old_one_is_asked_pays_the_bill_with_the_next_sweep(world, monkeypatch):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    good, real = world.card(), cards.ask_card

    def arranged_meanwhile(*args, **given):
        answer = real(*args, **given)
        arrange(world, card=good)
        return answer

    monkeypatch.setattr(cards, "ask_card", arranged_meanwhile)
    world.advance(to=datetime(2026, 2, 15, 6, tzinfo=UTC))

    (bill,) = closed(world)
    assert (bill.status, bill.billing_profile_id) == (InvoiceStatus.PAID, good)
    assert [(attempt.outcome, attempt.at) for attempt in bill.attempts] == [
        ("declined", world.now),
        ("succeeded", world.now),
    ]


def test_retries_of_a_bill_that_an_outage_put_off_are_a_day_apart(world):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.advance(days=16)
    world.now += timedelta(days=20)

    for attempts in (3, 4, 5):
        for _ in range(2):
            world.run_schedules(healing=True)
        assert len(closed(world)[0].attempts) == attempts
        world.now += timedelta(days=1)


def test_the_forecast_reckons_with_periods_that_an_unpaid_bill_holds_up(world):
    arrange(world, day=27, card=world.card("pm_card_chargeDeclined"))
    for _ in range(2):
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.advance(to=datetime(2026, 3, 1, 12, tzinfo=UTC))  # unpaid since 27 February; a renewal each waits since
    until = date(2026, 4, 28)

    ahead = forecasts.get_forecast(partner_id=world.partner_id, until=until, now=world.now)
    world.buy(ahead.buy_today.amount)
    world.advance(to=datetime(2026, 4, 28, 4, tzinfo=UTC))

    days = [str(local_date(p.at, world.time_zone)) for p in ahead.payments]
    assert days == ["2026-03-02", "2026-03-27", "2026-04-27"]  # at its retry; bought, it is paid at once
    assert [b.total.amount for b in closed(world)] == [p.amount.amount for p in ahead.payments]
    assert [b.invoice_count for b in closed(world)] == [2, 2, 2]
    assert sum(b.card_charged.amount for b in closed(world)) == 0
    assert world.wallet.balance.amount == 0


def test_a_bill_whose_retries_are_over_and_what_waits_for_it_ask_for_nothing(world):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.advance(to=datetime(2026, 4, 2, 12, tzinfo=UTC))  # unpaid since 15 February

    ahead = forecasts.get_forecast(partner_id=world.partner_id, until=date(2026, 5, 20), now=world.now)
    world.advance(days=48)

    assert (ahead.payments, ahead.buy_today.amount) == ([], 0)
    assert len(closed(world)) == 1


def test_an_account_that_an_unpaid_bill_holds_up_expires_at_once_when_it_is_canceled(world):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.advance(to=datetime(2026, 3, 7, 12, tzinfo=UTC))  # a period has been due for a week

    canceled = world.cancel(account.id)

    assert (canceled.status, canceled.expired_at) == (Status.EXPIRED, world.now)
    assert len(world.invoices()) == 1
    assert world.wallet.active_paid_accounts == 0


def test_an_account_that_an_unpaid_bill_holds_up_renews_with_the_next_sweep_once_it_leaves_the_bill(world):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    account = world.create(plan=STANDARD)
    join(world, account.id)
    world.advance(to=datetime(2026, 5, 7, 12, tzinfo=UTC))  # the bill is unpaid since 15 March, two renewals wait

    single_bills.take_account_off_bill(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)
    world.run_schedules()

    assert [(i.period.start.month, i.bill_id is None) for i in world.invoices()] == [
        (1, True),
        (2, False),
        (3, True),
        (4, True),
    ]
    assert world.account(account.id).waits_until is None


def test_no_account_joins_while_a_bill_is_unpaid_whoever_paid_for_it_so_far(world):
    arrange(world, day=15, card=world.card("pm_card_chargeDeclined"))
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    own, clients = world.create(plan=STANDARD), let_partner_manage(world.sign_up(plan=STANDARD).id)
    world.advance(to=datetime(2026, 2, 20, 12, tzinfo=UTC))  # the bill is unpaid since 15 February

    for account in (own, clients):
        with pytest.raises(NoSingleBill, match=r"until bill_.* is paid"):
            join(world, account.id)

    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=None, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )
    world.run_schedules()
    assert [join(world, each.id).payer for each in (own, clients)] == [world.partner_id] * 2


def test_leaving_the_bill_an_account_is_charged_to_its_own_card_at_list_price(world):
    arrange(world, day=15)
    account = world.create(plan=STANDARD)
    list_price = account.price.amount
    join(world, account.id)
    world.advance(days=28)

    single_bills.take_account_off_bill(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)
    world.advance(days=31)

    third = world.invoices()[2]
    assert (third.bill_id, third.card_charged.amount) == (None, list_price)


def test_an_account_created_onto_the_bill_needs_no_card_of_its_own(world):
    arrange(world, day=15)

    account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)

    (invoice,) = world.invoices(account.id)
    assert (invoice.status, invoice.billed) == (InvoiceStatus.OPEN, invoice.total)
    world.advance(days=16)
    assert world.invoices(account.id)[0].status is InvoiceStatus.PAID


def test_over_two_months_each_invoice_is_on_one_bill_and_every_bill_adds_up(world):
    arrange(world, day=31)
    for _ in range(6):
        account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        assert account.single_bill
        world.advance(days=4)

    world.advance(days=90)

    bills_closed = closed(world)
    assert [b.bill_number for b in bills_closed] == list(range(1, len(bills_closed) + 1))
    billed = Counter()
    for bill in bills_closed:
        listed = on_bill(world, bill.id)
        assert len(listed) == bill.invoice_count
        assert sum(i.billed.amount for i in listed) == bill.total.amount
        billed.update((i.account_id, i.period.start) for i in listed)
    assert set(billed.values()) == {1}
    assert len(world.invoices()) == sum(b.invoice_count for b in bills_closed) + world.wallet.single_bill.count
    assert world.wallet.held.amount == 0


def test_a_bill_of_five_accounts_is_closed_by_as_few_requests_as_one_of_one(monkeypatch):
    calls = []
    real = BaseClient._make_api_call
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda *args: (calls.append(args[1]), real(*args))[1])
    counts = []
    for number in (1, 5):
        each = World(program="solutions", names=100 * number)
        arrange(each, day=15)
        for _ in range(number):
            each.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        bill_id = each.wallet.single_bill.id
        each.now = each.now.replace(month=2, day=15, hour=12)
        calls.clear()
        assert bill_steps.take_due_step(bill_id=bill_id, now=each.now, actor=ACTOR) == "bill_paid"
        counts.append(len(calls))

    assert counts[0] == counts[1] > 0


def test_the_bill_day_31_is_the_last_day_of_a_short_month(world):
    arrange(world, day=31)
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)

    world.advance(days=30)

    assert [b.closed_at.date() for b in closed(world)] == [date(2026, 2, 28)]


def test_what_the_forecast_says_to_buy_pays_the_bills_before_its_date_and_a_cent_less_does_not():
    def on_cards(short_by: int) -> int:
        reset_aws()
        world = World(program="solutions")
        arrange(world, day=15)
        first = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        world.advance(days=4)
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        world.buy(1_000, account_id=first.id)
        until = date(2026, 4, 1)
        asked = forecasts.get_forecast(partner_id=world.partner_id, until=until, now=world.now).buy_today
        world.buy(asked.amount - short_by)
        world.advance(to=datetime(2026, 4, 1, 4, tzinfo=UTC))
        return sum(bill.card_charged.amount for bill in closed(world))

    assert on_cards(0) == 0
    assert on_cards(1) > 0


def test_the_forecast_lists_a_renewal_on_the_bill_that_money_set_aside_pays_at_once(world):
    arrange(world, day=15)
    account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.buy(9_000, account_id=account.id)

    asked = forecasts.get_forecast(partner_id=world.partner_id, until=date(2026, 3, 2), now=world.now)
    world.advance(to=datetime(2026, 3, 1, tzinfo=UTC))

    renewal = world.invoices()[-1]
    last = asked.payments[-1]
    assert (last.at, last.subject, last.prepaid) == (renewal.paid_at, account.id, renewal.prepaid_applied)
    assert not last.card


def test_the_forecast_knows_a_bill_whose_card_is_being_asked(world, monkeypatch):
    arrange(world, day=15)
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.now = datetime(2026, 2, 15, 7, tzinfo=UTC)
    with monkeypatch.context() as patched:
        patched.setattr(cards, "ask_card", lambda *_args, **_given: None)
        world.run_schedules()
    (bill,) = closed(world)

    asked = forecasts.get_forecast(partner_id=world.partner_id, until=date(2026, 2, 17), now=world.now)
    world.advance(days=1)

    assert [(payment.subject, payment.card) for payment in asked.payments] == [(bill.id, bill.total)]
    (paid,) = closed(world)
    assert [(payment.at, payment.card) for payment in asked.payments] == [(paid.paid_at, paid.card_charged)]


def test_a_bill_too_small_for_any_card_is_waived_in_the_open(world):
    arrange(world, day=15)
    account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    (invoice,) = world.invoices(account.id)
    wallet = world.wallet
    tiny = Money(30, "USD")
    commit([wallet_rows.put(replace(wallet, single_bill=replace(wallet.single_bill, total=tiny)))])

    world.advance(days=16)

    (bill,) = closed(world)
    assert (bill.status, bill.waived, bill.card_charged.amount) == (InvoiceStatus.PAID, tiny, 0)
    assert invoice.status is InvoiceStatus.OPEN
