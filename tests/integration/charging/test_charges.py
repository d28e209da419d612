"""Hold, charge, settle: what meets on the same rows, what is cut off, what is asked about again (rules §6)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import PaymentState, Status
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.refusals import KeyReused, Refusal
from chalicelib.gateways import choice
from chalicelib.gateways.payments import Charged, OutcomeUnknown
from chalicelib.services.accounts.names import NameTaken
from chalicelib.services.charging import cards
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from tests.books import Books
from tests.breaker import CARD, Breaker, Fault, Killed
from tests.faults import Stored
from tests.world import World, raw_account

pytestmark = pytest.mark.usefixtures("aws")

PRICE = 4900
ONCE_PAID = "pm_card_declinedOnRenewal"


def killed_at(call: str, run: Callable[[], Any], fault: Fault = Fault.KILLED_AFTER) -> None:
    """Let the process die at its first such call."""
    stored, watched = Stored.now(), Breaker()
    with watched.watching(), suppress(Refusal):
        run()
    stored.restore()
    place = next(n for n, made in enumerate(watched.calls) if made.startswith(call))
    breaker = Breaker(place=place, fault=fault)
    with pytest.raises(Killed), breaker.watching():
        run()


def renewing(*cards: str, **wanted: Any) -> tuple[World, list[str]]:
    """A partner at the instant its accounts' renewals fall due."""
    world = World()
    ids = [world.create(billing_profile_id=world.card(card), **wanted).id for card in cards]
    world.advance(days=27)
    return world, ids


def fall_due(world: World) -> None:
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm


class SilentGateway:
    """The processor while it does not answer; what it was asked is remembered."""

    def __init__(self, *, acts: bool) -> None:
        self.real, self.acts = choice.payment_gateway(), acts
        self.keys: list[str] = []
        self.looked_up: list[str] = []

    def charge(self, **asked: Any) -> Any:
        self.keys.append(asked["key"])
        if self.acts:
            self.real.charge(**asked)
        raise OutcomeUnknown

    def find(self, **asked: Any) -> Any:
        self.looked_up.append(asked["key"])
        return self.real.find(**asked)


class WatchedGateway(SilentGateway):
    """The processor as it is; what it was asked is remembered."""

    def __init__(self) -> None:
        super().__init__(acts=True)

    def charge(self, **asked: Any) -> Any:
        self.keys.append(asked["key"])
        return self.real.charge(**asked)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SilentGateway]:
    def make(*, acts: bool) -> SilentGateway:
        gateway = SilentGateway(acts=acts)
        monkeypatch.setattr(cards, "payment_gateway", lambda: gateway)
        return gateway

    return make


class TestCutOff:
    def test_what_was_held_is_charged_with_the_same_amounts_whatever_was_bought_meanwhile(self) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        world.buy(1_000)
        fall_due(world)
        killed_at(CARD, world.run_schedules, Fault.KILLED_BEFORE)
        assert (world.wallet.held.amount, world.wallet.balance.amount) == (1_000, 1_000)

        world.buy(50_000)
        world.now += timedelta(minutes=2)
        world.run_schedules()

        (renewal,) = world.invoices(account_id)[1:]
        assert (renewal.prepaid_applied.amount, renewal.card_charged.amount) == (1_000, PRICE - 1_000)
        Books(world).check()

    def test_it_is_finished_two_minutes_later_and_not_a_second_before(self) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        fall_due(world)
        killed_at(CARD, world.run_schedules)
        started = world.now

        world.now = started + timedelta(seconds=119)
        world.run_schedules()
        assert raw_account(account_id).charge is not None
        world.now = started + timedelta(minutes=2)
        world.run_schedules()

        assert raw_account(account_id).charge is None
        Books(world).check()

    def test_money_held_for_one_charge_is_not_given_to_another(self) -> None:
        world, _ = renewing("pm_card_visa")
        world.buy(1_000)
        fall_due(world)
        killed_at(CARD, world.run_schedules)

        second = world.create()

        assert world.invoices(second.id)[0].prepaid_applied.amount == 0
        world.now += timedelta(minutes=2)
        world.run_schedules()
        Books(world).check()

    def test_an_account_being_charged_can_neither_be_canceled_nor_lose_its_alarm(self) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        fall_due(world)
        killed_at(CARD, world.run_schedules)

        with pytest.raises(Refusal) as refusal:
            world.cancel(account_id)

        assert refusal.value.code == "charge_in_progress"
        assert world.next_alarm() == world.now  # it has rung, and keeps its place until the charge is settled

    def test_money_set_aside_while_an_account_is_being_charged_is_there_afterwards(self) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        fall_due(world)
        killed_at(CARD, world.run_schedules)

        world.buy(2_000, account_id=account_id)
        world.now += timedelta(minutes=2)
        world.run_schedules()

        assert world.account(account_id).set_aside.amount == 2_000
        assert world.invoices(account_id)[1].card_charged.amount == PRICE
        Books(world).check()


class TestSilence:
    @pytest.mark.parametrize("acts", [True, False], ids=["charged", "not charged"])
    def test_an_unknown_outcome_is_asked_about_under_the_same_key_until_it_is_known(
        self, acts: bool, silent: Callable[..., SilentGateway], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        gateway = silent(acts=acts)
        fall_due(world)

        world.run_schedules()
        world.now += timedelta(minutes=2)
        world.run_schedules(healing=True)
        assert len(set(gateway.keys)) == 1
        assert world.account(account_id).payment_state is PaymentState.OK  # unknown is not declined
        monkeypatch.undo()
        world.now += timedelta(minutes=30)
        world.run_schedules(healing=True)

        assert list(Books(world).approved) == [key for key in Books(world).approved if "-1" in key]
        assert len(world.invoices(account_id)) == 2
        Books(world).check()

    def test_an_account_whose_card_gave_no_answer_is_due_again_two_minutes_later(
        self, silent: Callable[..., SilentGateway]
    ) -> None:
        world, _ = renewing("pm_card_visa")
        silent(acts=True)
        fall_due(world)

        world.run_schedules()

        assert world.next_alarm() == world.now + timedelta(minutes=2)

    @pytest.mark.parametrize(
        ("hours", "looked_up"), [pytest.param(20, False, id="20 hours"), pytest.param(20.01, True, id="over 20 hours")]
    )
    def test_an_old_key_is_looked_up_before_anything_is_sent(
        self, hours: float, looked_up: bool, silent: Callable[..., SilentGateway]
    ) -> None:
        world, _ = renewing("pm_card_visa")
        fall_due(world)
        gateway = silent(acts=True)
        world.run_schedules()
        assert gateway.looked_up == []
        gateway.keys.clear()

        world.now += timedelta(hours=hours)
        world.run_schedules(healing=True)

        assert bool(gateway.looked_up) is looked_up
        assert bool(gateway.keys) is not looked_up  # found, it is not sent again

    @pytest.mark.parametrize(("charges_looked_up", "sent"), [("yes", False), ("no", True)])
    def test_after_a_restore_the_processor_finds_a_charge_of_the_time_that_is_gone(
        self, charges_looked_up: str, sent: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        fall_due(world)
        before = Stored.now()
        world.run_schedules()
        paid = world.account(account_id)
        before.tables["sublet-sandbox"] = Stored.now().tables["sublet-sandbox"]  # the world outside does not go back
        before.restore()
        monkeypatch.setenv("CHARGES_LOOKED_UP", charges_looked_up)
        settings.cache_clear()
        processor = WatchedGateway()
        monkeypatch.setattr(cards, "payment_gateway", lambda: processor)

        world.run_schedules()

        assert bool(processor.keys) is sent
        assert world.account(account_id).period == paid.period
        Books(world).check()

    def test_a_creation_without_an_answer_says_so_and_is_finished_when_repeated(
        self, silent: Callable[..., SilentGateway], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = World()
        card = world.card()
        silent(acts=True)
        with pytest.raises(ChargeOutcomeUnknown):
            world.create(id="acct_NEW", name="brand-new", billing_profile_id=card)
        with pytest.raises(NameTaken):
            world.create(name="brand-new", billing_profile_id=card)
        with pytest.raises(Refusal, match="acct_NEW"):
            world.account("acct_NEW")  # 404 to everyone

        monkeypatch.undo()
        account = world.create(id="acct_NEW", name="brand-new", billing_profile_id=card)

        assert account.status is Status.ACTIVE
        Books(world).check()

    def test_a_declined_creation_that_was_cut_off_is_released_by_the_worker(self) -> None:
        world = World()
        world.buy(1_000)
        card = world.card("pm_card_chargeDeclined")
        killed_at(CARD, lambda: world.create(id="acct_NEW", name="brand-new", billing_profile_id=card))
        assert world.wallet.held.amount == 1_000

        world.now += timedelta(minutes=2)
        world.run_schedules()

        assert world.wallet.held.amount == 0
        assert Books(world).names == {}
        Books(world).check()


class TestRepeated:
    def test_the_same_creation_again_is_the_same_account(self) -> None:
        world = World()
        card = world.card()

        first = world.create(id="acct_NEW", name="brand-new", billing_profile_id=card)
        second = world.create(id="acct_NEW", name="brand-new", billing_profile_id=card)

        assert first == second
        assert len(Books(world).approved) == 1

    def test_a_key_used_for_another_name_or_amount_is_refused(self) -> None:
        world = World()
        world.create(id="acct_NEW", name="brand-new")
        world.buy(1_000, id="txn_NEW")

        with pytest.raises(KeyReused):
            world.create(id="acct_NEW", name="another")
        with pytest.raises(KeyReused):
            world.buy(1_001, id="txn_NEW")

    def test_a_key_stands_for_one_purchase_for_one_account_with_one_card(self) -> None:
        world = World()
        card, account = world.card(), world.create()
        made = world.buy(1_000, id="txn_NEW", card=card, account_id=account.id)

        assert world.buy(1_000, id="txn_NEW", card=card, account_id=account.id) == made
        with pytest.raises(KeyReused):
            world.buy(1_000, id="txn_NEW", card=card)
        with pytest.raises(KeyReused):
            world.buy(1_000, id="txn_NEW", card=world.card(), account_id=account.id)

    def test_a_purchase_cut_off_and_repeated_for_another_account_is_refused_before_and_after(self) -> None:
        world = World()
        card, account = world.card(), world.create()
        killed_at(CARD, lambda: world.buy(1_000, id="txn_NEW", card=card))

        for _ in range(2):
            with pytest.raises(KeyReused):
                world.buy(1_000, id="txn_NEW", card=card, account_id=account.id)

        assert world.wallet.set_aside.amount == 0

    def test_a_purchase_cut_off_and_repeated_with_another_amount_is_refused_and_the_first_one_stands(self) -> None:
        world = World()
        card = world.card()
        killed_at(CARD, lambda: world.buy(1_000, id="txn_NEW", card=card))

        with pytest.raises(KeyReused):
            world.buy(2_000, id="txn_NEW", card=card)
        world.now += timedelta(minutes=2)
        world.run_schedules(healing=True)

        assert world.wallet.balance.amount == 1_000
        Books(world).check()

    def test_declined_and_repeated_after_prepaid_money_was_bought_nothing_stays_held(self) -> None:
        world = World()
        card = world.card("pm_card_chargeDeclined")
        asked = {"id": "acct_NEW", "name": "brand-new", "billing_profile_id": card}
        with pytest.raises(CardDeclined):
            world.create(**asked)
        world.buy(2_000)

        with pytest.raises(CardDeclined):
            world.create(**asked)

        assert world.wallet.held.amount == 0
        Books(world).check()

    def test_of_two_creations_of_one_name_one_wins_and_the_other_is_charged_nothing(self) -> None:
        world = World()
        card = world.card()

        def rival() -> None:
            world.create(id="acct_RIVAL", name="brand-new", billing_profile_id=card)

        breaker = Breaker(place=2, fault=Fault.OVERTAKEN, overtake=rival)
        with pytest.raises(NameTaken), breaker.watching():
            world.create(id="acct_NEW", name="brand-new", billing_profile_id=card)

        assert breaker.injected
        assert Books(world).names == {"brand-new": "acct_RIVAL"}
        Books(world).check()


class TestRivals:
    """Somebody else writes the same rows in the middle of a run, at each of its calls."""

    def everywhere(self, run: Callable[[World], Any], rival: Callable[[World], Any]) -> int:
        world = self.two_renewals()
        stored, watched = Stored.now(), Breaker()
        start = world.now
        with watched.watching():
            run(world)
        for place in range(len(watched.calls)):
            stored.restore()
            world.now = start
            breaker = Breaker(place=place, fault=Fault.OVERTAKEN, overtake=lambda: rival(world))
            with breaker.watching():
                run(world)
            assert breaker.injected
            world.now = start + timedelta(minutes=3)
            world.run_schedules(healing=True)
            Books(world).check()
            assert len(world.invoices()) == 4
        return len(watched.calls)

    def two_renewals(self) -> World:
        world, _ = renewing("pm_card_visa", "pm_card_timeout")
        world.buy(6_000)
        fall_due(world)
        return world

    def test_a_purchase_in_the_middle_of_renewals(self) -> None:
        tried = self.everywhere(World.run_schedules, lambda world: world.buy(1_000))

        assert tried > 10

    def test_money_set_aside_in_the_middle_of_its_accounts_renewal(self) -> None:
        def rival(world: World) -> None:
            world.buy(1_000, account_id=Books(world).accounts[0].id)

        assert self.everywhere(World.run_schedules, rival) > 10

    def test_a_renewal_in_the_middle_of_a_purchase(self) -> None:
        def purchase(world: World) -> None:
            world.buy(5_000, account_id=Books(world).accounts[0].id)
            world.run_schedules()

        assert self.everywhere(purchase, World.run_schedules) > 10

    def test_a_cancellation_in_the_middle_of_the_renewal_wins_or_is_refused_but_never_both(self) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        fall_due(world)
        stored, watched = Stored.now(), Breaker()
        with watched.watching():
            world.run_schedules()
        seen = set()

        for place in range(len(watched.calls)):
            stored.restore()
            refused: list[str] = []

            def cancel(refused: list[str] = refused) -> None:
                try:
                    world.cancel(account_id)
                except Refusal as refusal:
                    refused.append(refusal.code)

            with Breaker(place=place, fault=Fault.OVERTAKEN, overtake=cancel).watching():
                world.run_schedules()
            for _ in range(2):
                world.run_schedules(healing=True)
            account = world.account(account_id)
            seen.add((account.status, len(world.invoices()), bool(refused)))

        assert seen >= {
            (Status.EXPIRED, 1, False),  # canceled before it was charged: the period had ended
            (Status.ACTIVE, 2, True),  # refused, the charge was in progress
        }
        assert seen <= {(Status.EXPIRED, 1, False), (Status.ACTIVE, 2, True), (Status.CANCELED, 2, False)}


class TestEnds:
    def test_a_purchase_for_an_account_that_ends_meanwhile_is_general_money(self) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        world.cancel(account_id)
        fall_due(world)
        card = world.card()
        killed_at(CARD, lambda: world.buy(5_000, card=card, account_id=account_id))

        world.run_schedules()  # the account expires
        world.now += timedelta(minutes=2)
        world.run_schedules()

        wallet = world.wallet
        assert (wallet.balance.amount, wallet.set_aside.amount, wallet.general.amount) == (5_000, 0, 5_000)
        Books(world).check()

    def test_the_last_retry_gives_back_what_was_set_aside(self) -> None:
        world, (account_id,) = renewing(ONCE_PAID)
        world.buy(1_000, account_id=account_id)

        world.advance(days=20)

        assert world.account(account_id).status is Status.EXPIRED
        assert world.invoices()[1].status is InvoiceStatus.UNCOLLECTIBLE
        assert (world.wallet.balance.amount, world.wallet.set_aside.amount) == (1_000, 0)
        Books(world).check()

    def test_canceling_while_past_due_voids_and_charges_nothing_ever_after(self) -> None:
        world, (account_id,) = renewing(ONCE_PAID)
        world.advance(days=3)
        asked = len(Books(world).asked)

        world.cancel(account_id)
        world.buy(50_000)
        world.advance(days=60)

        assert len(Books(world).asked) == asked + 1  # the purchase
        assert world.invoices()[1].status is InvoiceStatus.VOID
        Books(world).check()


class TestSmall:
    def test_a_renewal_below_the_smallest_card_charge_leaves_the_minimum_for_the_card(self) -> None:
        world, (account_id,) = renewing("pm_card_visa")
        world.buy(PRICE - 1)
        world.advance(days=1)

        renewal = world.invoices(account_id)[1]

        assert (renewal.card_charged.amount, renewal.prepaid_applied.amount) == (50, PRICE - 50)
        assert world.wallet.balance.amount == 49
        Books(world).check()


def test_a_migrated_account_has_its_discount_for_twelve_cycles_the_first_included() -> None:
    world = World()
    account = world.create(migrated=True)

    world.advance(days=400)

    prices = [invoice.total.amount for invoice in world.invoices(account.id)]
    assert prices == [4410] * 12 + [4900] * 2


def test_no_prepaid_money_is_used_twice_by_a_message_of_many() -> None:
    world, _ = renewing(*["pm_card_visa"] * 6)
    world.buy(PRICE * 2 + 100)

    world.advance(days=1)

    renewals = world.invoices()[6:]
    assert sum(invoice.prepaid_applied.amount for invoice in renewals) == PRICE * 2 + 100
    assert world.wallet.balance.amount == 0
    Books(world).check()


def test_an_annual_account_is_charged_once_a_year() -> None:
    world = World()
    plan = PlanRequest("V3", "marketing", "plus", 1000, Frequency.ANNUAL)
    account = world.create(plan=plan)

    world.advance(days=800)

    assert [invoice.period.start for invoice in world.invoices(account.id)] == [
        date(2026, 1, 31),
        date(2027, 1, 31),
        date(2028, 1, 31),
    ]
    Books(world).check()


def test_the_processors_answer_is_kept_on_the_invoice() -> None:
    world = World()
    account = world.create()

    (invoice,) = world.invoices(account.id)

    found = choice.payment_gateway().find(key=f"{invoice.id}-1")
    assert found == Charged(invoice.processor, invoice.reference, invoice.card)
