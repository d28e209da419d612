"""What a review with an attacker's eyes found: each was wrong once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.config import settings
from chalicelib.domain.billing.invoices import MOST_ATTEMPTS, InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.gateways.payments import ProcessorMisconfigured
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.transactions import commit
from chalicelib.services.billing import bill_steps, invoices, payment_retries, refunds, single_bills
from chalicelib.services.billing.single_bills import Bill
from chalicelib.services.charging import charges
from chalicelib.services.events import event_log
from chalicelib.services.partners import billing_profiles
from chalicelib.services.partners.billing_profiles import ProfileInUse
from chalicelib.services.wallet import credit_packs, top_ups
from tests.world import ACTOR, World, raw_account

LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def partner(aws: None) -> World:
    """A solutions partner, on 5 January."""
    return World(program="solutions", now=datetime(2026, 1, 5, 15, tzinfo=UTC))


def arrange(world: World, *, day: int | None, card: str | None) -> None:
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=day, billing_profile_id=card, now=world.now, actor=ACTOR
    )


def closed(world: World) -> list[Bill]:
    return single_bills.list_bills(partner_id=world.partner_id, limit=10, start=None)[0]


def broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError("nobody foresaw this")


class TestCards:
    def test_the_card_of_the_single_bill_stays_on_file(self, partner: World) -> None:
        card = partner.card()
        arrange(partner, day=1, card=card)

        with pytest.raises(ProfileInUse, match="Single Bill"):
            billing_profiles.delete_profile(
                partner_id=partner.partner_id, profile_id=card, now=partner.now, actor=ACTOR
            )

    def test_the_card_of_the_automatic_top_up_stays_on_file(self) -> None:
        world = World()
        card = world.card()
        world.top_up(5_000, 5_000, card=card)

        with pytest.raises(ProfileInUse, match="automatic top-up"):
            billing_profiles.delete_profile(partner_id=world.partner_id, profile_id=card, now=world.now, actor=ACTOR)

    def test_a_new_card_of_the_same_profile_pays_a_bill_whose_retries_are_over(self, partner: World) -> None:
        card = partner.card("pm_card_chargeDeclined")
        arrange(partner, day=8, card=card)
        partner.create(plan=LITE, single_bill=True, billing_profile_id=None)
        partner.advance(days=20)
        assert closed(partner)[0].status is InvoiceStatus.OPEN

        profile = billing_profiles.get_profile(partner_id=partner.partner_id, profile_id=card)
        change = {"payment_method": "pm_card_visa"}
        billing_profiles.update_profile(profile=profile, changes=change, now=partner.now, actor=ACTOR)
        payment_retries.retry_soon(partner_id=partner.partner_id, profile_id=card, now=partner.now, actor=ACTOR)
        partner.run_schedules()

        assert closed(partner)[0].status is InvoiceStatus.PAID
        bill = partner.wallet.single_bill
        assert bill is not None
        assert bill.unpaid is None


class TestBillDay:
    @pytest.fixture
    def filled(self, partner: World) -> World:
        """On 10 February, with an invoice on a bill that was empty on its day, the 1st, and stayed open."""
        arrange(partner, day=1, card=partner.card())
        partner.advance(to=datetime(2026, 2, 5, 15, tzinfo=UTC))
        partner.create(plan=LITE, single_bill=True, billing_profile_id=None)
        partner.advance(to=datetime(2026, 2, 10, 15, tzinfo=UTC))
        return partner

    def test_another_card_leaves_the_bill_day_alone(self, filled: World) -> None:
        arrange(filled, day=None, card=filled.card())
        filled.advance(days=10)
        assert closed(filled) == []

        filled.advance(days=10)
        assert [bill.closed_at.date().isoformat() for bill in closed(filled)] == ["2026-03-01"]

    @pytest.mark.parametrize(("day", "closes"), [(20, "2026-02-20"), (5, "2026-03-05"), (10, "2026-02-10")])
    def test_another_day_is_the_next_one_of_that_number(self, filled: World, day: int, closes: str) -> None:
        arrange(filled, day=day, card=None)
        filled.advance(to=datetime(2026, 3, 8, tzinfo=UTC))

        assert [bill.closed_at.date().isoformat() for bill in closed(filled)] == [closes]

    def test_a_run_overtaken_while_it_read_parks_nothing(self, filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
        open_bill = single_bills.open_bill(partner_id=filled.partner_id).id
        alarm = bill_rows.get_alarm(open_bill)
        filled.advance(to=datetime(2026, 2, 28, 15, tzinfo=UTC))
        filled.now = datetime(2026, 3, 1, 15, tzinfo=UTC)
        filled.run_schedules()
        monkeypatch.setattr(bill_rows, "get_alarm", lambda _: alarm)  # as it was before the other run closed the bill

        assert bill_steps.take_due_step(bill_id=open_bill, now=filled.now, actor=ACTOR) == "bill_closed_elsewhere"


class TestTopUps:
    def test_turned_off_and_on_with_another_card_it_is_not_answered_with_an_old_decline(self) -> None:
        world = World()
        declined = world.card("pm_card_chargeDeclined")
        top_ups.set_up_top_up(
            partner_id=world.partner_id,
            below=5_000,
            amount=5_000,
            billing_profile_id=declined,
            now=world.now,
            actor=ACTOR,
        )
        for _ in range(3):
            assert top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR) == "top_up_notpaid"
            world.now += timedelta(days=1)

        top_ups.turn_off_top_up(partner_id=world.partner_id, now=world.now, actor=ACTOR)
        top_ups.set_up_top_up(
            partner_id=world.partner_id,
            below=5_000,
            amount=5_000,
            billing_profile_id=world.card(),
            now=world.now,
            actor=ACTOR,
        )

        assert top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR) == "top_up_paid"

    def test_one_that_breaks_holds_up_no_renewal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        account = world.create()
        monkeypatch.setattr(top_ups, "run", broken)

        world.advance(days=29)

        assert len(world.invoices(account.id)) == 2


class TestWorker:
    def test_a_refund_that_breaks_is_parked_and_the_renewals_go_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        account = world.create()
        (invoice,) = world.invoices()
        refund_id = new_id("txn", at=world.now)
        wanted = {"refund_id": refund_id, "partner_id": world.partner_id, "invoice_id": invoice.id, "amount": None}
        with monkeypatch.context() as patched:
            patched.setattr(SandboxPayments, "refund", broken)
            with pytest.raises(RuntimeError):
                refunds.refund_invoice(**wanted, now=world.now, actor=ACTOR)
            world.advance(days=29)
        assert len(world.invoices(account.id)) == 2

        refunds.refund_invoice(**wanted, now=world.now, actor=ACTOR)  # mended: the same request finishes it

        assert journal_rows.get(world.partner_id, refund_id) is not None

    def test_a_processor_that_refuses_our_key_parks_no_account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: Any, **__: Any) -> Any:
            raise ProcessorMisconfigured("the key was rolled")

        world = World()
        account = world.create()
        alarm = world.next_alarm()
        with monkeypatch.context() as patched:
            patched.setattr(SandboxPayments, "charge", refused)
            with pytest.raises(ProcessorMisconfigured):
                world.advance(days=29)
            world.now += timedelta(minutes=3)
            with pytest.raises(ProcessorMisconfigured):
                world.run_schedules()
        assert alarm is not None
        assert raw_account(account.id).due_shard == "renewals#00"

        world.run_schedules(healing=True)

        assert [invoice.status for invoice in world.invoices()] == [InvoiceStatus.PAID] * 2


class TestLimits:
    def test_an_invoice_keeps_its_newest_attempts_only(self) -> None:
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

        with pytest.raises(charges.CardDeclined):
            payment_retries.retry_payment(
                partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR
            )

        invoice = invoice_rows.get(world.partner_id, overdue.invoice_id)
        assert invoice is not None
        assert (len(invoice.attempts), invoice.attempts[-1].number) == (MOST_ATTEMPTS, 2)

    def test_few_invoices_among_many_take_few_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        world.create()
        (invoice,) = world.invoices()
        for number in range(2, 400):
            copy = replace(invoice, id=f"inv_{number:026d}", number=number, version=0, revision=0)
            if number in (7, 5, 3):
                copy = replace(copy, status=InvoiceStatus.OPEN)
            commit([invoice_rows.put(copy, now=world.now, actor=ACTOR, event="invoice.paid")])
        asked: list[str] = []
        dispatch = Connection.dispatch

        def counted(self: Connection, operation: str, *args: Any, **kwargs: Any) -> Any:
            asked.append(operation)
            return dispatch(self, operation, *args, **kwargs)

        monkeypatch.setattr(Connection, "dispatch", counted)
        found, numbers, start = [], [], None
        for _ in range(3):
            found, start = invoices.list_invoices(
                partner_id=world.partner_id,
                account_id=None,
                status=InvoiceStatus.OPEN,
                since=None,
                until=None,
                limit=1,
                start=start,
            )
            numbers += [each.number for each in found]

        assert (numbers, start) == ([7, 5, 3], None)
        assert asked.count("Query") < 10


def test_a_partner_in_no_time_zone_is_refused(aws: None) -> None:
    with pytest.raises(Invalid) as caught:
        World(time_zone="Factory")

    assert caught.value.errors[0][0] == "time_zone"


def test_a_new_card_is_soon_tried_for_every_account_it_pays_for(aws: None) -> None:
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


def test_an_event_tells_credits_as_no_currency(aws: None) -> None:
    world = World()
    entry = credit_packs.grant_credits(
        entry_id=new_id("txn", at=world.now),
        partner_id=world.partner_id,
        kind=CreditKind.SMS,
        quantity=500,
        now=world.now,
        actor=ACTOR,
    )
    put = journal_rows.put(entry, actor=ACTOR, event="sms.granted")

    (event,) = event_log.events_of(settings().ledger_table, None, put.row.serialize())

    assert event is not None
    assert (event.data["amount"], event.data["currency"]) == (500, None)
