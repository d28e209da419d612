"""Every call of every kind of charge of a client who pays for itself, broken in turn (docs/rules.md §6, §9)."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import PaymentState
from chalicelib.domain.accounts.actions import Caller
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.gateways.due_queue import Due
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet.wallets import WalletRow
from chalicelib.programs import program
from chalicelib.services.accounts import details, plan_changes
from chalicelib.services.billing import payment_retries
from chalicelib.services.partners import billing_profiles
from chalicelib.services.schedule.worker import take_due_steps
from tests.books import Books, images
from tests.breaker import Breaker, Fault
from tests.faults import Scenario, Stored, Tally, break_everywhere, break_somewhere, heal
from tests.paying_clients import let_partner_manage
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")

Run = Callable[[World], Any]
NEW = "acct_NEW"
LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)
STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
TRIAL = PlanRequest("S1", "email", "trial")
ONCE_PAID = "pm_card_declinedOnRenewal"


class TakenOverBooks(Books):
    """The books of a partner that took over the payment of the one account that there is."""

    def check(self) -> None:
        self.check_wallet()
        for row, account in zip(self.account_rows, self.accounts, strict=True):
            self.check_at_rest(row, account)
        (account,) = self.accounts
        wallets = {image["payer"]["S"]: image for image in images(settings().wallets_table)}
        assert WalletRow.from_raw_data(wallets[NEW]).value().active_paid_accounts == int(account.payer == NEW)
        card = profile_rows.get(NEW, billing_profiles.own_card_id(NEW))
        assert card is not None
        assert (card.deleted_at is None) == (account.payer == NEW)


class ClientBooks(Books):
    """The books of the one account that there is, which is its own payer."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        wallets = {image["payer"]["S"]: image for image in images(settings().wallets_table)}
        cards = {image["partner_id"]["S"] for image in images(settings().billing_profiles_table)}
        if self.accounts:
            self.wallet = WalletRow.from_raw_data(wallets[NEW]).value()
            assert (NEW in cards) == (self.accounts[0].billing_profile_id is not None)
        else:
            assert NEW not in wallets, "a wallet is left of an account that was not opened"
            assert cards == set(), "a card is left of an account that was not opened"


def sign_up(card: str | None, **wanted: Any) -> tuple[World, Run]:
    world = World(program="solutions")
    return world, lambda world: world.sign_up(card, id=NEW, name="brand-new", **{"plan": STANDARD} | wanted)


def signed_up(card: str | None = "pm_card_visa", *, days: int = 0, **wanted: Any) -> World:
    """A client that signed up so many days ago."""
    world, run = sign_up(card, **wanted)
    run(world)
    world.advance(days=days)
    return world


def at_the_alarm(world: World) -> World:
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    return world


def message(world: World) -> None:
    take_due_steps(Due(NEW, (NEW,), Sweep.RENEWALS, "run-1"), now=world.now)


def renewal(card: str) -> tuple[World, Run]:
    return at_the_alarm(signed_up(card, days=27)), message


def another_card() -> tuple[World, Run]:
    """The open invoice is paid by it with the next sweep."""
    world = signed_up(ONCE_PAID, days=29)
    assert world.account(NEW).payment_state is PaymentState.PAST_DUE

    def run(world: World) -> None:
        payment_retries.set_own_card(account_id=NEW, payment_method="pm_card_visa", now=world.now)

    return world, run


def taken_over() -> tuple[World, Run]:
    """The partner, which manages the account, pays for it from now on."""
    world = signed_up()
    let_partner_manage(NEW)
    wanted = details.DetailsRequest(billing_profile_id=world.card())

    def run(world: World) -> None:
        details.change_details(
            partner_id=world.partner_id, account_id=NEW, request=wanted, now=world.now, actor="api_key:key_1"
        )

    return world, run


def first_card() -> tuple[World, Run]:
    world = signed_up(None, plan=TRIAL)

    def run(world: World) -> None:
        payment_retries.set_own_card(account_id=NEW, payment_method="pm_card_visa", now=world.now)

    return world, run


def expiring_card() -> tuple[World, Run]:
    """The client is told that its card expires."""
    world = signed_up()
    (profile,) = profile_rows.all_of_partner(NEW)
    card = replace(profile.card, exp_month=3, exp_year=2026)
    account = replace(world.account(NEW), card_notice_on=card.notice_on)
    commit(
        [
            profile_rows.put(replace(profile, card=card), actor="test", event="billing_profile.updated"),
            account_rows.put(account, program=program("solutions"), actor="test"),
        ]
    )
    return at_the_alarm(world), message


def change(world: World, plan: PlanRequest) -> tuple[World, Run]:
    wanted = plan_changes.PlanChangeRequest(plan)

    def run(world: World) -> None:
        plan_changes.change_plan(
            partner_id=world.partner_id,
            account_id=NEW,
            request=wanted,
            by=Caller.CLIENT,
            now=world.now,
            actor="client",
        )

    return world, run


SCENARIOS = [
    Scenario("sign-up", lambda: sign_up("pm_card_visa"), is_request=True),
    Scenario("sign-up, repeated after it healed", lambda: sign_up("pm_card_visa"), is_request=True, healed_first=True),
    Scenario("sign-up, late answer", lambda: sign_up("pm_card_timeout"), is_request=True),
    Scenario("sign-up, declined", lambda: sign_up("pm_card_chargeDeclined"), is_request=True),
    Scenario("sign-up, trial with a card", lambda: sign_up("pm_card_visa", plan=TRIAL), is_request=True),
    Scenario("sign-up, trial", lambda: sign_up(None, plan=TRIAL), is_request=True),
    Scenario("renewal", lambda: renewal("pm_card_visa")),
    Scenario("renewal, declined", lambda: renewal(ONCE_PAID)),
    Scenario("card about to expire", expiring_card),
    Scenario("another card", another_card, is_request=True),
    Scenario("first card", first_card, is_request=True),
    Scenario("trial turned paid", lambda: change(signed_up(days=10, plan=TRIAL), STANDARD), is_request=True),
    Scenario("upgrade", lambda: change(signed_up(days=10, plan=LITE), STANDARD), is_request=True),
]
SCENARIOS = [replace(each, books=ClientBooks) for each in SCENARIOS]
SCENARIOS.append(Scenario("payment taken over", taken_over, is_request=True, books=TakenOverBooks))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_somewhere_the_books_end_as_if_nothing_had_happened(scenario: Scenario) -> None:
    faults_were_tried(break_somewhere(scenario, one_in=12))


@pytest.mark.prove
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_anywhere_the_books_end_as_if_nothing_had_happened(scenario: Scenario) -> None:
    tally = break_everywhere(scenario)

    print(f"| {scenario} | {tally.points} | {tally.faults.total()} |")
    faults_were_tried(tally)


def faults_were_tried(tally: Tally) -> None:
    for kind in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.ANSWER_LOST, Fault.OVERTAKEN):
        assert tally.faults[kind] > 0


@pytest.mark.parametrize("card", [ONCE_PAID, "pm_card_visa"])
def test_a_card_that_is_set_in_the_middle_of_a_retry_pays_once(card: str) -> None:
    """Whichever of the two the retry asked: in the end the account is paid for, and no card was asked too often."""
    world = at_the_alarm(signed_up(ONCE_PAID, days=29))
    payment_retries.set_own_card(account_id=NEW, payment_method=card, now=world.now)

    set_another_card_at_each_call(world)


def test_a_card_that_is_set_in_the_middle_of_the_first_declined_renewal_pays_soon() -> None:
    set_another_card_at_each_call(at_the_alarm(signed_up(ONCE_PAID, days=27)))


def set_another_card_at_each_call(world: World) -> None:
    """In each of the worlds the account is paid for in the end, without waiting for the next retry of the schedule.

    The request for the new card begins before the run: it is longer on its way to the processor.
    """
    stored, undisturbed = Stored.now(), Breaker()
    with undisturbed.watching():
        message(copy.copy(world))

    def set_another() -> None:
        a_moment_before = world.now - timedelta(seconds=1)
        payment_retries.set_own_card(account_id=NEW, payment_method="pm_card_visa", now=a_moment_before)

    for place in range(len(undisturbed.calls)):
        stored.restore()
        disturbed = copy.copy(world)
        with Breaker(place=place, fault=Fault.OVERTAKEN, overtake=set_another).watching():
            message(disturbed)
        heal(disturbed)

        ClientBooks(disturbed).check()
        assert disturbed.account(NEW).payment_state is PaymentState.OK, undisturbed.calls[place]
