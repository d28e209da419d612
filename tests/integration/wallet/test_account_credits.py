"""Credits of accounts: bought for one, taken back, used as the platform reports; and prepaid money that is granted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.audit import Kind
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.wallet.journal import CreditKind, EntryKind
from chalicelib.gateways.due_queue import Due
from chalicelib.services.audit import payer_audits
from chalicelib.services.billing import payment_retries, single_bills
from chalicelib.services.charging import cards
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.schedule.worker import take_due_steps
from chalicelib.services.wallet import account_credits, credit_packs, prepaid
from chalicelib.services.wallet.account_credits import NoSmsYet, NotEnoughCredits, OtherReport
from chalicelib.services.wallet.prepaid import AccountHasEnded
from tests.world import ACTOR, PLUS, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

SMS, PREVIEW = CreditKind.SMS, CreditKind.INBOX_PREVIEW
WITH_SMS = replace(PLUS, add_ons=("sms",))
ON_BILL = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY, add_ons=("sms",))


def buy(world: World, account_id: str | None, *, kind: CreditKind = SMS, quantity: int = 500, **given: Any) -> Any:
    fields = {"purchase_id": new_id("txn", at=world.now), "billing_profile_id": None} | given
    fields["billing_profile_id"] = fields["billing_profile_id"] or world.card()
    return credit_packs.buy_pack(
        partner_id=world.partner_id,
        kind=kind,
        quantity=quantity,
        account_id=account_id,
        now=world.now,
        actor=ACTOR,
        **fields,
    )


def take_back(world: World, account_id: str, *, kind: CreditKind = SMS) -> Any:
    return account_credits.take_credits_back(
        entry_id=new_id("txn", at=world.now),
        partner_id=world.partner_id,
        kind=kind,
        account_id=account_id,
        now=world.now,
        actor=ACTOR,
    )


def report(world: World, account_id: str, quantity: int, *, id: str = "r-1", kind: CreditKind = SMS, at: Any = None):
    return account_credits.report_use(
        account_id=account_id, kind=kind, report_id=id, quantity=quantity, at=at, now=world.now, actor="platform"
    )


def grant(world: World, amount: int, *, id: str = "txn_GRANT") -> Any:
    return prepaid.grant_prepaid(
        entry_id=id, partner_id=world.partner_id, amount=amount, now=world.now, actor="operator"
    )


def journal(world: World, kind: CreditKind = SMS) -> list[tuple[EntryKind, int, int, int | None]]:
    """Kind, change of the balance, balance after it, change of the account's own; oldest first."""
    entries, _ = prepaid.list_journal(partner_id=world.partner_id, kind=kind, limit=100, start=None)
    changes = [(e.account_change.amount if e.account_change else None) for e in entries]
    found = [(e.kind, e.amount.amount, e.balance_after.amount) for e in entries]
    return [(*entry, change) for entry, change in zip(found, changes, strict=True)][::-1]


def proved(world: World) -> None:
    """The audit finds nothing; what is merely late, since no schedule ran, is not looked at."""
    audited = payer_audits.audit_partner(partner_id=world.partner_id, now=world.now)
    assert [each for each in audited.findings if each.kind is not Kind.ALARM_LATE] == []


class TestBoughtForAnAccount:
    def test_a_pack_for_an_account_is_bought_and_allocated_at_once(self) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)

        entry = buy(world, account.id)

        assert (entry.kind, entry.account_id) == (EntryKind.PURCHASE, account.id)
        assert journal(world) == [(EntryKind.PURCHASE, 500, 500, None), (EntryKind.ALLOCATED, -500, 0, 500)]
        assert world.account(account.id).credits == {SMS: 500}
        proved(world)

    def test_prepaid_money_pays_for_it_first(self) -> None:
        world = World()
        world.buy(10_000)
        account = world.create(plan=WITH_SMS)

        buy(world, account.id, billing_profile_id=world.card("pm_card_chargeDeclined"))

        assert world.account(account.id).credits == {SMS: 500}
        proved(world)

    def test_the_same_request_again_buys_and_allocates_once(self) -> None:
        world = World()
        account, card = world.create(plan=WITH_SMS), world.card()

        first, second = (buy(world, account.id, purchase_id="txn_K", billing_profile_id=card) for _ in range(2))

        assert first == second
        assert world.account(account.id).credits == {SMS: 500}
        with pytest.raises(KeyReused):
            buy(world, None, purchase_id="txn_K", billing_profile_id=card)

    def test_an_account_without_the_sms_add_on_is_refused_and_no_card_is_charged(self) -> None:
        world = World()
        account = world.create()
        before = world.wallet

        with pytest.raises(NoSmsYet):
            buy(world, account.id)
        buy(world, account.id, kind=PREVIEW, quantity=25)

        assert world.wallet.credits[PREVIEW].balance == 0
        assert world.wallet.last_invoice_number == before.last_invoice_number + 1

    def test_an_account_on_the_single_bill_registers_first(self) -> None:
        world, account_id = on_bill()

        with pytest.raises(NoSmsYet, match="sms-registration"):
            buy(world, account_id)
        register(world, account_id)
        buy(world, account_id)

        assert world.account(account_id).credits == {SMS: 500}

    def test_an_account_that_has_ended_is_refused_and_so_is_another_partners(self) -> None:
        world, other = World(), World()
        account = world.create(plan=TRIAL)
        world.advance(days=20)

        with pytest.raises(AccountHasEnded):
            buy(world, account.id, kind=PREVIEW, quantity=25)
        with pytest.raises(NotFound):
            buy(other, account.id, kind=PREVIEW, quantity=25)

    def test_a_declined_card_leaves_account_and_balance_as_they_were(self) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)

        with pytest.raises(CardDeclined):
            buy(world, account.id, billing_profile_id=world.card("pm_card_chargeDeclined"))

        assert (journal(world), world.account(account.id).credits) == ([], {})

    def test_a_purchase_that_was_cut_off_is_allocated_when_it_is_finished(self, monkeypatch: Any) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)
        cut_off(world, account.id, monkeypatch)

        finish(world)

        assert world.account(account.id).credits == {SMS: 500}
        proved(world)

    def test_a_pack_for_an_account_that_ends_before_the_card_answers_is_the_partners(self, monkeypatch: Any) -> None:
        world = World()
        account = world.create(plan=TRIAL)
        world.advance(days=13)
        cut_off(world, account.id, monkeypatch, kind=PREVIEW, quantity=25)
        world.now += timedelta(days=2)
        work_on(world, account.id)

        finish(world)

        assert journal(world, PREVIEW) == [(EntryKind.PURCHASE, 25, 25, None)]
        assert world.account(account.id).credits == {}
        proved(world)


class TestTakenBack:
    def test_all_that_is_left_goes_back_to_the_partner(self) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)
        buy(world, account.id)
        report(world, account.id, 120)

        entry = take_back(world, account.id)

        assert (entry.amount.amount, entry.balance_after.amount) == (380, 380)
        assert world.account(account.id).credits == {SMS: 0}
        proved(world)
        with pytest.raises(NotEnoughCredits):
            take_back(world, account.id)

    def test_an_account_that_has_ended_gives_them_back_too(self) -> None:
        world = World()
        account = world.create(plan=TRIAL)
        buy(world, account.id, kind=PREVIEW, quantity=25)
        world.advance(days=20)

        take_back(world, account.id, kind=PREVIEW)

        assert world.wallet.credits[PREVIEW].balance == 25
        proved(world)

    def test_another_partners_account_is_not_found(self) -> None:
        world, other = World(), World()
        account = world.create(plan=WITH_SMS)
        buy(world, account.id)

        with pytest.raises(NotFound):
            take_back(other, account.id)


class TestUsed:
    def test_a_use_leaves_the_account_and_moves_no_balance(self) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)
        buy(world, account.id)
        buy(world, None)

        entry = report(world, account.id, 120, at=world.now - timedelta(hours=2))

        assert (entry.used_at, entry.at) == (world.now - timedelta(hours=2), world.now)
        assert journal(world)[-1] == (EntryKind.USED, 0, 500, -120)
        assert world.account(account.id).credits == {SMS: 380}
        proved(world)

    def test_the_last_credit_can_be_used_and_one_more_cannot(self) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)
        buy(world, account.id)

        with pytest.raises(NotEnoughCredits) as refusal:
            report(world, account.id, 501)
        assert refusal.value.extra == {"credits_left": 500}
        report(world, account.id, 500)
        with pytest.raises(NotEnoughCredits):
            report(world, account.id, 1, id="r-2")

        assert world.account(account.id).credits == {SMS: 0}

    def test_a_refused_report_counts_when_it_comes_again_and_there_is_enough(self) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)
        with pytest.raises(NotEnoughCredits):
            report(world, account.id, 120)
        buy(world, account.id)

        report(world, account.id, 120)

        assert world.account(account.id).credits == {SMS: 380}

    def test_a_report_that_comes_again_counts_once_and_another_under_its_id_is_refused(self) -> None:
        world = World()
        account, other = world.create(plan=WITH_SMS), world.create(plan=WITH_SMS)
        for each in (account, other):
            buy(world, each.id)
        first = report(world, account.id, 120)
        world.now += timedelta(days=40)

        assert report(world, account.id, 120).used_at == first.used_at
        with pytest.raises(OtherReport):
            report(world, account.id, 121)
        with pytest.raises(OtherReport):
            report(world, account.id, 120, at=world.now - timedelta(days=3))
        report(world, other.id, 120)  # an id is unique for its account
        report(world, account.id, 1, id="r-2")

        assert [world.account(each.id).credits for each in (account, other)] == [{SMS: 379}, {SMS: 380}]
        proved(world)

    def test_a_late_report_counts_after_newer_ones_and_after_the_account_has_ended(self) -> None:
        world = World()
        account = world.create(plan=TRIAL)
        buy(world, account.id, kind=PREVIEW, quantity=25)
        used_at = world.now + timedelta(days=1)
        world.advance(days=20)

        report(world, account.id, 5, kind=PREVIEW, id="newer", at=used_at + timedelta(days=1))
        report(world, account.id, 3, kind=PREVIEW, id="older", at=used_at)

        assert world.account(account.id).credits == {PREVIEW: 17}

    def test_a_report_of_the_future_is_refused_to_the_second(self) -> None:
        world = World()
        account = world.create(plan=WITH_SMS)
        buy(world, account.id)

        report(world, account.id, 1, at=world.now)
        with pytest.raises(Invalid):
            report(world, account.id, 1, id="r-2", at=world.now + timedelta(seconds=1))

    def test_an_account_that_joined_the_single_bill_uses_none_before_it_has_registered(self) -> None:
        world, account_id = on_bill(single_bill=False)
        buy(world, account_id)
        join(world, account_id)

        with pytest.raises(NoSmsYet, match="sms-registration"):
            report(world, account_id, 1)
        register(world, account_id)
        report(world, account_id, 1)

        assert world.account(account_id).credits == {SMS: 499}

    def test_nobodys_account_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            report(World(), "acct_NOBODY", 1)


class TestPrepaidMoneyGranted:
    def test_a_grant_is_an_entry_of_its_own_and_pays_like_money_bought(self) -> None:
        world = World()

        entry = grant(world, 10_000)
        buy(world, None, billing_profile_id=world.card("pm_card_chargeDeclined"))

        assert (entry.kind, entry.amount.amount, entry.balance_after.amount) == (EntryKind.GRANT, 10_000, 10_000)
        assert world.wallet.balance.amount == 8_500
        proved(world)

    def test_franchise_partners_get_prepaid_money_no_other_way(self) -> None:
        world = World(program="franchise")

        grant(world, 1)

        assert world.wallet.balance.amount == 1

    def test_the_same_request_again_grants_once(self) -> None:
        world = World()

        assert grant(world, 700).id == grant(world, 700).id
        with pytest.raises(KeyReused):
            grant(world, 701)

        assert world.wallet.balance.amount == 700

    def test_a_declined_bill_is_retried_when_granted_money_covers_it(self) -> None:
        world = World(program="solutions")
        card = world.card("pm_card_chargeDeclined")
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=1, billing_profile_id=card, now=world.now, actor=ACTOR
        )
        world.create(plan=PlanRequest("S1", "email", "standard", 1000), single_bill=True, billing_profile_id=None)
        world.advance(days=31)
        (invoice,) = world.invoices()[:1]
        grant(world, invoice.total.amount - 1, id="txn_SHORT")
        world.run_schedules()
        assert unpaid(world) == 1

        grant(world, 1)
        world.run_schedules()

        assert unpaid(world) == 0


class TestMoneyThatComesInPaysADeclinedBillAtOnce:
    """Also where whoever brought it in was cut off."""

    @pytest.fixture
    def world(self) -> World:
        """One declined bill, a day before it is tried again."""
        world = World(program="solutions")
        card = world.card("pm_card_chargeDeclined")
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=1, billing_profile_id=card, now=world.now, actor=ACTOR
        )
        world.create(plan=PlanRequest("S1", "email", "standard", 1000), single_bill=True, billing_profile_id=None)
        world.advance(to=datetime(2026, 2, 1, 7, tzinfo=UTC))
        assert unpaid(world) == 1
        return world

    def test_when_the_worker_finishes_the_purchase(self, world: World, monkeypatch: Any) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(cards, "ask_card", lambda *_args, **_given: None)
            with pytest.raises(ChargeOutcomeUnknown):
                world.buy(50_000, id="txn_CUT")

        finish(world)
        world.run_schedules()

        assert unpaid(world) == 0

    @pytest.mark.parametrize("bring_in", ["buy", "grant"])
    def test_when_the_request_is_repeated(self, world: World, monkeypatch: Any, bring_in: str) -> None:
        card = world.card()

        def again() -> None:
            if bring_in == "buy":
                world.buy(50_000, card=card, id="txn_CUT")
            else:
                grant(world, 50_000, id="txn_CUT")

        with monkeypatch.context() as patched:
            patched.setattr(payment_retries, "retry_if_covered", _killed)
            with pytest.raises(KeyboardInterrupt):
                again()

        again()
        world.run_schedules()

        assert unpaid(world) == 0
        assert world.wallet.sequence == 2  # came in once, and paid the bill


def _killed(**_given: Any) -> None:
    raise KeyboardInterrupt


def unpaid(world: World) -> int:
    page, _ = single_bills.list_bills(partner_id=world.partner_id, limit=10, start=None)
    return sum(bill.status is InvoiceStatus.OPEN for bill in page)


def on_bill(*, single_bill: bool = True) -> tuple[World, str]:
    world = World(program="solutions")
    card = world.card()
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=1, billing_profile_id=card, now=world.now, actor=ACTOR
    )
    profile = None if single_bill else card
    return world, world.create(plan=ON_BILL, single_bill=single_bill, billing_profile_id=profile).id


def join(world: World, account_id: str) -> None:
    single_bills.put_account_on_bill(partner_id=world.partner_id, account_id=account_id, now=world.now, actor=ACTOR)


def register(world: World, account_id: str) -> None:
    account_credits.register_sms(partner_id=world.partner_id, account_id=account_id, now=world.now, actor=ACTOR)


def cut_off(world: World, account_id: str, monkeypatch: Any, **given: Any) -> None:
    """A purchase whose card was held, and never asked."""
    with monkeypatch.context() as patched:
        patched.setattr(cards, "ask_card", lambda *_args, **_given: None)
        with pytest.raises(ChargeOutcomeUnknown):
            buy(world, account_id, purchase_id="txn_CUT", **given)


def finish(world: World) -> None:
    world.now += timedelta(minutes=3)
    work_on(world, "txn_CUT")


def work_on(world: World, subject: str) -> None:
    take_due_steps(Due(payer=world.partner_id, subjects=(subject,), sweep="renewals", run="r"), now=world.now)
