"""Payout runs: on a day of each month the partners of a program are paid, each by a payout of its own (rules §10)."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import date, datetime, timedelta

from chalicelib.domain.calendar import first_instant, local_date, next_day_of_month
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.domain.ids import dated_id
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

CLOSED_AFTER = timedelta(days=90)
"""How long after its day a run's payouts are still counted anew: what is unclaimed is returned long before."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many payouts there are of a kind, and what they come to in minor units."""

    payouts: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class PayoutRun:
    """A program's payouts of one day of the house's zone. ``by_hand`` is set if an operator started it.

    It wakes the partners page by page if it was started by hand: ``woken_to`` is the place after which they go on, and
    all of them are ``woken`` in the end. A run that ``needs_confirmation`` sends nothing before ``confirmed_at``. The
    ``tallies`` of its payouts by status are stored once it is closed; until then they are counted.
    """

    id: str
    program: str
    run_on: date
    currency: str
    created_at: datetime
    needs_confirmation: bool
    by_hand: bool = False
    woken: bool = True
    woken_to: Mapping[str, str] | None = None
    confirmed_at: datetime | None = None
    look_at: datetime | None = None
    tallies: Mapping[PayoutStatus, Tally] = field(default_factory=dict)
    is_closed: bool = False
    version: int = 0

    @property
    def may_send(self) -> bool:
        """Whether its payouts are sent."""
        return not self.needs_confirmation or self.confirmed_at is not None

    @property
    def to_send(self) -> Tally:
        """What its ``tallies`` have that is not sent yet."""
        waiting = [self.tallies[status] for status in _NOT_SENT if status in self.tallies]
        return Tally(sum(each.payouts for each in waiting), sum(each.amount for each in waiting))


def run_id(program: str, *, run_on: date) -> str:
    """The id of a program's run of a day: it has no second one."""
    return dated_id("prun", program, on=run_on)


def next_run_on(program: Program, *, now: datetime) -> date | None:
    """The program's next payout day after today, in the house's zone; None for a program that pays nothing out."""
    if program.commission is None:
        return None
    today = local_date(now, program.house.time_zone)
    return next_day_of_month(after=today, day=program.commission.payout_day)


def begins_at(program: Program, *, run_on: date) -> datetime:
    """The instant at which a run of that day begins."""
    return first_instant(run_on, program.house.time_zone)


def closes_at(program: Program, run: PayoutRun) -> datetime:
    """The instant at which the payouts of a run are counted for the last time."""
    return begins_at(program, run_on=run.run_on) + CLOSED_AFTER


def new_run(program: Program, *, run_on: date, by_hand: bool, now: datetime) -> PayoutRun:
    """The run of a day, before any of its payouts."""
    assert program.commission is not None
    run = PayoutRun(
        id=run_id(program.name, run_on=run_on),
        program=program.name,
        run_on=run_on,
        currency=program.currency,
        created_at=now,
        needs_confirmation=program.commission.payout_confirmation,
        by_hand=by_hand,
        woken=not by_hand,
    )
    return replace(run, look_at=now if by_hand else closes_at(program, run))


def looked_after(
    run: PayoutRun, tallies: Mapping[PayoutStatus, Tally], *, closes_at: datetime, now: datetime
) -> PayoutRun:
    """The run after its step: closed with these ``tallies`` once it is time and none of its payouts is unfinished."""
    if now < closes_at:
        return replace(run, look_at=closes_at)
    if any(status in tallies for status in _UNFINISHED):
        return replace(run, look_at=now + timedelta(days=1))
    return replace(run, tallies=tallies, is_closed=True, look_at=None)


_NOT_SENT = (PayoutStatus.SCHEDULED, PayoutStatus.WAITING_FOR_OPERATOR)
_UNFINISHED = (*_NOT_SENT, PayoutStatus.SENT, PayoutStatus.UNCLAIMED)


def counted(payouts: Iterable[tuple[PayoutStatus, Money]]) -> dict[PayoutStatus, Tally]:
    """How many payouts of each status there are, and what they come to."""
    found: dict[PayoutStatus, Tally] = {}
    for status, amount in payouts:
        so_far = found.get(status, Tally())
        found[status] = Tally(so_far.payouts + 1, so_far.amount + amount.amount)
    return found
