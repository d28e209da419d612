"""An approval broken at each of its calls, and overtaken there by whatever else can be asked: it moves once, or not."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.calendar import first_instant
from chalicelib.domain.partners.partners import house_id
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.transfers.transfers import Transfer, TransferStatus
from chalicelib.models.setup import named_lists
from chalicelib.models.transfers import transfers as transfer_rows
from chalicelib.services.schedule import transient_errors
from chalicelib.services.transfers import transfers
from tests.breaker import Breaker, Fault, Killed, faults_of
from tests.faults import Stored
from tests.moving import OPERATOR, Moving
from tests.world import ACTOR

pytestmark = pytest.mark.usefixtures("aws")


@dataclass
class Stage:
    """An account whose owner has agreed to its move, a moment before its renewal, with prepaid money set aside."""

    moving: Moving = field(default_factory=Moving)

    def __post_init__(self) -> None:
        self.account = self.moving.old.create(metadata={"team": "red"})
        self.moving.old.buy(5_000, account_id=self.account.id)
        self.renewal = first_instant(self.account.period.end, self.account.time_zone)
        self.transfer = self.moving.agreed(self.account)
        self.removal = self.moving.file_out(self.account)
        self.moving.at(self.renewal - timedelta(seconds=1))
        self.stored = Stored.now()

    def calls(self) -> list[str]:
        """The calls of an approval that nobody disturbs."""
        with Breaker().watching() as breaker:
            self.moving.approve(self.transfer)
        self.stored.restore()
        return breaker.calls

    def disturbed(self, breaker: Breaker) -> None:
        """An approval with what happens to it, on the rows as they were; refused, killed or throttled, it ends."""
        self.moving.at(self.renewal - timedelta(seconds=1))
        self.stored.restore()
        try:
            with breaker.watching(), suppress(Refusal, Killed):
                self.moving.approve(self.transfer)
        except Exception as error:
            if not transient_errors.is_transient(error):
                raise
        assert breaker.injected

    def status(self, transfer: Transfer) -> TransferStatus:
        return transfers.get_any(transfer_id=transfer.id).status

    def check(self, *, others: bool = False) -> None:
        """It has moved in, or out, with all that goes with a move, or nothing has changed.

        ``others`` says that the new partner has another account by now.
        """
        account, old, new = self.moving.account(self.account.id), self.moving.old, self.moving.new
        moved = self.status(self.transfer) is TransferStatus.COMPLETED
        left = self.status(self.removal) is TransferStatus.COMPLETED
        assert not (moved and left)
        payer = account.id if left else (new if moved else old).partner_id
        assert (account.partner_id, account.payer) == (house_id("agency") if left else payer, payer)
        counts = account.counts_as_active_paid
        assert old.wallet.active_paid_accounts == (counts and not moved and not left)
        assert new.wallet.active_paid_accounts == (counts and moved) + others
        aside = account.prepaid_set_aside.amount
        assert (old.wallet.set_aside.amount, bool(account.metadata)) == (aside, not moved and not left)
        paid = [
            invoice.period for world in (old, new) for invoice in world.invoices() if invoice.account_id == account.id
        ]
        assert sorted(period.start for period in paid) == sorted({period.start for period in paid})
        waiting = [id for id in (self.transfer, self.removal) if self.status(id) is TransferStatus.WAITING_FOR_OPERATOR]
        listed = named_lists.get(transfer_rows.list_of_account(account.id)).names
        assert sorted(listed) == sorted(each.id for each in waiting)
        assert not ((moved or left) and waiting)


@pytest.fixture
def stage(aws: None) -> Stage:
    return Stage()


WRITE = "TransactWriteItems"


def places(calls: list[str], *, all_of_them: bool) -> Iterator[tuple[int, str]]:
    """The calls to disturb: all, or only the one that moves."""
    return ((place, call) for place, call in enumerate(calls) if all_of_them or call == WRITE)


ALL = [False, pytest.param(True, marks=pytest.mark.prove)]


@pytest.mark.parametrize("all_of_them", ALL, ids=["the write", "every call"])
def test_an_approval_broken_anywhere_is_repeated_and_moves_once(stage: Stage, all_of_them: bool) -> None:
    calls, tried = stage.calls(), 0

    for place, call in places(calls, all_of_them=all_of_them):
        for fault in (each for each in faults_of(call) if each is not Fault.OVERTAKEN):
            tried += 1
            stage.disturbed(Breaker(place=place, fault=fault))
            stage.check()
            stage.moving.approve(stage.transfer)
            stage.check()
            assert stage.status(stage.transfer) is TransferStatus.COMPLETED
    print(f"| approval | {len(calls)} | {tried} |")


def renewed(stage: Stage) -> None:
    """The renewal instant has come, and the worker with it."""
    stage.moving.at(stage.renewal)
    stage.moving.old.run_schedules()


def lapsed(stage: Stage) -> None:
    """The last day has gone by for the worker, whose clock is ahead."""
    stage.moving.at(stage.transfer.expires_at)
    stage.moving.step(stage.transfer)
    stage.moving.at(stage.renewal - timedelta(seconds=1))


RIVALS: dict[str, Callable[[Stage], Any]] = {
    "another approval": lambda stage: stage.moving.approve(stage.transfer),
    "withdrawn": lambda stage: transfers.withdraw(
        partner_id=stage.moving.new.partner_id, transfer_id=stage.transfer.id, now=stage.moving.now, actor=ACTOR
    ),
    "rejected": lambda stage: transfers.reject(
        transfer_id=stage.transfer.id, reason="No.", now=stage.moving.now, actor=OPERATOR
    ),
    "lapsed": lapsed,
    "renewed": renewed,
    "another removal approved": lambda stage: stage.moving.approve(stage.removal),
    "the removal withdrawn": lambda stage: transfers.withdraw(
        partner_id=stage.moving.old.partner_id, transfer_id=stage.removal.id, now=stage.moving.now, actor=ACTOR
    ),
    "canceled": lambda stage: stage.moving.old.cancel(stage.account.id),
    "money set aside": lambda stage: stage.moving.old.buy(1_000, account_id=stage.account.id),
    "another account of the new partner": lambda stage: stage.moving.new.create(name="other"),
}


STAND_FOR_ALL = ("another approval", "withdrawn", "renewed")


@pytest.mark.parametrize("all_of_them", ALL, ids=["at the write", "at every call"])
def test_an_approval_overtaken_moves_once_or_not_at_all(stage: Stage, all_of_them: bool) -> None:
    calls = stage.calls()

    def overtake(rival: str) -> None:
        with suppress(Refusal):
            RIVALS[rival](stage)

    for rival in RIVALS if all_of_them else STAND_FOR_ALL:
        for place, _ in places(calls, all_of_them=all_of_them):
            stage.disturbed(Breaker(place=place, fault=Fault.OVERTAKEN, overtake=partial(overtake, rival)))
            stage.check(others=rival == "another account of the new partner")
    if all_of_them:
        print(f"| approval, overtaken | {len(calls)} | {len(calls) * len(RIVALS)} |")


@pytest.mark.parametrize("all_of_them", ALL, ids=["the write", "every call"])
@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_request_broken_anywhere_is_repeated_and_filed_once(aws: None, direction: str, all_of_them: bool) -> None:
    """As one of a hundred is, when the function that files them is killed and the hundred are sent again."""
    moving = Moving()
    account = moving.old.create()
    wanted = moving.wanted_in(account) if direction == "in" else moving.wanted_out(account)
    stored = Stored.now()
    tried = 0
    with Breaker().watching() as undisturbed:
        moving.file(wanted, id="xfer_ONE")

    for place, call in places(undisturbed.calls, all_of_them=all_of_them):
        for fault in (each for each in faults_of(call) if each is not Fault.OVERTAKEN):
            tried += 1
            stored.restore()
            with suppress(Killed, Refusal, PynamoDBException), Breaker(place=place, fault=fault).watching():
                moving.file(wanted, id="xfer_ONE")

            filed = moving.file(wanted, id="xfer_ONE")

            partner_id = filed.partner_id
            listed, _ = transfer_rows.newest(partner_id=partner_id, status=None, direction=None, limit=10, start=None)
            assert [each.id for each in listed] == [filed.id]
            transfers.withdraw(partner_id=partner_id, transfer_id=filed.id, now=moving.now, actor=ACTOR)
    print(f"| request, {direction} | {len(undisturbed.calls)} | {tried} |")
