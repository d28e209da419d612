"""Refunds of invoices, paid by themselves or by a Single Bill, and of prepaid money."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.config import settings
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.partners.billing_profiles import CardName
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.wallet.journal import Entry
from chalicelib.gateways.payments import Declined, OutcomeUnknown
from chalicelib.gateways.sandbox_payments import MemoryRow, SandboxPayments, _refund_reference
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.programs import program
from chalicelib.services.audit import payer_audits
from chalicelib.services.billing import failed_refunds, refunds, single_bills
from chalicelib.services.billing.refunds import NotRefundable
from chalicelib.services.charging import cards, charges
from chalicelib.services.charging.results import ChargeOutcomeUnknown, Conflict, PriceChanged
from chalicelib.services.partners import billing_profiles
from chalicelib.services.wallet import set_asides
from chalicelib.services.wallet.set_asides import NotEnoughPrepaid
from tests.books import images
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)


def refund(world: World, invoice_id: str, amount: int | None = None, *, id: str = "") -> tuple[Entry, Invoice]:
    return refunds.refund_invoice(
        refund_id=id or new_id("txn", at=world.now),
        payer=world.partner_id,
        invoice_id=invoice_id,
        amount=amount,
        now=world.now,
        actor="operator",
    )


def refund_purchase(
    world: World, purchase_id: str, amount: int | None = None, *, id: str = "", partner_id: str = ""
) -> tuple[Entry, Entry]:
    return refunds.refund_purchase(
        refund_id=id or new_id("txn", at=world.now),
        payer=partner_id or world.partner_id,
        purchase_id=purchase_id,
        amount=amount,
        now=world.now,
        actor="operator",
    )


def findings(world: World) -> list[str]:
    with patch.object(payer_audits, "_MOMENT_SECONDS", 0):
        found = payer_audits.audit_partner(partner_id=world.partner_id, now=world.now).findings
    return [finding.message for finding in found if finding.subject != world.partner_id]  # but for the sleeping watch


def on_a_paid_bill(*, accounts: int = 2, prepaid: int = 2_000) -> tuple[World, list[Invoice]]:
    """A bill that general prepaid money paid in part, a card the rest."""
    world = World(program="solutions")
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=15, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )
    for _ in range(accounts):
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    if prepaid:
        world.buy(prepaid)
    world.advance(days=20)
    return world, world.invoices()


def size_of(image: dict[str, Any]) -> int:
    """A row's bytes, near enough: names and values."""
    return sum(len(name) + len(str(value)) for name, typed in image.items() for value in typed.values())


class TestOfInvoices:
    def test_it_goes_back_to_where_the_money_came_from_the_card_first(self) -> None:
        world = World()
        world.buy(1_900)
        world.create()
        (invoice,) = world.invoices()
        assert (invoice.prepaid_applied.amount, invoice.card_charged.amount) == (1_900, 3_000)

        partly, _ = refund(world, invoice.id, 3_500)
        entry, whole = refund(world, invoice.id)

        assert (partly.amount.amount, partly.to_card.amount) == (500, 3_000)
        assert (entry.amount.amount, entry.to_card) == (1_400, None)
        assert (whole.refunded_to_card.amount, whole.refunded_to_prepaid.amount) == (3_000, 1_900)
        assert world.wallet.balance.amount == 1_900 == sum(e.amount.amount for e in world.journal())
        assert findings(world) == []

    def test_one_cent_more_than_was_paid_is_refused(self) -> None:
        world = World()
        world.create()
        (invoice,) = world.invoices()

        with pytest.raises(Invalid):
            refund(world, invoice.id, 4_901)
        refund(world, invoice.id, 4_900)
        with pytest.raises(NotRefundable):
            refund(world, invoice.id)

    def test_the_same_request_again_gives_nothing_more_back(self) -> None:
        world = World()
        world.create()
        (invoice,) = world.invoices()

        refund(world, invoice.id, 1_000, id="txn_refund")
        _, after = refund(world, invoice.id, 1_000, id="txn_refund")

        assert after.refunded_to_card.amount == 1_000

    def test_a_key_stands_for_one_invoice_and_one_amount(self) -> None:
        world = World()
        world.create()
        world.create()
        first, second = world.invoices()
        refund(world, first.id, 1_000, id="txn_refund")

        for invoice, amount in ((first, 1_001), (second, 1_000), (second, None)):
            with pytest.raises(KeyReused):
                refund(world, invoice.id, amount, id="txn_refund")

    def test_one_that_was_cut_off_is_finished_by_the_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        world.create()
        (invoice,) = world.invoices()
        with monkeypatch.context() as patched:
            patched.setattr(charges, "_settle", lambda *args, **kwargs: [][0])
            with pytest.raises(IndexError):
                refund(world, invoice.id, 1_000, id="txn_refund")
        with pytest.raises(KeyReused):
            refund(world, invoice.id, 999, id="txn_refund")

        world.now += timedelta(minutes=3)
        world.run_schedules()

        _, after = refund(world, invoice.id, 1_000, id="txn_refund")
        assert after.refunded_to_card.amount == 1_000
        assert world.next_alarm() > world.now

    def test_the_card_that_was_charged_stays_the_invoices_when_the_profile_has_another(self) -> None:
        world = World()
        profile_id = world.card()
        with patch.object(cards, "payment_gateway", Silent), pytest.raises(ChargeOutcomeUnknown):
            world.create(id="acct_NEW", billing_profile_id=profile_id)
        profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=profile_id)
        changed = {"payment_method": "pm_card_declinedOnRenewal"}
        billing_profiles.update_profile(profile=profile, changes=changed, now=world.now, actor=ACTOR)

        world.now += timedelta(minutes=3)
        world.run_schedules()

        (invoice,) = world.invoices()
        assert (invoice.status, invoice.card) == ("paid", CardName("visa", "4242"))


class Silent(SandboxPayments):
    """It charges, but its answer never arrives."""

    def charge(self, **asked: Any) -> Any:
        super().charge(**asked)
        raise OutcomeUnknown("no answer")


class TestCreditNotes:
    def test_each_refund_has_one_and_their_numbers_have_no_gaps(self) -> None:
        world = World()
        for _ in range(2):
            world.create()
        first, second = world.invoices()

        refund(world, first.id, 1_000, id="txn_A")
        with (
            patch.object(SandboxPayments, "refund", lambda *_, **__: Declined("expired_card")),
            pytest.raises(refunds.RefundDeclined),
        ):
            refund(world, second.id, 500)  # declined: no number
        refund(world, second.id, 700)
        refund(world, first.id)
        refund(world, first.id, 1_000, id="txn_A")  # the same request again

        first, second = world.invoices()
        assert [(note.number, note.amount.amount) for note in first.credit_notes] == [(1, 1_000), (3, 3_900)]
        assert [(note.number, note.amount.amount) for note in second.credit_notes] == [(2, 700)]
        assert world.wallet.last_credit_note_number == 3
        assert (first.refunded.amount, first.total.amount, first.number) == (4_900, 4_900, 1)
        assert findings(world) == []

    def test_of_prepaid_money_there_is_none_since_there_is_no_invoice(self) -> None:
        world = World()
        entry, _ = refund_purchase(world, world.buy(5_000).id)

        assert (entry.credit_note, world.wallet.last_credit_note_number) == (None, 0)

    def test_an_invoice_has_a_hundred_at_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(refunds, "MOST_CREDIT_NOTES", 2)
        world = World()
        world.create()
        (invoice,) = world.invoices()
        for _ in range(2):
            refund(world, invoice.id, 1)

        with pytest.raises(NotRefundable, match="2 credit notes"):
            refund(world, invoice.id, 1)


class TestOnASingleBill:
    def test_the_card_gets_back_what_the_bill_charged_it_and_no_more(self) -> None:
        world, (first, second) = on_a_paid_bill()
        assert first.bill_id is not None
        bill = single_bills.get_bill(partner_id=world.partner_id, bill_id=first.bill_id)
        assert bill.prepaid_applied.amount == 2_000

        one, _ = refund(world, first.id)
        other, after = refund(world, second.id)

        assert (one.to_card.amount, one.amount.amount) == (first.total.amount, 0)
        assert (other.to_card.amount, other.amount.amount) == (second.total.amount - 2_000, 2_000)
        bill = single_bills.get_bill(partner_id=world.partner_id, bill_id=first.bill_id)
        assert bill.refunded_to_card == bill.card_charged
        assert world.wallet.balance.amount == 2_000
        assert (after.status, after.reference) == ("paid", bill.reference)
        with pytest.raises(NotRefundable):
            refund(world, first.id)
        assert findings(world) == []
        assert after.card == CardName("visa", "4242")
        assert max(size_of(row) for row in images(settings().ledger_table)) < 1024

    def test_nothing_is_given_back_of_a_bill_that_is_not_paid(self) -> None:
        world = World(program="solutions")
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=15, billing_profile_id=world.card(), now=world.now, actor=ACTOR
        )
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)

        with pytest.raises(NotRefundable):
            refund(world, world.invoices()[0].id)

    def test_two_refunds_that_saw_the_same_bill_do_not_both_have_its_card(self) -> None:
        world, (first, second) = on_a_paid_bill()
        stale = refunds._of_invoice("txn_LATE", second, None, now=world.now)

        refund(world, first.id)
        (result,) = charges.make(
            [stale], payer=world.partner_id, program=program("solutions"), now=world.now, actor="operator"
        )

        assert isinstance(result, Conflict)
        bill = bill_rows.get_bill(world.partner_id, first.bill_id)
        assert bill.refunded_to_card == first.total
        assert findings(world) == []

    def test_what_is_under_way_to_the_card_counts(self) -> None:
        world, (first, second) = on_a_paid_bill()
        with patch.object(cards, "ask_card", return_value=None), pytest.raises(ChargeOutcomeUnknown):
            refund(world, first.id)

        entry, _ = refund(world, second.id)

        assert entry.to_card == second.total - world.journal()[-1].amount
        assert entry.amount.amount == 2_000

    def test_prepaid_alone_leaves_the_bill_alone(self) -> None:
        world, (first, _) = on_a_paid_bill(prepaid=90_000)

        entry, _ = refund(world, first.id, 1_000)

        assert (entry.to_card, entry.amount.amount) == (None, 1_000)
        assert findings(world) == []


class TestOfPrepaidMoney:
    def test_it_goes_back_to_the_card_and_out_of_the_wallet(self) -> None:
        world = World()
        bought = world.buy(5_000)

        entry, after = refund_purchase(world, bought.id, 3_000)
        rest, _ = refund_purchase(world, bought.id)

        assert (entry.kind, entry.amount.amount, entry.to_card.amount) == ("refund", -3_000, 3_000)
        assert (after.refunded.amount, rest.amount.amount) == (3_000, -2_000)
        assert world.wallet.balance.amount == world.wallet.held.amount == 0
        with pytest.raises(NotRefundable):
            refund_purchase(world, bought.id)
        assert findings(world) == []

    def test_only_general_money_can_go_back(self) -> None:
        world = World()
        account = world.create()
        bought = world.buy(5_000)
        set_asides.set_money_aside(
            entry_id="txn_ASIDE",
            partner_id=world.partner_id,
            account_id=account.id,
            amount=4_000,
            now=world.now,
            actor=ACTOR,
        )

        with pytest.raises(NotEnoughPrepaid, match="1000"):
            refund_purchase(world, bought.id)
        with pytest.raises(NotEnoughPrepaid):
            refund_purchase(world, bought.id, 1_001)
        refund_purchase(world, bought.id, 1_000)

        assert world.wallet.balance.amount == world.wallet.set_aside.amount == 4_000

    def test_more_than_was_bought_is_refused_however_much_there_is(self) -> None:
        world = World()
        bought = world.buy(5_000)
        world.buy(5_000)

        with pytest.raises(Invalid):
            refund_purchase(world, bought.id, 5_001)

    def test_money_used_between_look_and_hold_is_not_given_back(self) -> None:
        world = World()
        bought = world.buy(5_000)
        stale = refunds._of_purchase("txn_LATE", bought, None, now=world.now)

        world.create()
        (result,) = charges.make(
            [stale], payer=world.partner_id, program=program("agency"), now=world.now, actor="operator"
        )

        assert isinstance(result, PriceChanged)
        assert world.wallet.balance.amount == 100

    def test_money_on_its_way_back_pays_for_nothing(self) -> None:
        world = World()
        bought = world.buy(5_000)
        with patch.object(cards, "ask_card", return_value=None), pytest.raises(ChargeOutcomeUnknown):
            refund_purchase(world, bought.id, 3_000, id="txn_refund")

        world.create()

        assert world.invoices()[0].prepaid_applied.amount == 2_000
        world.now += timedelta(minutes=3)
        world.run_schedules()
        assert world.wallet.balance.amount == world.wallet.held.amount == 0
        assert findings(world) == []

    def test_a_key_stands_for_one_purchase_and_one_amount(self) -> None:
        world = World()
        first, second = world.buy(5_000), world.buy(5_000)
        refund_purchase(world, first.id, 1_000, id="txn_refund")

        again, _ = refund_purchase(world, first.id, 1_000, id="txn_refund")
        assert again.amount.amount == -1_000
        for purchase, amount in ((first, 999), (second, 1_000), (second, None)):
            with pytest.raises(KeyReused):
                refund_purchase(world, purchase.id, amount, id="txn_refund")
        assert world.wallet.balance.amount == 9_000

    def test_nothing_else_in_the_journal_is_a_purchase(self) -> None:
        world = World()
        account = world.create()
        bought = world.buy(5_000)
        aside = set_asides.set_money_aside(
            entry_id="txn_ASIDE",
            partner_id=world.partner_id,
            account_id=account.id,
            amount=1_000,
            now=world.now,
            actor=ACTOR,
        )
        back, _ = refund_purchase(world, bought.id, 1_000)

        for other in (aside.id, back.id, world.invoices()[0].id, "txn_nothing"):
            with pytest.raises(NotFound):
                refund_purchase(world, other)
        with pytest.raises(NotFound):
            refund_purchase(world, bought.id, partner_id=World().partner_id)


class Failing(SandboxPayments):
    """A processor that learnt later that the card takes nothing back, and gives it back to the vendor."""

    def find_refund(self, *, reference: str) -> Declined:
        for row in MemoryRow.scan():
            kept = {key: amount for key, amount in (row.refunds or {}).items() if _refund_reference(key) != reference}
            if row.refunds is not None and kept != row.refunds:
                row.update(actions=[MemoryRow.refunds.set(kept)])
        return Declined("expired_or_canceled_card")


def undo(world: World, refund_id: str) -> bool:
    with patch.object(failed_refunds, "payment_gateway", Failing):
        return failed_refunds.undo_if_failed(
            payer=world.partner_id, refund_id=refund_id, now=world.now, actor="schedule:card_reports"
        )


class TestThatFailedLater:
    def test_the_cards_part_is_undone_and_can_be_given_back_again(self) -> None:
        world = World()
        world.buy(1_900)
        world.create()
        (invoice,) = world.invoices()
        entry, _ = refund(world, invoice.id)

        assert undo(world, entry.id)
        assert not undo(world, entry.id)

        (after,) = world.invoices()
        assert (after.refunded_to_card, after.refunded_to_prepaid.amount) == (None, 1_900)
        back = world.journal()[-1]
        assert (back.kind, back.amount.amount, back.to_card.amount, back.invoice_id) == (
            "returned",
            0,
            -3_000,
            invoice.id,
        )
        assert findings(world) == []
        again, whole = refund(world, invoice.id)
        assert (again.to_card.amount, whole.refunded.amount) == (3_000, 4_900)
        assert findings(world) == []
        assert [(note.number, note.amount.amount) for note in whole.credit_notes] == [
            (1, 4_900),
            (2, -3_000),
            (3, 3_000),
        ]
        assert (entry.credit_note, back.corrects) == (1, 1)

    def test_of_an_invoice_on_a_bill_the_bills_card_has_it_back_too(self) -> None:
        world, (first, _) = on_a_paid_bill()
        entry, _ = refund(world, first.id)

        assert undo(world, entry.id)

        assert first.bill_id is not None
        assert single_bills.get_bill(partner_id=world.partner_id, bill_id=first.bill_id).refunded_to_card is None
        assert findings(world) == []

    def test_of_prepaid_money_the_wallet_has_it_back(self) -> None:
        world = World()
        bought = world.buy(5_000)
        entry, _ = refund_purchase(world, bought.id, 3_000)

        assert undo(world, entry.id)

        assert world.wallet.balance.amount == 5_000
        assert findings(world) == []
        assert refund_purchase(world, bought.id)[1].refunded.amount == 5_000

    def test_what_no_card_had_a_part_in_cannot_fail(self) -> None:
        world = World()
        world.buy(9_000)
        world.create()
        entry, _ = refund(world, world.invoices()[0].id)

        assert not undo(world, entry.id)
        assert not undo(world, world.journal()[0].id)
