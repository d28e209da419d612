"""Bill days on which something else happens at the same moment, or did not happen in time (docs/rules.md §6)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from chalicelib.config import settings
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill, closing_charge
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.money import Money
from chalicelib.models import alarms
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.single_bills import BillAlarm
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.billing import bill_steps, single_bills
from chalicelib.services.charging.bill_intents import BillIntent
from chalicelib.services.events import event_log
from chalicelib.services.partners import partners
from tests.books import images
from tests.breaker import Breaker, Fault
from tests.builders import usd
from tests.faults import Stored
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
BILL_DAY = datetime(2026, 2, 15, 6, tzinfo=UTC)  # in Chicago


def arrange(world: World, *, day: int | None = None, card: str | None = None) -> None:
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=day, billing_profile_id=card, now=world.now, actor=ACTOR
    )


@pytest.fixture
def world() -> World:
    """A partner of the solutions program with a Single Bill on the 15th."""
    world = World(program="solutions")
    arrange(world, day=15, card=world.card())
    return world


def open_alarm(world: World) -> BillAlarm:
    bill = world.wallet.single_bill
    assert bill is not None
    alarm = bill_rows.get_alarm(bill.id)
    assert alarm is not None
    return alarm


def closed(world: World) -> Bill:
    ((bill,), _) = single_bills.list_bills(partner_id=world.partner_id, limit=100, start=None)
    return bill


class TestTheArrangementIsChangedOnTheBillDay:
    @pytest.mark.parametrize("billed", [pytest.param(False, id="an empty bill"), pytest.param(True, id="a bill")])
    def test_at_any_call_of_the_run_the_bill_keeps_an_alarm_and_is_not_parked(self, world: World, billed: bool) -> None:
        if billed:
            world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        world.now = BILL_DAY
        card, stored, watched = world.card(), Stored.now(), Breaker()
        with watched.watching():
            world.run_schedules()

        for place in range(len(watched.calls)):
            stored.restore()
            rival = Breaker(place=place, fault=Fault.OVERTAKEN, overtake=lambda: arrange(world, day=20, card=card))
            with rival.watching():
                world.run_schedules()
            world.now += timedelta(minutes=3)
            world.run_schedules(healing=True)
            world.now = BILL_DAY

            assert rival.injected
            assert alarms.parked() == []
            alarm = open_alarm(world)
            assert alarm.due_at is not None
            assert alarm.due_at > world.now, f"overtaken at {watched.calls[place]}, the bill stays due"

    def test_an_empty_bill_that_was_arranged_anew_is_closed_with_what_came_since(self, world: World) -> None:
        world.now = BILL_DAY
        overtaken = Breaker(place=5, fault=Fault.OVERTAKEN, overtake=lambda: arrange(world, day=15, card=world.card()))
        with overtaken.watching():
            world.run_schedules()
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)

        world.advance(days=70)

        found, _ = single_bills.list_bills(partner_id=world.partner_id, limit=100, start=None)
        assert [(str(bill.closed_at.date()), bill.invoice_count) for bill in reversed(found)] == [
            ("2026-03-15", 2),
            ("2026-04-15", 1),
        ]


class TestRetriesOfADeclinedBill:
    @pytest.fixture
    def declined(self, world: World) -> World:
        """Its bill of 15 February was declined; then nothing ran for ten days."""
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        arrange(world, card=world.card("pm_card_chargeDeclined"))
        world.now = BILL_DAY
        world.run_schedules()
        world.now += timedelta(days=10)
        return world

    def alarm(self, world: World) -> BillAlarm:
        alarm = bill_rows.get_alarm(closed(world).id)
        assert alarm is not None
        return alarm

    def test_three_cards_arranged_on_one_day_after_an_outage_use_up_one_scheduled_retry(self, declined: World) -> None:
        for _ in range(3):
            arrange(declined, card=declined.card("pm_card_chargeDeclined"))
            declined.run_schedules()

        alarm = self.alarm(declined)
        assert (alarm.retries, alarm.attempts) == (1, 4)
        assert alarm.due_at == datetime(2026, 2, 26, 6, tzinfo=UTC)

    def test_retries_that_an_outage_has_put_off_are_a_day_apart(self, declined: World) -> None:
        declined.run_schedules()
        declined.now += timedelta(minutes=1)
        declined.run_schedules()
        tried = [len(closed(declined).attempts)]
        for _ in range(4):
            declined.advance(days=1)
            tried.append(len(closed(declined).attempts))

        assert tried == [2, 3, 4, 5, 5]
        assert self.alarm(declined).due_at is None

    def test_after_the_last_retry_another_card_pays_it(self, declined: World) -> None:
        declined.advance(days=5)
        arrange(declined, card=declined.card())

        declined.run_schedules()

        assert closed(declined).status is InvoiceStatus.PAID


class TestEventsOfABill:
    def published(self, world: World) -> list[tuple[str, int]]:
        """The events of the bill's row as it is stored, in order."""
        table = settings().ledger_table
        stored = [image for image in images(table) if image["id"]["S"].startswith("bill_")]
        found = sorted(
            (event for image in stored for event in event_log.events_of(table, None, image)), key=lambda e: e.id
        )
        return [(event.type, event.data["invoice_count"]) for event in found]

    def test_a_bill_that_prepaid_money_covers_is_closed_and_then_paid(self, world: World) -> None:
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        world.buy(100_000)
        world.now = BILL_DAY

        world.run_schedules()

        assert closed(world).card_charged.amount == 0
        assert self.published(world) == [("bill.closed", 1), ("bill.paid", 1)]

    def test_the_same_row_read_twice_is_the_same_two_events(self, world: World) -> None:
        self.test_a_bill_that_prepaid_money_covers_is_closed_and_then_paid(world)
        table = settings().ledger_table
        (image,) = [image for image in images(table) if image["id"]["S"].startswith("bill_")]

        first, second = event_log.publish([(table, None, image)]), event_log.publish([(table, None, image)])

        assert first == second
        assert event_log.events_of(table, image, image) == []


@pytest.mark.parametrize(
    ("total", "count", "outdated"),
    [
        pytest.param(0, 0, False, id="as it was read"),
        pytest.param(1, 0, True, id="a cent more"),
        pytest.param(0, 1, True, id="one invoice more for the same total"),
    ],
)
def test_a_closing_is_outdated_when_total_or_count_moved(world: World, total: int, count: int, outdated: bool) -> None:
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    wallet = wallet_rows.get(world.partner_id)
    bill = wallet.single_bill
    partner = partners.get_partner(partner_id=world.partner_id)
    program = partners.program_of(partner_id=world.partner_id)
    intent = BillIntent(
        open_alarm(world),
        closing_charge(bill, now=world.now),
        bill_steps._closed_bill(bill, world.partner_id, world.now),
        partner,
        program,
        following=BillAlarm(id="bill_next", payer=world.partner_id, due_at=None),
    )

    moved = replace(bill, total=bill.total + Money(total, "USD"), count=bill.count + count)

    assert intent.is_outdated(replace(wallet, single_bill=moved)) is outdated


class TestABillThatWasEmptyOnItsDay:
    @pytest.fixture
    def filled(self, aws: None) -> World:
        """On 10 February, with an invoice on a bill that was empty on its day, the 1st, and stayed open."""
        partner = World(program="solutions", now=datetime(2026, 1, 5, 15, tzinfo=UTC))
        arrange(partner, day=1, card=partner.card())
        partner.advance(to=datetime(2026, 2, 5, 15, tzinfo=UTC))
        partner.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        partner.advance(to=datetime(2026, 2, 10, 15, tzinfo=UTC))
        return partner

    def test_another_card_leaves_the_bill_day_alone(self, filled: World) -> None:
        arrange(filled, day=None, card=filled.card())
        filled.advance(days=10)
        assert closing_days(filled) == []

        filled.advance(days=10)
        assert closing_days(filled) == ["2026-03-01"]

    @pytest.mark.parametrize(("day", "closes"), [(20, "2026-02-20"), (5, "2026-03-05"), (10, "2026-02-10")])
    def test_another_day_is_the_next_one_of_that_number(self, filled: World, day: int, closes: str) -> None:
        arrange(filled, day=day, card=None)
        filled.advance(to=datetime(2026, 3, 8, tzinfo=UTC))

        assert closing_days(filled) == [closes]

    def test_a_run_overtaken_while_it_read_sets_nothing_apart(
        self, filled: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        open_bill = single_bills.open_bill(partner_id=filled.partner_id).id
        alarm = bill_rows.get_alarm(open_bill)
        filled.advance(to=datetime(2026, 2, 28, 15, tzinfo=UTC))
        filled.now = datetime(2026, 3, 1, 15, tzinfo=UTC)
        filled.run_schedules()
        monkeypatch.setattr(bill_rows, "get_alarm", lambda _: alarm)  # as it was before the other run closed the bill

        assert bill_steps.take_due_step(bill_id=open_bill, now=filled.now, actor=ACTOR) == "bill_closed_elsewhere"


def closing_days(world: World) -> list[str]:
    bills, _ = single_bills.list_bills(partner_id=world.partner_id, limit=10, start=None)
    return [bill.closed_at.date().isoformat() for bill in bills]


@pytest.mark.parametrize(
    ("contacts", "day", "total"),
    [pytest.param(500, 10, 39, id="too little for a card"), pytest.param(1000, None, 3120, id="a usual amount")],
)
def test_what_is_due_of_a_new_account_is_what_goes_on_the_bill(contacts: int, day: int | None, total: int) -> None:
    world = World(program="solutions", now=datetime(2026, 1, 9, 15, tzinfo=UTC))
    arrange(world, day=15, card=world.card())
    world.buy(5_000)
    plan = PlanRequest("S1", "email", "lite" if contacts == 500 else "standard", contacts, Frequency.MONTHLY)
    create = partial(world.create, plan=plan, single_bill=True, billing_profile_id=None, billing_day=day)

    with pytest.raises(QuoteChanged) as changed:
        create(expect_due_today=0)
    account = create(expect_due_today=total)

    quote = changed.value.quote
    assert (quote.due_today, quote.prepaid_applied, quote.card_charge) == (usd(total), usd(0), usd(0))
    (invoice,) = world.invoices()
    assert (invoice.account_id, invoice.billed) == (account.id, usd(total))
