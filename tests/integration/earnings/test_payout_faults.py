"""Every call of a payout, broken in turn: nothing is sent under two ids, nothing is lost (docs/faults.md)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways.sandbox_payouts import SentBatchRow
from chalicelib.services.earnings import payout_runs, payout_steps, payouts
from chalicelib.services.schedule.worker import take_due_steps
from tests.books import images
from tests.breaker import Fault
from tests.faults import Scenario, break_everywhere, break_somewhere
from tests.integration.earnings.test_faults import EarningBooks, faults_were_tried
from tests.integration.earnings.test_marked_payouts import hold
from tests.payout_worlds import PayoutWorld, a_payday
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")

Prepared = tuple[World, Callable[[World], Any]]


@pytest.fixture(autouse=True)
def _few_lines_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three lines are gathered in two transactions."""
    monkeypatch.setattr(payout_steps, "_GATHERED_AT_ONCE", 2)


@pytest.fixture(autouse=True)
def _confirmed_by_hand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Payouts of the agency program need a confirmation."""
    load = payout_runs.load_program

    def loaded(name: str) -> Any:
        program = load(name)
        assert program.commission is not None
        confirmation = name == "agency"
        return replace(program, commission=replace(program.commission, payout_confirmation=confirmation))

    monkeypatch.setattr(payout_runs, "load_program", loaded)


class PayoutBooks(EarningBooks):
    """A partner's ledger and payouts as they are stored, and what the processor was sent."""

    def __init__(self, world: World) -> None:
        assert isinstance(world, PayoutWorld)
        for minutes in (11, 61, 24 * 60):  # a batch is sent again; what was not woken looks at its run once a day
            world.now += timedelta(minutes=minutes)
            world.run_schedules(healing=True)
        super().__init__(world)
        self.payouts = world.payouts
        self.sent = [batch.items for batch in SentBatchRow.scan()]

    def summary(self) -> dict[str, Any]:
        told = [(each.id, each.status, each.amount, each.lines, each.recipient, each.cause) for each in self.payouts]
        return {**super().summary(), "payouts": told, "sent": sorted(self.sent)}

    def check(self) -> None:
        super().check()
        items = [item[0] for batch in self.sent for item in batch]
        assert len(items) == len(set(items)), "an item was sent in two batches"
        for payout in self.payouts:
            lines = [line.amount.amount for line in self.lines if line.payout_id == payout.id]
            assert sum(lines) == 0, "a payout's own line is not what it settles"


def message(world: World) -> None:
    """The worker takes all that is due of the partner's payouts and of their run."""
    due = sorted(
        image["id"]["S"]
        for image in images(settings().accounts_table)
        if image["id"]["S"].startswith(("payouts:", "pay_", "prun_"))
    )
    take_due_steps(Due(world.partner_id, tuple(due), Sweep.RENEWALS, "run-1"), now=world.now)
    for woken in world.receive():
        take_due_steps(woken, now=world.now)


def paid() -> Prepared:
    return a_payday(3_000, 2_500, -200), message


def not_answered() -> Prepared:
    return a_payday(3_000, 2_500, -200, address="money+silent@bright.example"), message


def failed() -> Prepared:
    return a_payday(address="money+failed@bright.example"), message


def returned() -> Prepared:
    world = a_payday(address="money+unclaimed@bright.example")
    world.run_schedules()
    alarm = world.next_alarm()
    while alarm is not None and world.payouts[0].status == "unclaimed" and (alarm - world.payouts[0].sent_at).days < 30:
        world.now = alarm
        world.run_schedules()
        alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    return world, message


def waiting() -> Prepared:
    world = a_payday(program="agency")
    world.run_schedules()
    run_id = world.payout.run_id
    return world, lambda world: payout_runs.confirm(run_id=run_id, now=world.now, actor="operator")


def confirmed() -> Prepared:
    world, confirm = waiting()
    confirm(world)
    return world, message


def marked(address: str | None, *, held: bool = False) -> Prepared:
    """A payout to be marked as paid, one of whose lines was held since, perhaps."""
    world = a_payday(3_000, 2_500, -200, address=address)
    world.run_schedules()
    if held:
        hold(world, world.lines[0])
    payout_id = world.payout.id
    return world, lambda world: payouts.mark_paid(
        payout_id=payout_id, reference="wire", now=world.now, actor="operator"
    )


def by_hand() -> Prepared:
    world = a_payday()
    world.now = world.now.replace(day=14)
    return world, lambda world: payout_runs.start(program="solutions", now=world.now, actor="operator")


SCENARIOS = [
    Scenario("payout", paid),
    Scenario("payout, first answer lost", not_answered),
    Scenario("payout that fails", failed),
    Scenario("payout returned", returned),
    Scenario("run confirmed", waiting, is_request=True),
    Scenario("confirmed run goes on", confirmed),
    Scenario("held payout marked as paid", lambda: marked(None), is_request=True),
    Scenario("held payout marked as paid, a line held", lambda: marked(None, held=True), is_request=True),
    Scenario("failed payout marked as paid", lambda: marked("money+failed@bright.example"), is_request=True),
    Scenario("run by hand", by_hand, is_request=True),
]
SCENARIOS = [replace(each, books=PayoutBooks) for each in SCENARIOS]


@pytest.mark.parametrize("scenario", SCENARIOS[:1], ids=str)
def test_broken_somewhere_the_payout_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    tally = break_somewhere(scenario, one_in=12)
    faults_were_tried(tally)
    assert tally.faults[Fault.UNKNOWN_AFTER] > 0


@pytest.mark.prove
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_anywhere_the_payout_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    tally = break_everywhere(scenario)
    print(scenario, tally.points, dict(tally.faults))
    faults_were_tried(tally)
