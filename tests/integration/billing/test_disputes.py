"""Disputes: looked up at the processor, recorded once, and entered in the books when they are lost."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.proration import paid_for
from chalicelib.domain.audit import Kind
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.disputes import Dispute, DisputeStatus, Noted, Reported
from chalicelib.domain.ids import new_id
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.journal import EntryKind
from chalicelib.gateways.payments import Declined, OutcomeUnknown
from chalicelib.gateways.sandbox_payments import DISPUTED_FOR, SandboxPayments
from chalicelib.models.billing import invoice_lists
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.disputes import DisputeAlarmRow, DisputeRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.billing.journal import EntryRow
from chalicelib.services.accounts import carried_invoices
from chalicelib.services.audit import payer_audits
from chalicelib.services.billing import disputes, failed_refunds, refunds, single_bills
from chalicelib.services.billing.refunds import NotRefundable, PaymentDisputed
from chalicelib.services.events import event_log
from chalicelib.services.setup import provisioning
from tests.books import images
from tests.builders import usd
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
LOST, WON = "pm_card_createDisputeLost", "pm_card_createDispute"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)


def refund(world: World, invoice_id: str, amount: int | None = None) -> None:
    refunds.refund_invoice(
        refund_id=new_id("txn", at=world.now),
        payer=world.partner_id,
        invoice_id=invoice_id,
        amount=amount,
        now=world.now,
        actor="operator",
    )


def refund_purchase(world: World, purchase_id: str, amount: int | None = None) -> None:
    refunds.refund_purchase(
        refund_id=new_id("txn", at=world.now),
        payer=world.partner_id,
        purchase_id=purchase_id,
        amount=amount,
        now=world.now,
        actor="operator",
    )


def paid_with(card: str, *, prepaid: int = 0) -> World:
    """An account whose first period was paid with this card; the processor's report has not been looked at."""
    world = World()
    if prepaid:
        world.buy(prepaid)
    world.create(billing_profile_id=world.card(card))
    return world


def disputed(card: str = LOST, *, prepaid: int = 0) -> World:
    """The same, with the dispute open."""
    world = paid_with(card, prepaid=prepaid)
    world.run_schedules()
    return world


def decided(world: World) -> World:
    world.advance(days=DISPUTED_FOR.days + 1)
    return world


def only(world: World) -> Dispute:
    (dispute,) = all_disputes()
    return dispute


def all_disputes() -> list[Dispute]:
    return disputes.list_disputes(limit=100, start=None)[0]


def events() -> list[tuple[str, Any]]:
    """What the rows of disputes publish now."""
    rows = [image for image in images(settings().ledger_table) if image["id"]["S"].startswith("disp_")]
    found = [event for row in rows for event in event_log.events_of(settings().ledger_table, None, row)]
    return [(event.type, event.data) for event in found]


def findings(world: World) -> list[tuple[Kind, str]]:
    found = payer_audits.audit_partner(partner_id=world.partner_id, now=world.now).findings
    return [(each.kind, each.subject) for each in found if each.subject != world.partner_id]


def alarms() -> list[str]:
    return [i["id"]["S"] for i in images(settings().accounts_table) if i["id"]["S"].startswith("disp_")]


def says(world: World, **changes: Any) -> Any:
    """The processor says this of the world's dispute."""
    reported = SandboxPayments().find_dispute(reference=only(world).reference, now=world.now)
    assert reported is not None
    return patch.object(SandboxPayments, "find_dispute", return_value=replace(reported, **changes))


def look(world: World) -> str:
    return disputes.look_up(reference=only(world).reference, now=world.now, actor=ACTOR)


class TestAnOpenDispute:
    def test_it_is_recorded_on_the_invoice_and_published_once(self) -> None:
        world = disputed()

        (invoice,), dispute = world.invoices(), only(world)
        assert invoice.disputes == (dispute.noted,)
        assert (dispute.status, dispute.amount.amount, dispute.reason) == ("open", 4_900, "fraudulent")
        assert (dispute.invoice_id, dispute.account_id, dispute.number) == (invoice.id, invoice.account_id, 1)
        assert dispute.evidence_due == world.now + DISPUTED_FOR
        ((type, data),) = events()
        assert (type, data["invoice_id"], data["number"]) == ("dispute.opened", invoice.id, "000001")
        assert (data["opened_at"], data["closed_at"]) == ("2026-01-31T15:00:00Z", None)
        assert world.journal() == []
        assert findings(world) == []

    def test_nothing_of_its_payment_is_refunded(self) -> None:
        world = disputed(prepaid=1_900)

        with pytest.raises(PaymentDisputed, match="cardholder disputes"):
            refund(world, world.invoices()[0].id, 100)

    def test_one_reported_twice_is_recorded_once(self) -> None:
        world = disputed()

        assert [look(world), look(world)] == ["dispute_looked_up", "dispute_looked_up"]

        assert only(world).revision == 1
        assert len(alarms()) == 1

    def test_an_inquiry_may_be_answered_with_a_refund(self) -> None:
        world = disputed()
        with says(world, refundable=True):
            look(world)
        row_allows = patch.object(SandboxPayments, "refund", lambda *_, **asked: refunded(asked["key"]))

        with row_allows:
            refund(world, world.invoices()[0].id)

        assert world.invoices()[0].refunded.amount == 4_900

    def test_what_was_paid_for_a_failed_account_waits_for_the_bank(self) -> None:
        world = disputed()
        (invoice,) = world.invoices()

        given_back = provisioning._given_back(
            invoice, world.account(invoice.account_id or ""), now=world.now, actor="x"
        )

        assert not given_back


def refunded(key: str) -> Any:
    from chalicelib.gateways.payments import Refunded

    return Refunded(f"re_{key}")


class TestALostDispute:
    def test_the_bank_takes_the_cards_part_back_and_the_books_say_so(self) -> None:
        world = decided(disputed(prepaid=1_900))

        (invoice,), dispute = world.invoices(), only(world)
        entry = world.journal()[-1]
        assert (dispute.status, dispute.taken_back, dispute.closed_at) == (
            "lost",
            Money(3_000, "USD"),
            dispute.closed_at,
        )
        assert dispute.closed_at is not None
        assert (invoice.status, invoice.refunded.amount, invoice.refunded_to_card) == (
            "paid",
            3_000,
            Money(3_000, "USD"),
        )
        assert invoice.credit_notes == ()
        assert (entry.kind, entry.amount.amount, entry.to_card) == ("dispute_lost", 0, Money(3_000, "USD"))
        assert (entry.dispute_id, entry.invoice_id) == (dispute.id, invoice.id)
        assert events()[-1][0] == "dispute.lost"
        assert alarms() == []
        assert findings(world) == []

    def test_what_the_period_has_been_paid_for_is_less(self) -> None:
        world = decided(disputed())
        account = world.account(world.invoices()[0].account_id or "")

        assert paid_for(reversed(carried_invoices.of_account(account)), currency="USD").paid == Money(0, "USD")

    def test_the_prepaid_part_can_be_refunded_and_no_cent_more(self) -> None:
        world = decided(disputed(prepaid=1_900))
        (invoice,) = world.invoices()

        refund(world, invoice.id)

        assert world.wallet.balance.amount == 1_900
        with pytest.raises(NotRefundable):
            refund(world, invoice.id)
        assert findings(world) == []

    def test_of_what_was_refunded_before_nothing_is_taken_twice(self) -> None:
        world = paid_with(LOST)
        refund(world, world.invoices()[0].id, 4_000)

        world.run_schedules()
        with says(world, amount=Money(4_900, "USD"), status=DisputeStatus.LOST):
            look(world)

        assert only(world).taken_back == Money(900, "USD")
        assert world.invoices()[0].refunded_to_card == Money(4_900, "USD")

    def test_an_amount_in_the_banks_currency_stands_for_all_that_is_left(self) -> None:
        world = disputed()

        with says(world, amount=Money(4_111, "EUR"), status=DisputeStatus.LOST):
            look(world)

        assert only(world).taken_back == Money(4_900, "USD")

    def test_one_first_heard_of_when_it_is_lost_was_opened_as_well(self) -> None:
        world = paid_with(LOST)
        SandboxPayments().find_dispute(reference=reference_of(world), now=world.now)
        world.receive()
        world.now += DISPUTED_FOR

        disputes.look_up(reference=reference_of(world), now=world.now, actor=ACTOR)

        assert [type for type, _ in events()] == ["dispute.opened", "dispute.lost"]
        assert findings(world) == []

    def test_one_that_is_won_after_all_gives_the_money_back(self) -> None:
        world = decided(disputed())

        with says(world, status=DisputeStatus.WON):
            look(world)
            look(world)

        lost, undone = world.journal()
        assert (undone.kind, undone.to_card) == (EntryKind.RETURNED, -(lost.to_card or Money(0, "USD")))
        assert world.invoices()[0].refunded.amount == 0
        assert only(world).status == "won"
        with says(world, status=DisputeStatus.LOST):
            look(world)
        assert [entry.kind for entry in world.journal()] == ["dispute_lost", "returned", "dispute_lost"]
        assert findings(world) == []


def reference_of(world: World) -> str:
    (invoice,) = world.invoices()
    return (invoice.reference or "").replace("pi_", "du_", 1)


class TestARefundThatFailsAfterItsDisputeWasLost:
    """The card had accepted both; then the bank says that it got nothing of the refund, and has the dispute's money."""

    def test_the_bank_has_the_money_and_nobody_gets_it_twice(self) -> None:
        world = paid_with(LOST)
        refund(world, world.invoices()[0].id, 4_000)
        world.run_schedules()
        lost = says(world, amount=Money(4_900, "USD"), status=DisputeStatus.LOST)
        with lost:
            look(world)
        assert alarms() == []

        refund_fails(world)

        assert alarms() == [only(world).id]
        with pytest.raises(PaymentDisputed, match="in a few minutes"):
            refund(world, world.invoices()[0].id)
        with lost:
            world.run_schedules()
        assert [each.to_card for each in world.journal()] == [usd(4_000), usd(900), usd(-4_000), usd(4_000)]
        assert (only(world).taken_back, world.invoices()[0].refunded_to_card) == (usd(4_900), usd(4_900))
        assert (only(world).revision, alarms()) == (2, [])
        at_the_sandbox_nothing_failed = {Kind.CARD_REFUNDS, Kind.CARD_DISPUTES}
        assert {kind for kind, _ in findings(world)} == at_the_sandbox_nothing_failed

    def test_prepaid_money_that_came_back_is_gone_again(self) -> None:
        world = World()
        bought = world.buy(5_000, card=world.card(LOST))
        refund_purchase(world, bought.id, 4_000)
        world.run_schedules()
        lost = says(world, amount=Money(5_000, "USD"), status=DisputeStatus.LOST)
        with lost:
            look(world)

        refund_fails(world)
        assert world.wallet.balance == usd(4_000)
        with lost:
            world.run_schedules()

        assert (world.wallet.balance, only(world).from_wallet) == (usd(0), usd(5_000))

    def test_without_an_alarm_the_audit_finds_it(self) -> None:
        world = paid_with(LOST)
        refund(world, world.invoices()[0].id, 4_000)
        world.run_schedules()
        with says(world, amount=Money(4_900, "USD"), status=DisputeStatus.LOST):
            look(world)
        refund_fails(world)

        assert (Kind.DISPUTES, only(world).id) not in findings(world)
        DisputeAlarmRow.get(only(world).id).delete()
        assert (Kind.DISPUTES, only(world).id) in findings(world)


def refund_fails(world: World) -> None:
    (refund_id,) = [entry.id for entry in world.journal() if entry.kind is EntryKind.REFUND]
    with patch.object(SandboxPayments, "find_refund", return_value=Declined("expired_or_canceled_card")):
        failed_refunds.undo_if_failed(payer=world.partner_id, refund_id=refund_id, now=world.now, actor=ACTOR)


class TestAWonDispute:
    def test_the_payment_stands_and_can_be_refunded_again(self) -> None:
        world = decided(disputed(WON))

        assert (only(world).status, world.invoices()[0].refunded.amount) == ("won", 0)
        assert world.journal() == []
        assert events()[-1][0] == "dispute.won"
        refund(world, world.invoices()[0].id)
        assert findings(world) == []


class TestOfPrepaidMoney:
    def lost(self, *, spent: bool) -> World:
        world = World()
        world.buy(5_000, card=world.card(LOST))
        if spent:
            world.create()
        world.run_schedules()
        (bought, *_) = world.journal()
        with pytest.raises(PaymentDisputed):
            refund_purchase(world, bought.id)
        return decided(world)

    def test_it_is_gone(self) -> None:
        world = self.lost(spent=False)

        assert world.wallet.balance.amount == 0
        bought, entry = world.journal()
        assert (bought.refunded, bought.disputes) == (Money(5_000, "USD"), (only(world).noted,))
        assert (entry.kind, entry.amount.amount, entry.purchase_id) == ("dispute_lost", -5_000, bought.id)
        assert findings(world) == []

    def test_what_was_spent_is_not_and_the_wallet_is_never_negative(self) -> None:
        world = self.lost(spent=True)

        entry = world.journal()[-1]
        assert (entry.amount.amount, entry.to_card) == (-100, Money(5_000, "USD"))
        assert (world.wallet.balance.amount, only(world).from_wallet) == (0, Money(100, "USD"))
        assert findings(world) == []
        with says(world, status=DisputeStatus.WON):
            look(world)
        assert world.wallet.balance.amount == 100


class TestOfASingleBill:
    def lost(self) -> tuple[World, list[Invoice]]:
        world = World(program="solutions")
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=15, billing_profile_id=world.card(LOST), now=world.now, actor=ACTOR
        )
        for _ in range(2):
            world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        world.advance(days=16)
        world.run_schedules()
        return world, world.invoices()

    def test_its_invoices_show_it_and_can_not_be_refunded(self) -> None:
        world, (first, second) = self.lost()

        assert [each.disputes for each in (first, second)] == [(only(world).noted,)] * 2
        with pytest.raises(PaymentDisputed):
            refund(world, first.id)

    def test_each_loses_its_share_and_nothing_is_left_to_refund(self) -> None:
        world, _ = self.lost()
        decided(world)

        first, second = world.invoices()
        (bill,) = bill_rows.of_payer(world.partner_id, limit=10, start=None)[0]
        assert bill.refunded_to_card == bill.card_charged == only(world).taken_back
        assert (first.refunded, second.refunded) == (first.total, second.total)
        with pytest.raises(NotRefundable):
            refund(world, first.id)
        account = world.account(first.account_id or "")
        assert paid_for(reversed(carried_invoices.of_account(account)), currency="USD").paid == Money(0, "USD")
        assert findings(world) == []


class TestOfAPayingClient:
    def test_it_is_lost_as_a_partners_is_and_the_partner_sees_nothing_of_it(self) -> None:
        world = World()
        account = world.sign_up(LOST)
        world.run_schedules()
        (invoice,) = own_invoices(account.id)
        with pytest.raises(PaymentDisputed):
            refunds.refund_invoice(
                refund_id="txn_1",
                payer=account.id,
                invoice_id=invoice.id,
                amount=None,
                now=world.now,
                actor="operator",
            )

        decided(world)

        (invoice,), dispute = own_invoices(account.id), only(world)
        assert (dispute.payer, dispute.account_id, dispute.status) == (account.id, account.id, "lost")
        assert (invoice.refunded, invoice.disputes) == (invoice.total, (dispute.noted,))
        assert payer_audits.audit_client(account_id=account.id, now=world.now).findings == []
        assert (world.invoices(), world.journal(), findings(world)) == ([], [], [])


def own_invoices(payer: str) -> list[Invoice]:
    return invoice_lists.of_payer(payer, status=None, since=None, until=None, limit=10, start=None)[0]


class TestReports:
    def test_of_a_charge_that_is_no_charge_of_ours_nothing_is_recorded(self) -> None:
        world = paid_with("pm_card_visa")

        assert disputes.look_up(reference="du_nobody-1", now=world.now, actor=ACTOR) == "dispute_unknown"
        assert disputes.look_up(reference=reference_of(world), now=world.now, actor=ACTOR) == "dispute_unknown"
        assert (all_disputes(), alarms()) == ([], [])

    def test_of_another_payment_than_the_books_have_nothing_is_recorded(self) -> None:
        world = disputed()
        (invoice,) = world.invoices()
        other = replace_reported(only(world), invoice, payment="pi_other")

        with patch.object(SandboxPayments, "find_dispute", return_value=other):
            assert disputes.look_up(reference="du_other", now=world.now, actor=ACTOR) == "dispute_waits"
        world.now += timedelta(days=2)
        with patch.object(SandboxPayments, "find_dispute", return_value=other):
            assert disputes.look_up(reference="du_other", now=world.now, actor=ACTOR) == "dispute_unknown"

        assert [dispute.id for dispute in all_disputes()] == alarms() == [invoice.disputes[0].id]

    def test_one_that_comes_before_the_charge_is_settled_is_looked_at_again(self) -> None:
        world = World()
        card = world.card(LOST)
        charged: dict[str, Any] = {}

        def report_first(self: Any, **asked: Any) -> Any:
            answer = real(self, **asked)
            charged["done"] = disputes.look_up(reference=f"du_{asked['key']}", now=world.now, actor=ACTOR)
            return answer

        real = SandboxPayments.charge
        with patch.object(SandboxPayments, "charge", report_first):
            world.create(billing_profile_id=card)
        assert (charged["done"], all_disputes()) == ("dispute_waits", [])
        world.receive()

        world.advance(days=1)

        assert world.invoices()[0].disputes == (only(world).noted,)

    def test_without_an_answer_the_message_comes_again(self) -> None:
        world = paid_with(LOST)

        with (
            patch.object(SandboxPayments, "find_dispute", side_effect=OutcomeUnknown("no answer")),
            pytest.raises(OutcomeUnknown),
        ):
            world.run_schedules()

        assert all_disputes() == []

    def test_the_end_of_one_is_found_although_its_report_is_lost(self) -> None:
        world = disputed()

        world.advance(days=8)

        assert only(world).status == "lost"

    def test_an_alarm_that_rings_early_asks_nobody(self) -> None:
        world = disputed()

        with patch.object(SandboxPayments, "find_dispute", side_effect=AssertionError):
            assert disputes.look_again(dispute_id=only(world).id, now=world.now, actor=ACTOR) == "dispute_not_due"


def replace_reported(dispute: Dispute, invoice: Invoice, **changes: Any) -> Reported:
    reported = Reported(
        processor="sandbox",
        reference="du_other",
        payment=invoice.reference or "",
        payer=dispute.payer,
        charge_id=invoice.id,
        amount=dispute.amount,
        reason="general",
        status=DisputeStatus.OPEN,
        opened_at=dispute.opened_at,
    )
    return replace(reported, **changes)


def test_operators_list_them_newest_first_page_by_page() -> None:
    first = disputed()
    later = World(now=first.now + timedelta(hours=1), partner_id=first.partner_id, names=5)
    later.create(billing_profile_id=later.card(WON))
    later.run_schedules()

    newest, start = disputes.list_disputes(limit=1, start=None)
    oldest, end = disputes.list_disputes(limit=1, start=start)

    assert newest[0].opened_at > oldest[0].opened_at
    assert end is None


class TestTheAuditFinds:
    def test_a_dispute_the_invoice_does_not_name(self) -> None:
        world = decided(disputed())
        (invoice,) = world.invoices()
        self.change(InvoiceRow.get(world.partner_id, invoice.id), disputes=())

        assert findings(world) == [(Kind.DISPUTES, invoice.id)]

    def test_a_lost_dispute_without_its_money(self) -> None:
        world = decided(disputed())
        dispute = only(world)
        self.change(DisputeRow.get(world.partner_id, dispute.id), taken_back=Money(4_899, "USD"))

        found = findings(world)

        assert (Kind.DISPUTES, dispute.id) in found

    def test_a_dispute_lost_at_the_processor_alone(self) -> None:
        world = decided(disputed(WON))
        (invoice,) = world.invoices()
        from chalicelib.gateways.sandbox_payments import MemoryRow

        row = MemoryRow.get(f"key#{(invoice.reference or '').removeprefix('pi_')}")
        self.change(row, dispute=row.dispute | {"status": "lost"})

        assert findings(world) == [(Kind.CARD_DISPUTES, invoice.id)]

    def test_a_lost_entry_in_the_journal(self) -> None:
        world = decided(disputed())
        (entry,) = world.journal()
        self.change(EntryRow.get(world.partner_id, entry.id), to_card=Money(4_800, "USD"))

        assert {kind for kind, _ in findings(world)} >= {Kind.DISPUTES, Kind.INVOICE_REFUNDS}

    def test_an_open_dispute_nobody_will_ask_about(self) -> None:
        world = disputed()
        DisputeAlarmRow.get(only(world).id).delete()

        assert findings(world) == [(Kind.ALARM_MISSING, only(world).id)]

    def test_a_dispute_of_a_payment_that_is_not_in_the_books(self) -> None:
        world = disputed()
        self.change(DisputeRow.get(world.partner_id, only(world).id), charge_id="inv_NOBODY")

        assert (Kind.DISPUTES, "inv_NOBODY") in findings(world)

    def test_a_purchase_that_is_disputed_by_nobody(self) -> None:
        world = World()
        bought = world.buy(5_000)
        nobody = Noted("disp_NOBODY", DisputeStatus.OPEN, Money(1, "USD"), "general", world.now)
        self.change(EntryRow.get(world.partner_id, bought.id), disputes=(nobody,))

        assert findings(world) == [(Kind.DISPUTES, bought.id)]

    def change(self, row: Any, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(row, name, value)
        row.save()
