"""Every call of every kind of charge broken in turn: nothing charged twice, nothing lost (docs/rules.md §6)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import PaymentState
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.gateways.due_queue import Due
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.services.accounts import plan_changes, revivals
from chalicelib.services.partners import billing_profiles
from chalicelib.services.schedule import sweeps
from chalicelib.services.schedule.worker import take_due_steps
from tests.breaker import Fault
from tests.faults import Scenario, Tally, break_everywhere, break_somewhere
from tests.world import ACTOR, PLUS, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

Run = Callable[[World], Any]
ONCE_PAID = "pm_card_declinedOnRenewal"


def with_accounts(*cards: str, prepaid: int = 0) -> tuple[World, list[str]]:
    """A partner whose accounts all renew on the same day, 28 February; by then ``prepaid`` is what is left."""
    world = World()
    ids = [world.create(billing_profile_id=world.card(card)).id for card in cards]
    if prepaid:
        world.buy(prepaid)
    world.advance(days=27)
    return world, ids


def at_the_alarm(world: World) -> World:
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    return world


def message(ids: list[str], times: int = 1) -> Run:
    """The worker is given one message naming these accounts."""

    def run(world: World) -> None:
        for _ in range(times):
            take_due_steps(Due(world.partner_id, tuple(ids), Sweep.RENEWALS, "run-1"), now=world.now)

    return run


def renewal_prepaid() -> tuple[World, Run]:
    world, _ = with_accounts("pm_card_visa", "pm_card_visa", prepaid=20_000)
    return at_the_alarm(world), World.run_schedules


def renewal_mixed() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa", prepaid=2_000)
    return at_the_alarm(world), message(ids)


def renewal_card() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa")
    return at_the_alarm(world), message(ids)


def renewal_slow_card() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_timeout", prepaid=1_000)
    return at_the_alarm(world), message(ids)


def five_accounts() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa", "pm_card_visa", ONCE_PAID, "pm_card_timeout", "pm_card_visa")
    world.buy(5_000)
    world.buy(1_500, account_id=ids[2])
    world.buy(9_000, account_id=ids[4])
    return at_the_alarm(world), message(ids)


def renewal_declined() -> tuple[World, Run]:
    world, ids = with_accounts(ONCE_PAID, prepaid=1_200)
    return at_the_alarm(world), message(ids)


def past_due(**more: Any) -> tuple[World, str]:
    world, ids = with_accounts(ONCE_PAID, **more)
    world.advance(days=1)
    assert world.account(ids[0]).payment_state is PaymentState.PAST_DUE
    return world, ids[0]


def retry_paid() -> tuple[World, Run]:
    world, account_id = past_due(prepaid=1_000)
    profile = profile_rows.get(world.partner_id, world.account(account_id).billing_profile_id or "")
    assert profile is not None
    billing_profiles.update_profile(
        profile=profile, changes={"payment_method": "pm_card_visa"}, now=world.now, actor=ACTOR
    )
    return at_the_alarm(world), message([account_id])


def last_retry_declined() -> tuple[World, Run]:
    world, account_id = past_due()
    world.buy(1_100, account_id=account_id)
    world.advance(days=6)
    assert world.account(account_id).overdue.retries == 3
    return at_the_alarm(world), message([account_id])


def creation(payment_method: str, *, prepaid: int = 0, **wanted: Any) -> tuple[World, Run]:
    world = World()
    if prepaid:
        world.buy(prepaid)
    card = world.card(payment_method)

    def run(world: World) -> None:
        world.create(id="acct_NEW", name="brand-new", billing_profile_id=card, **wanted)

    return world, run


def creation_prepaid() -> tuple[World, Run]:
    return creation("pm_card_visa", prepaid=10_000)


def creation_card() -> tuple[World, Run]:
    return creation("pm_card_visa")


def creation_mixed() -> tuple[World, Run]:
    return creation("pm_card_timeout", prepaid=1_000)


def creation_declined() -> tuple[World, Run]:
    return creation("pm_card_chargeDeclined", prepaid=1_000)


def creation_trial() -> tuple[World, Run]:
    return creation("pm_card_visa", plan=TRIAL)


def purchase(*, payment_method: str = "pm_card_visa", set_aside: bool = False) -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa")
    card = world.card(payment_method)

    def run(world: World) -> None:
        world.buy(5_000, id="txn_NEW", card=card, account_id=ids[0] if set_aside else None)

    return world, run


def purchase_set_aside() -> tuple[World, Run]:
    return purchase(set_aside=True)


def purchase_declined() -> tuple[World, Run]:
    return purchase(payment_method="pm_card_chargeDeclined")


def cancel_past_due() -> tuple[World, Run]:
    world, account_id = past_due()
    world.buy(1_100, account_id=account_id)
    return world, lambda world: world.cancel(account_id)


def cancel_trial() -> tuple[World, Run]:
    world = World()
    trial = world.create(plan=TRIAL)
    return world, lambda world: world.cancel(trial.id)


def canceled_expires() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa", "pm_card_visa")
    world.buy(1_100, account_id=ids[0])
    for account_id in ids:
        world.cancel(account_id)
    return at_the_alarm(world), message(ids)


def trial_ends() -> tuple[World, Run]:
    world = World()
    trial = world.create(plan=TRIAL)
    world.advance(days=13)
    return at_the_alarm(world), message([trial.id])


def doubled_message() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa", "pm_card_timeout", prepaid=2_000)
    return at_the_alarm(world), message(ids, times=2)


def two_sweeps() -> tuple[World, Run]:
    world, _ = with_accounts("pm_card_visa", prepaid=2_000)

    def run(world: World) -> None:
        begun = [sweeps.first_position(sweep=Sweep.RENEWALS, run=f"run-{n}", now=world.now) for n in (1, 2)]
        for position in begun:
            sweeps.send_due(position, out_of_time=lambda: False)
        for due in world.receive():
            take_due_steps(due, now=world.now)

    return at_the_alarm(world), run


def upgrade() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa", prepaid=1_000)
    wanted = plan_changes.Wanted(replace(PLUS, contacts=10_000))

    def run(world: World) -> None:
        plan_changes.change_plan(
            partner_id=world.partner_id, account_id=ids[0], wanted=wanted, now=world.now, actor=ACTOR
        )

    world.now -= timedelta(days=10)
    return world, run


def revival() -> tuple[World, Run]:
    world, ids = with_accounts("pm_card_visa")
    world.cancel(ids[0])
    world.advance(days=70)
    world.buy(1_000)
    wanted = revivals.Renewal(request="req_1")

    def run(world: World) -> None:
        revivals.renew(partner_id=world.partner_id, account_id=ids[0], wanted=wanted, now=world.now, actor=ACTOR)

    return world, run


SCENARIOS = [
    Scenario("renewal, prepaid", renewal_prepaid),
    Scenario("renewal, mixed", renewal_mixed),
    Scenario("renewal, card", renewal_card),
    Scenario("renewal, a card that answers late", renewal_slow_card),
    Scenario("renewals of five accounts, mixed", five_accounts),
    Scenario("renewal, declined", renewal_declined),
    Scenario("retry, paid", retry_paid),
    Scenario("last retry, declined", last_retry_declined),
    Scenario("creation, prepaid", creation_prepaid, is_request=True),
    Scenario("creation, card", creation_card, is_request=True),
    Scenario("creation, card, repeated after it healed", creation_card, is_request=True, healed_first=True),
    Scenario("creation, mixed, late answer", creation_mixed, is_request=True),
    Scenario("creation, declined", creation_declined, is_request=True),
    Scenario("creation, declined, repeated after it healed", creation_declined, is_request=True, healed_first=True),
    Scenario("creation, trial", creation_trial, is_request=True),
    Scenario("purchase", purchase, is_request=True),
    Scenario("purchase, repeated after it healed", purchase, is_request=True, healed_first=True),
    Scenario("purchase, set aside", purchase_set_aside, is_request=True),
    Scenario("purchase, declined", purchase_declined, is_request=True),
    Scenario("canceling while past due", cancel_past_due, is_request=True),
    Scenario("canceling a trial", cancel_trial, is_request=True),
    Scenario("canceled accounts expire", canceled_expires),
    Scenario("trial ends", trial_ends),
    Scenario("message delivered twice", doubled_message),
    Scenario("two sweeps at once", two_sweeps),
    Scenario("upgrade, mixed", upgrade, is_request=True),
    Scenario("revival, mixed", revival, is_request=True),
    Scenario("revival, repeated after it healed", revival, is_request=True, healed_first=True),
]


@pytest.fixture(scope="module")
def tried() -> Iterator[dict[str, Tally]]:
    """What was tried, scenario by scenario; `pytest -s` shows the table."""
    tallies: dict[str, Tally] = {}
    yield tallies
    print("", *table(tallies), sep="\n")


def table(tallies: dict[str, Tally]) -> Iterator[str]:
    kinds = list(Fault)
    yield f"{'scenario':46} points " + " ".join(f"{number:>3}" for number in range(1, len(kinds) + 1)) + "  faults"
    for name, tally in tallies.items():
        counts = " ".join(f"{tally.faults[kind] or '':>3}" for kind in kinds)
        yield f"{name:46} {tally.points:>6} {counts}  {tally.faults.total():>6}"
    points, faults = sum(t.points for t in tallies.values()), sum(t.faults.total() for t in tallies.values())
    yield f"{points} points, {faults} faults: 0 charged twice, 0 lost"
    yield "; ".join(f"{number}: {kind}" for number, kind in enumerate(kinds, start=1))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_somewhere_the_books_end_as_if_nothing_had_happened(scenario: Scenario) -> None:
    every_fault_was_tried(break_somewhere(scenario))


@pytest.mark.prove
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_anywhere_the_books_end_as_if_nothing_had_happened(scenario: Scenario, tried: dict[str, Tally]) -> None:
    tally = break_everywhere(scenario)

    tried[scenario.name] = tally
    every_fault_was_tried(tally)


def every_fault_was_tried(tally: Tally) -> None:
    assert tally.points > 0
    for kind in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.OVERTAKEN):
        assert tally.faults[kind] > 0
