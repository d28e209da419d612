"""Below the reserve the worker begins nothing, whatever kind of step is due (docs/architecture.md)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.gateways.provisioning import SandboxPlatform
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.transactions import commit
from chalicelib.services.charging import cards
from chalicelib.services.partners import partners
from chalicelib.services.schedule.worker import take_due_steps
from chalicelib.services.setup import provisioning
from chalicelib.services.wallet import top_ups
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

TIME_OUT, RESERVE = 120.0, 60.0
RENEWAL_DAY = datetime(2026, 2, 28, 6, tzinfo=UTC)  # begins in Chicago


@dataclass
class Clock:
    """An invocation's time: only calls to what is outside take any, and each says when it began."""

    seconds: float = 0.0
    begun: list[float] = field(default_factory=list)

    def out_of_time(self) -> bool:
        return TIME_OUT - self.seconds < RESERVE

    def slow(self, call: Callable[..., Any], *, seconds: float) -> Callable[..., Any]:
        """``call``, taking ``seconds``."""

        def taking_time(*args: Any, **kwargs: Any) -> Any:
            self.begun.append(self.seconds)
            self.seconds += seconds
            return call(*args, **kwargs)

        return taking_time


def accounts(world: World, number: int, **overrides: Any) -> list[Account]:
    card = world.card()
    return [world.create(billing_profile_id=card, **overrides) for _ in range(number)]


def take(world: World, subjects: list[str], clock: Clock) -> Any:
    due = Due(payer=world.partner_id, subjects=tuple(subjects), sweep=Sweep.RENEWALS, run="run")
    return take_due_steps(due, now=world.now, out_of_time=clock.out_of_time)


class TestRefunds:
    """Thirteen accounts could not be prepared; each gets its money back by a call of ten seconds."""

    @pytest.fixture
    def failed(self) -> tuple[World, list[str]]:
        world = World()
        ids = [each.id for each in accounts(world, 13, metadata={"sandbox_provisioning": "pending"})]
        program = partners.program_of(partner_id=world.partner_id)
        for account in map(world.account, ids):
            move = provisioning._failed(account, reason="No room.", now=world.now)
            commit([account_rows.put(move.after, program=program, actor=ACTOR)])
        return world, ids

    def test_none_begins_below_the_reserve_and_the_rest_stays_due(
        self, failed: tuple[World, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world, ids = failed
        clock = Clock()
        monkeypatch.setattr(SandboxPayments, "refund", clock.slow(SandboxPayments.refund, seconds=10))

        taken = take(world, ids, clock)

        assert clock.begun == [0, 10, 20, 30, 40, 50, 60]
        assert not taken.finished
        assert taken.counts == {"refund_all": 7}
        left = [id for id in ids if world.account(id).provisioning.refund_at is not None]
        assert len(left) == 6
        later = Clock()
        assert take(world, left, later).finished
        assert all(invoice.refunded == invoice.total for invoice in world.invoices())


class TestPreparing:
    @pytest.fixture
    def pending(self) -> tuple[World, list[str]]:
        world = World()
        return world, [each.id for each in accounts(world, 3, metadata={"sandbox_provisioning": "slow"})]

    def test_nobody_is_asked_below_the_reserve(
        self, pending: tuple[World, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world, ids = pending
        clock = Clock()
        monkeypatch.setattr(provisioning, "_build", clock.slow(lambda *_, **__: [], seconds=61))
        asked: list[Any] = []
        monkeypatch.setattr(SandboxPlatform, "prepare", lambda *args, **__: asked.append(args))
        before = [world.account(id) for id in ids]

        taken = take(world, ids, clock)

        assert (len(clock.begun), asked) == (1, [])
        assert (taken.finished, taken.counts) == (False, {})
        assert [world.account(id) for id in ids] == before


class TestCharges:
    def test_nothing_is_held_once_cut_off_charges_have_used_up_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        cut_off, due = accounts(world, 2)
        world.now = RENEWAL_DAY
        monkeypatch.setattr(cards, "ask_card", lambda *_, **__: None)
        take(world, [cut_off.id], Clock())
        monkeypatch.undo()
        world.now += timedelta(minutes=3)
        clock = Clock()
        monkeypatch.setattr(SandboxPayments, "charge", clock.slow(SandboxPayments.charge, seconds=61))

        taken = take(world, [cut_off.id, due.id], clock)

        assert clock.begun == [0]
        assert not taken.finished
        assert world.account(cut_off.id).charge is None
        assert world.account(due.id).charge is None, "it was held, though its card could not be asked"

    def test_a_processor_that_does_not_answer_is_not_asked_again_below_the_reserve(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def silent(*args: Any, **kwargs: Any) -> None:
            raise OutcomeUnknown("no answer")

        world = World()
        (account,) = accounts(world, 1)
        world.now = RENEWAL_DAY
        clock = Clock()
        monkeypatch.setattr(SandboxPayments, "charge", clock.slow(silent, seconds=40))

        take(world, [account.id], clock)

        assert clock.begun == [0, 40]


def test_no_top_up_begins_below_the_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.top_up(1_000, 10_000)
    (account,) = accounts(world, 1)
    world.now = RENEWAL_DAY
    clock, topped_up = Clock(), []
    monkeypatch.setattr(SandboxPayments, "charge", clock.slow(SandboxPayments.charge, seconds=61))
    monkeypatch.setattr(top_ups, "top_up_if_low", lambda **_: topped_up.append(1))

    taken = take(world, [account.id], clock)

    assert (clock.begun, topped_up) == ([0], [])
    assert not taken.finished
