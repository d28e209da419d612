"""Cards on file: one default, and none that is charged after it was deleted (docs/rules.md §6)."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import PaymentState
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.models import transactions
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.services.accounts import plan_changes
from chalicelib.services.accounts.details import DetailsRequest, change_details
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.billing import single_bills
from chalicelib.services.charging.results import CardDeclined
from chalicelib.services.partners import billing_profiles
from chalicelib.services.partners.billing_profiles import ProfileInUse
from chalicelib.services.wallet import top_ups
from tests.books import Books
from tests.faults import Breaker, Fault, Stored
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

PRO = PlanRequest("V3", "marketing", "professional", 1000, Frequency.MONTHLY)
STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
RENEWAL_DAY = datetime(2026, 2, 28, 6, tzinfo=UTC)  # begins in Chicago


@pytest.fixture
def lagging_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index by billing profile does not show yet whom a profile pays for."""
    monkeypatch.setattr(overview_rows, "paid_by", lambda *_: [])


def delete(world: World, profile_id: str) -> None:
    billing_profiles.delete_profile(partner_id=world.partner_id, profile_id=profile_id, now=world.now, actor=ACTOR)


def asked_for(world: World, key: str) -> list[str]:
    return [each for each in Books(world).asked if each.startswith(key)]


@pytest.mark.usefixtures("lagging_index")
class TestACardDeletedJustAfterAnAccountWasMovedToIt:
    @pytest.fixture
    def world(self) -> World:
        return World()

    def moved(self, world: World) -> tuple[str, str]:
        """An account, and the profile it was moved to, which is deleted by now."""
        account, card = world.create(), world.card()
        change_details(
            partner_id=world.partner_id,
            account_id=account.id,
            request=DetailsRequest(billing_profile_id=card),
            now=world.now,
            actor=ACTOR,
        )
        delete(world, card)
        return account.id, card

    def test_its_renewal_is_declined_and_no_card_asked(self, world: World) -> None:
        account_id, _ = self.moved(world)

        world.advance(to=RENEWAL_DAY)

        invoice = world.invoices()[-1]
        assert world.account(account_id).payment_state is PaymentState.PAST_DUE
        assert (invoice.status, invoice.attempts[-1].decline_code) == (InvoiceStatus.OPEN, "no_billing_profile")
        assert asked_for(world, invoice.id) == []
        assert world.wallet.held.amount == 0

    def test_prepaid_money_pays_for_it_all_the_same(self, world: World) -> None:
        account_id, _ = self.moved(world)
        world.buy(100_000)

        world.advance(to=RENEWAL_DAY)

        assert world.account(account_id).payment_state is PaymentState.OK

    def test_another_card_pays_its_open_invoice(self, world: World) -> None:
        account_id, _ = self.moved(world)
        world.advance(to=RENEWAL_DAY)
        wanted = DetailsRequest(billing_profile_id=world.card())
        change_details(partner_id=world.partner_id, account_id=account_id, request=wanted, now=world.now, actor=ACTOR)

        world.advance(days=0)

        assert world.account(account_id).payment_state is PaymentState.OK
        Books(world).check()

    def test_an_upgrade_is_declined_and_changes_nothing(self, world: World) -> None:
        account_id, _ = self.moved(world)
        before = world.account(account_id)

        with pytest.raises(CardDeclined):
            plan_changes.change_plan(
                partner_id=world.partner_id,
                account_id=account_id,
                request=PlanChangeRequest(PRO),
                now=world.now,
                actor=ACTOR,
            )

        after = world.account(account_id)
        assert (after.plan, after.price, after.charge) == (before.plan, before.price, None)
        assert len(world.invoices()) == 1

    def test_an_account_moved_meanwhile_does_not_spoil_the_renewals_beside_it(self, world: World) -> None:
        self.moved(world)
        others = [world.create().id for _ in range(2)]

        world.advance(to=RENEWAL_DAY)

        assert [world.account(id).payment_state for id in others] == [PaymentState.OK] * 2

    @pytest.mark.parametrize("what", ["a first period", "a purchase", "a top-up", "a bill"])
    def test_whatever_is_charged_at_that_moment_is_declined(self, what: str) -> None:
        world = World(program="solutions" if what == "a bill" else "agency")
        card = world.card()
        runs: dict[str, Callable[[], Any]] = {
            "a first period": lambda: world.create(billing_profile_id=card),
            "a purchase": lambda: world.buy(10_000, card=card),
            "a top-up": lambda: top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR),
            "a bill": world.run_schedules,
        }
        if what == "a top-up":
            world.top_up(1_000, 10_000, card=card)
        if what == "a bill":
            single_bills.set_up_single_bill(
                partner_id=world.partner_id, day=15, billing_profile_id=card, now=world.now, actor=ACTOR
            )
            world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
            world.now = datetime(2026, 2, 15, 6, tzinfo=UTC)
        profile = profile_rows.get(world.partner_id, card)
        assert profile is not None
        gone = profile_rows.put(profile_deleted(profile, world.now), actor=ACTOR, event="")
        place = self.place_of_the_hold(runs[what])

        overtaken = Breaker(place=place, fault=Fault.OVERTAKEN, overtake=lambda: transactions.commit([gone]))
        told = pytest.raises(CardDeclined) if what in ("a first period", "a purchase") else nullcontext()
        with told, overtaken.watching():
            runs[what]()

        assert overtaken.injected
        assert Books(world).asked == {}
        assert world.wallet.held.amount == 0

    def place_of_the_hold(self, run: Callable[[], Any]) -> int:
        """Which of a run's calls is the first transaction; the run leaves no trace."""
        stored, watched = Stored.now(), Breaker()
        with watched.watching():
            run()
        stored.restore()
        return watched.calls.index("TransactWriteItems")


def profile_deleted(profile: BillingProfile, now: datetime) -> BillingProfile:
    return replace(profile, deleted_at=now)


class TestHolding:
    def test_33_renewals_on_33_cards_fit_into_one_transaction(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        ids = [world.create().id for _ in range(33)]
        sizes: list[int] = []
        real = transactions._write

        def counted(writes: Any) -> None:
            sizes.append(len(writes))
            real(writes)

        world.now = RENEWAL_DAY
        monkeypatch.setattr(transactions, "_write", counted)

        world.run_schedules()

        assert all(world.account(id).payment_state is PaymentState.OK for id in ids)
        assert max(sizes) <= transactions.MAX_ITEMS
        assert 66 in sizes, "an account's row and its card's for each"

    def test_a_card_that_pays_for_many_is_checked_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        card = world.card()
        for _ in range(3):
            world.create(billing_profile_id=card)
        world.now = RENEWAL_DAY
        sizes: list[int] = []
        real = transactions._write

        def counted(writes: Any) -> None:
            sizes.append(len(writes))
            real(writes)

        monkeypatch.setattr(transactions, "_write", counted)
        world.run_schedules()

        assert 4 in sizes


class TestTheDefault:
    def create(self, world: World, *, default: bool = True) -> BillingProfile:
        return billing_profiles.create_profile(
            profile_id=new_id("bp", at=world.now),
            partner_id=world.partner_id,
            name="Card",
            payment_method="pm_card_visa",
            address=None,
            default=default,
            now=world.now,
            actor=ACTOR,
        )

    def defaults(self, world: World) -> list[str]:
        return [each.id for each in profile_rows.all_of_partner(world.partner_id) if each.default]

    @pytest.mark.parametrize("before", [False, True], ids=["the first", "with one before"])
    @pytest.mark.parametrize("changed", [False, True], ids=["created", "changed"])
    def test_of_two_that_become_the_default_at_the_same_moment_one_is(self, before: bool, changed: bool) -> None:
        world = World()
        if before:
            self.create(world)
        other = self.create(world, default=False)

        def run() -> None:
            if not changed:
                self.create(world)
                return
            profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=other.id)
            billing_profiles.update_profile(profile=profile, changes={"default": True}, now=world.now, actor=ACTOR)

        stored, watched = Stored.now(), Breaker()
        with watched.watching():
            run()
        for place in range(len(watched.calls)):
            stored.restore()
            with Breaker(place=place, fault=Fault.OVERTAKEN, overtake=lambda: self.create(world)).watching():
                run()

            assert len(self.defaults(world)) == 1, f"overtaken at {watched.calls[place]}"


def test_a_profile_in_use_cannot_be_deleted() -> None:
    world = World()
    card = world.card()
    world.create(billing_profile_id=card)

    with pytest.raises(billing_profiles.ProfileInUse):
        delete(world, card)


class TestACardInUse:
    def test_that_of_the_single_bill_stays_on_file(self) -> None:
        world = World(program="solutions")
        card = world.card()
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=1, billing_profile_id=card, now=world.now, actor=ACTOR
        )

        with pytest.raises(ProfileInUse, match="Single Bill"):
            delete(world, card)

    def test_that_of_the_automatic_top_up_stays_on_file(self) -> None:
        world = World()
        card = world.card()
        world.top_up(5_000, 5_000, card=card)

        with pytest.raises(ProfileInUse, match="automatic top-up"):
            delete(world, card)
