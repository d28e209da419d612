"""Every call of a posting, broken in turn: nothing is posted twice, nothing is lost (docs/faults.md)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Client
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.earnings import balances
from chalicelib.domain.earnings.lines import LineStatus, status_of
from chalicelib.gateways.due_queue import Due
from chalicelib.services.earnings import decisions, postings
from chalicelib.services.schedule.worker import take_due_steps
from tests.books import images
from tests.breaker import Fault
from tests.earning_worlds import LITE, EarningWorld
from tests.faults import Scenario, Tally, break_everywhere, break_somewhere
from tests.integration.earnings.test_postings import refund
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")

Run = Callable[[World], Any]


class EarningBooks:
    """A partner's earnings ledger as it is stored."""

    def __init__(self, world: World) -> None:
        assert isinstance(world, EarningWorld)
        self.world, self.lines, self.balance = world, world.lines, world.balance

    def summary(self) -> dict[str, Any]:
        """What the ledger comes to, places in it aside."""
        return {
            "lines": sorted((line.kind, line.amount.amount, line.held_for, line.id) for line in self.lines),
            "totals": balances.totals(self.balance, today=self.world.now.date()),
            "accounts": self.balance.accounts,
            "earned": sorted(self.world.earned(line.account_id) for line in self.lines if line.account_id),
        }

    def check(self) -> None:
        after = 0
        for place, line in enumerate(self.lines, start=1):
            after += line.amount.amount
            assert line.balance_after is not None
            assert (line.sequence, line.balance_after.amount) == (place, after)
        assert self.balance.balance.amount == after
        found = balances.totals(self.balance, today=self.world.now.date())
        held = [line for line in self.lines if status_of(line, today=self.world.now.date()) is LineStatus.HELD]
        assert found.held.amount == sum(line.amount.amount for line in held)
        waiting = [image["id"]["S"] for image in images(settings().accounts_table)]
        assert not any(each.startswith(postings.PREFIX) for each in waiting), "an alarm is left"


def message(world: World) -> None:
    """The worker takes all that waits to be posted for the partner."""
    rows = [image["id"]["S"] for image in images(settings().accounts_table)]
    alarms = tuple(sorted(each for each in rows if each.startswith(postings.PREFIX)))
    take_due_steps(Due(world.partner_id, alarms, Sweep.RENEWALS, "run-1"), now=world.now)


def streamed(world: EarningWorld) -> tuple[World, Run]:
    world.stream()
    return world, message


def two_sign_ups() -> EarningWorld:
    world = EarningWorld()
    for name in ("one", "two"):
        world.sign_up(plan=LITE, id=f"acct_{name}", client=Client("Acme", f"owner@{name}.example"))
    return world


def commissions() -> tuple[World, Run]:
    return streamed(two_sign_ups())


def reversal() -> tuple[World, Run]:
    world = two_sign_ups()
    world.post()
    first = world.lines[0]
    refund(world, first.account_id or "", first.invoice_id or "", 500)
    return streamed(world)


def changes_streamed() -> tuple[World, Run]:
    world = two_sign_ups()
    changes = [
        (table, None, image)
        for table in (settings().ledger_table, settings().accounts_table)
        for image in images(table)
    ]
    return world, lambda world: postings.set_alarms(changes, now=world.now)


def refusal() -> tuple[World, Run]:
    world = EarningWorld()
    world.sign_up(plan=LITE, client=Client("Bright", "me@bright.example"))
    world.post()
    line_id = world.lines[0].id
    return world, lambda world: decisions.refuse(line_id=line_id, now=world.now, actor="operator")


SCENARIOS = [
    Scenario("commissions and bonuses", commissions),
    Scenario("reversal", reversal),
    Scenario("changes streamed", changes_streamed, is_request=True),
    Scenario("a held line refused", refusal, is_request=True),
]
SCENARIOS = [replace(each, books=EarningBooks) for each in SCENARIOS]


@pytest.mark.parametrize("scenario", SCENARIOS[:2], ids=str)
def test_broken_somewhere_the_ledger_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    faults_were_tried(break_somewhere(scenario, one_in=12))


@pytest.mark.prove
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_anywhere_the_ledger_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    faults_were_tried(break_everywhere(scenario))


def faults_were_tried(tally: Tally) -> None:
    for kind in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.ANSWER_LOST, Fault.OVERTAKEN):
        assert tally.faults[kind] > 0
