"""Credits: packs, grants, allocations, money set aside, top-ups, and what to buy so that no card is charged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts.accounts import PaymentState, Status
from chalicelib.domain.accounts.actions import TransitionRefused
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.refusals import Invalid, KeyReused
from chalicelib.domain.wallet.journal import CreditKind, EntryKind
from chalicelib.services.accounts import details
from chalicelib.services.billing import payment_retries, single_bills
from chalicelib.services.charging import cards, charges
from chalicelib.services.charging.results import CardDeclined
from chalicelib.services.partners import billing_profiles
from chalicelib.services.schedule.worker import take_due_steps
from chalicelib.services.wallet import account_credits, credit_packs, forecasts, prepaid, set_asides, top_ups
from chalicelib.services.wallet.account_credits import NoSmsYet, NotEnoughCredits
from chalicelib.services.wallet.prepaid import AccountHasEnded, NotForSale
from chalicelib.services.wallet.set_asides import NotEnoughPrepaid
from tests.conftest import reset_aws
from tests.world import ACTOR, PLUS, World

pytestmark = pytest.mark.usefixtures("aws")

WITH_SMS = replace(PLUS, add_ons=("sms",))


def buy_pack(world: World, quantity: int = 500, *, kind=CreditKind.SMS, card: str | None = None, id: str = ""):
    return credit_packs.buy_pack(
        purchase_id=id or new_id("txn", at=world.now),
        partner_id=world.partner_id,
        kind=kind,
        billing_profile_id=card or world.card(),
        quantity=quantity,
        now=world.now,
        actor=ACTOR,
    )


def allocate(world: World, account_id: str, quantity: int, *, kind=CreditKind.SMS):
    return account_credits.allocate_credits(
        entry_id=new_id("txn", at=world.now),
        partner_id=world.partner_id,
        kind=kind,
        account_id=account_id,
        quantity=quantity,
        now=world.now,
        actor=ACTOR,
    )


def set_aside(world: World, account_id: str, amount: int):
    return set_asides.set_money_aside(
        entry_id=new_id("txn", at=world.now),
        partner_id=world.partner_id,
        account_id=account_id,
        amount=amount,
        now=world.now,
        actor=ACTOR,
    )


def journal_of(world: World, kind: CreditKind):
    return prepaid.list_journal(partner_id=world.partner_id, kind=kind, limit=100, start=None)[0][::-1]


def test_a_pack_is_paid_by_prepaid_money_first_and_invoiced_to_the_partner():
    world = World()
    world.buy(1_000)

    entry = buy_pack(world)

    assert (entry.kind, entry.amount.amount, entry.balance_after.amount) == (EntryKind.PURCHASE, 500, 500)
    (invoice,) = world.invoices()
    assert (invoice.account_id, invoice.prepaid_applied.amount, invoice.card_charged.amount) == (None, 1_000, 500)
    assert world.wallet.balance.amount == 0


def test_a_pack_covered_by_prepaid_money_asks_no_card():
    world = World()
    world.buy(10_000)

    buy_pack(world, card=world.card("pm_card_chargeDeclined"))

    assert world.wallet.balance.amount == 8_500
    assert world.invoices()[0].card_charged.amount == 0


def test_a_pack_on_a_declined_card_changes_nothing():
    world = World()

    with pytest.raises(CardDeclined):
        buy_pack(world, card=world.card("pm_card_chargeDeclined"))

    assert journal_of(world, CreditKind.SMS) == []
    assert world.invoices() == []
    assert world.wallet.held.amount == 0


def test_the_same_request_again_buys_one_pack():
    world = World()
    card = world.card()

    first = buy_pack(world, card=card, id="txn_once")
    again = buy_pack(world, card=card, id="txn_once")

    assert first.id == again.id
    assert len(world.invoices()) == 1


def test_a_key_stands_for_one_pack_with_one_card_and_one_allocation_to_one_account():
    world = World()
    card = world.card()
    buy_pack(world, card=card, id="txn_once")
    one, other = world.create(plan=WITH_SMS), world.create(plan=WITH_SMS)
    given = {"entry_id": "txn_given", "partner_id": world.partner_id, "kind": CreditKind.SMS, "quantity": 100}
    account_credits.allocate_credits(**given, account_id=one.id, now=world.now, actor=ACTOR)

    for refused in (
        lambda: buy_pack(world, 1000, card=card, id="txn_once"),
        lambda: buy_pack(world, card=world.card(), id="txn_once"),
        lambda: account_credits.allocate_credits(**given, account_id=other.id, now=world.now, actor=ACTOR),
    ):
        with pytest.raises(KeyReused):
            refused()
    assert len(world.invoices()) == 3


def test_a_quantity_that_is_no_pack_is_refused_naming_the_packs():
    with pytest.raises(Invalid) as refusal:
        buy_pack(World(), 501)

    assert "500, 1000, 5000, 25000" in refusal.value.errors[0][1]


def test_franchise_partners_cannot_buy_but_are_granted_credits_and_allocate_them():
    world = World(program="franchise")
    plan = PlanRequest("Franchise", "ACHQ", "enterprise", 1000, add_ons=("sms",))
    child = world.create(plan=plan, billing_profile_id=None)

    with pytest.raises(NotForSale):
        buy_pack(world)
    credit_packs.grant_credits(
        entry_id="txn_grant", partner_id=world.partner_id, kind=CreditKind.SMS, quantity=300, now=world.now, actor="op"
    )
    allocate(world, child.id, 300)

    assert world.account(child.id).credits == {CreditKind.SMS: 300}
    entries = journal_of(world, CreditKind.SMS)
    assert [(e.kind, e.amount.amount, e.balance_after.amount) for e in entries] == [
        (EntryKind.GRANT, 300, 300),
        (EntryKind.ALLOCATED, -300, 0),
    ]


def test_one_credit_more_than_there_is_cannot_be_allocated():
    world = World()
    account = world.create(plan=WITH_SMS)
    buy_pack(world, 500)

    with pytest.raises(NotEnoughCredits):
        allocate(world, account.id, 501)
    allocate(world, account.id, 500)

    assert world.account(account.id).credits == {CreditKind.SMS: 500}


def test_sms_credits_need_the_add_on_inbox_previews_do_not():
    world = World()
    account = world.create()
    buy_pack(world)
    buy_pack(world, 25, kind=CreditKind.INBOX_PREVIEW)

    with pytest.raises(NoSmsYet):
        allocate(world, account.id, 1)
    allocate(world, account.id, 25, kind=CreditKind.INBOX_PREVIEW)

    assert world.account(account.id).credits == {CreditKind.INBOX_PREVIEW: 25}


def test_an_account_on_the_single_bill_registers_for_sms_itself_first():
    world = World(program="solutions")
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=1, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )
    plan = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY, add_ons=("sms",))
    account = world.create(plan=plan, single_bill=True, billing_profile_id=None)
    buy_pack(world)

    with pytest.raises(NoSmsYet, match="sms-registration"):
        allocate(world, account.id, 1)
    account_credits.register_sms(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)
    allocate(world, account.id, 1)

    assert world.account(account.id).credits == {CreditKind.SMS: 1}


def test_money_set_aside_pays_for_its_account_alone_and_can_be_taken_back():
    world = World()
    first, second = world.create(), world.create()
    world.buy(5_000)
    set_aside(world, first.id, 3_000)
    assert world.wallet.general.amount == 2_000
    with pytest.raises(NotEnoughPrepaid):
        set_aside(world, second.id, 2_001)

    set_asides.take_money_back(
        entry_id="txn_back", partner_id=world.partner_id, account_id=first.id, now=world.now, actor=ACTOR
    )

    assert world.wallet.general.amount == 5_000
    kinds = [(e.kind, e.amount.amount, e.set_aside_change.amount) for e in world.journal() if e.set_aside_change]
    assert kinds == [(EntryKind.SET_ASIDE, 0, 3_000), (EntryKind.TAKE_BACK, 0, -3_000)]


def test_nothing_is_set_aside_for_an_account_that_has_ended():
    world = World()
    sandbox = world.create(plan=PlanRequest("V1", "EM", "sandbox"))
    world.cancel(sandbox.id)
    world.buy(5_000)

    with pytest.raises(AccountHasEnded):
        set_aside(world, sandbox.id, 1_000)


def test_two_failed_retries_on_request_leave_the_schedule_as_it_was_and_a_third_pays():
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=28)

    for _ in range(2):
        with pytest.raises(CardDeclined):
            payment_retries.retry_payment(
                partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR
            )
        world.now += timedelta(seconds=59)
        with pytest.raises(payment_retries.RetriedJustNow) as refused:
            payment_retries.retry_payment(
                partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR
            )
        assert refused.value.retry_after == 1
        world.now += timedelta(seconds=1)
    assert world.account(account.id).overdue.retries == 0
    world.buy(10_000)
    paid = payment_retries.retry_payment(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)

    assert paid.payment_state is PaymentState.OK
    assert [a.number for a in world.invoices()[1].attempts] == [1, 2, 3, 4]
    assert world.invoices()[1].status is InvoiceStatus.PAID


def test_a_changed_card_is_tried_with_the_next_sweep():
    world = World()
    card = world.card("pm_card_declinedOnRenewal")
    account = world.create(billing_profile_id=card)
    world.advance(days=28)

    profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=card)
    billing_profiles.update_profile(
        profile=profile, changes={"payment_method": "pm_card_visa"}, now=world.now, actor=ACTOR
    )
    payment_retries.retry_soon(partner_id=world.partner_id, profile_id=card, now=world.now, actor=ACTOR)
    world.run_schedules()

    assert world.account(account.id).payment_state is PaymentState.OK


@pytest.mark.parametrize("overdue", [False, True])
@pytest.mark.parametrize("began_seconds_after", [-1, 1])
def test_a_card_changed_while_the_old_one_is_asked_is_tried_with_the_next_sweep(
    monkeypatch, overdue: bool, began_seconds_after: int
):
    """The request for the change may begin before the charge, and put the card on file while the old one is asked."""
    world = World()
    card = world.card("pm_card_declinedOnRenewal")
    account = world.create(billing_profile_id=card)
    world.advance(days=31 if overdue else 27)
    profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=card)
    real, alarm = cards.ask_card, world.next_alarm()

    def changed_meanwhile(*args: Any, **given: Any) -> Any:
        answer = real(*args, **given)
        monkeypatch.setattr(cards, "ask_card", real)
        began = alarm + timedelta(seconds=began_seconds_after)
        billing_profiles.update_profile(
            profile=profile, changes={"payment_method": "pm_card_visa"}, now=began, actor=ACTOR
        )
        payment_retries.retry_soon(partner_id=world.partner_id, profile_id=card, now=began, actor=ACTOR)
        return answer

    monkeypatch.setattr(cards, "ask_card", changed_meanwhile)
    world.now = alarm
    world.run_schedules()
    world.now += timedelta(seconds=2)
    world.run_schedules()

    assert world.account(account.id).payment_state is PaymentState.OK
    assert [attempt.outcome for attempt in world.invoices()[1].attempts][-2:] == ["declined", "succeeded"]


def test_retries_that_an_outage_put_off_are_a_day_apart():
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=28)
    world.now += timedelta(days=20)  # and nothing ran

    tried = []
    while world.account(account.id).status is Status.ACTIVE:
        before = len(world.invoices()[1].attempts)
        world.run_schedules(healing=True)
        world.run_schedules(healing=True)
        tried.append(len(world.invoices()[1].attempts) - before)
        world.now = world.next_alarm()

    assert tried == [1, 1, 1, 1]
    assert world.account(account.id).expiry_reason == "non_payment"


def test_an_account_that_is_not_past_due_has_no_payment_to_retry():
    world = World()
    account = world.create()

    with pytest.raises(TransitionRefused):
        payment_retries.retry_payment(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)


def test_a_top_up_covers_the_gap_in_one_charge_and_is_not_repeated():
    world = World()
    top_ups.set_up_top_up(
        partner_id=world.partner_id,
        below=25_000,
        amount=10_000,
        billing_profile_id=world.card(),
        now=world.now,
        actor=ACTOR,
    )

    assert top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR) == "top_up_paid"
    assert top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR) is None

    assert [entry.amount.amount for entry in world.journal()] == [30_000]


def test_a_top_up_one_cent_above_its_limit_rests():
    world = World()
    world.buy(25_000)
    top_ups.set_up_top_up(
        partner_id=world.partner_id,
        below=25_000,
        amount=10_000,
        billing_profile_id=world.card(),
        now=world.now,
        actor=ACTOR,
    )

    assert top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR) is None


def test_a_declined_top_up_waits_for_the_next_day():
    world = World()
    declined = world.card("pm_card_chargeDeclined")
    world.top_up(5_000, 5_000, card=declined)

    assert top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR) == "top_up_notpaid"
    assert top_ups.top_up_if_low(payer=world.partner_id, now=world.now + timedelta(hours=1), actor=ACTOR) is None
    assert (
        top_ups.top_up_if_low(payer=world.partner_id, now=world.now + timedelta(days=1), actor=ACTOR)
        == "top_up_notpaid"
    )
    assert world.wallet.balance.amount == 0


def test_a_renewal_that_empties_the_wallet_starts_the_top_up():
    world = World()
    world.create()
    world.buy(5_000)
    top_ups.set_up_top_up(
        partner_id=world.partner_id,
        below=1_000,
        amount=20_000,
        billing_profile_id=world.card(),
        now=world.now,
        actor=ACTOR,
    )

    world.advance(days=28)

    assert world.wallet.balance.amount == 5_000 - 4_900 + 20_000


PLANS = st.sampled_from(
    [
        PLUS,
        replace(PLUS, tier="starter", contacts=500),
        replace(PLUS, billing_frequency=Frequency.ANNUAL),
        replace(PLUS, tier="professional", add_ons=("seo",)),
    ]
)


@settings(max_examples=8, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plans=st.lists(PLANS, min_size=1, max_size=3),
    bought=st.sampled_from([0, 1_000, 7_777]),
    own=st.sampled_from([0, 1_500]),
    days=st.integers(min_value=20, max_value=75),
)
def test_buying_what_the_forecast_says_keeps_every_card_untouched_and_a_cent_less_does_not(plans, bought, own, days):
    def charged(short_by: int) -> tuple[int, int]:
        """What to buy, and how much cards were charged after buying it, less ``short_by``."""
        reset_aws()
        world = World()
        made = []
        for plan in plans:
            made.append(world.create(plan=plan))
            world.advance(days=3)
        if bought:
            world.buy(bought)
        if own and bought >= own:
            set_aside(world, made[0].id, own)
        until = (world.now + timedelta(days=days)).date()
        asked = forecasts.get_forecast(partner_id=world.partner_id, until=until, now=world.now).buy_today
        before = sum(invoice.card_charged.amount for invoice in world.invoices())
        if asked.amount > short_by:
            world.buy(asked.amount - short_by)
        world.advance(to=world.now.replace(hour=4) + timedelta(days=days))
        return asked.amount, sum(invoice.card_charged.amount for invoice in world.invoices()) - before

    buy, on_cards = charged(0)
    assert on_cards == 0
    if buy > 1_000:
        assert charged(1)[1] > 0


def test_purchases_and_work_of_packs_that_were_cut_off_are_finished(monkeypatch):
    from chalicelib.gateways.due_queue import Due

    world = World()
    card = world.card()
    monkeypatch.setattr(charges, "_settle", lambda *args, **kwargs: [][0])
    with pytest.raises(IndexError):
        buy_pack(world, card=card, id="txn_cut")
    monkeypatch.undo()

    world.now += timedelta(minutes=3)
    take_due_steps(Due(payer=world.partner_id, subjects=("txn_cut",), sweep="renewals", run="r"), now=world.now)

    assert [e.amount.amount for e in journal_of(world, CreditKind.SMS)] == [500]
    assert len(world.invoices()) == 1


def test_another_billing_profile_is_tried_with_the_next_sweep():
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=28)

    changed = details.change_details(
        partner_id=world.partner_id,
        account_id=account.id,
        request=details.DetailsRequest(billing_profile_id=world.card()),
        now=world.now,
        actor=ACTOR,
    )
    assert changed.payment_state is PaymentState.PAST_DUE
    world.run_schedules()

    recovered = world.account(account.id)
    assert (recovered.payment_state, str(recovered.period.end)) == (PaymentState.OK, "2026-03-31")


def test_turned_off_and_on_with_another_card_it_is_not_answered_with_an_old_decline() -> None:
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


def test_one_that_breaks_holds_up_no_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    account = world.create()
    monkeypatch.setattr(top_ups, "top_up_if_low", break_down)

    world.advance(days=29)

    assert len(world.invoices(account.id)) == 2


def break_down(*_: Any, **__: Any) -> Any:
    raise RuntimeError("nobody foresaw this")
