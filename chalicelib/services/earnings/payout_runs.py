"""Payout runs: begun by the alarm of each partner, or by an operator for all of them (docs/rules.md §10).

Nobody goes through all partners on a payout day: each has an alarm of its own, which rings for the run of that day.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.earnings import balances, payout_runs, payouts
from chalicelib.domain.earnings.payees import Payee
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payout_runs import PayoutRun, Tally
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.gateways import due_queue
from chalicelib.models import transactions
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.earnings import payees as payee_rows
from chalicelib.models.earnings import payout_runs as run_rows
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.models.earnings.payout_runs import PartnerAlarm
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.transactions import commit
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.earnings.books import Books, open_books
from chalicelib.services.partners import partners

T = TypeVar("T")

_BUSY = "Others kept changing the payout run. Try again in a moment."
_PARTNERS_AT_ONCE = 50
_LATER = timedelta(minutes=15)
"""How long a payout waits if an earlier one is still gathered."""
_INDEX_LAGS = timedelta(days=1)
"""Much longer than an index ever lags behind its table."""


class PaysNothingOut(Refusal):
    """The program has no commission, so its partners are not paid."""

    code = "pays_nothing_out"
    title = "The program pays nothing out"


class NothingToConfirm(Refusal):
    """The program's payouts are sent without a confirmation."""

    code = "nothing_to_confirm"
    title = "The run needs no confirmation"


class RunChanged(Refusal):
    """The run would send something else than was shown."""

    code = "run_changed"
    title = "The run has changed"


def list_runs(*, limit: int, start: dict[str, Any] | None) -> tuple[list[PayoutRun], dict[str, Any] | None]:
    """The runs of all programs, newest first, and where the next page starts; each with its tallies as they are now."""
    found, last = run_rows.newest(limit=limit, start=start)
    return [with_tallies(run) for run in found], last


def get_run(*, run_id: str) -> PayoutRun:
    """A run with its tallies as they are now. Raises :class:`NotFound`."""
    run = run_rows.get(run_id)
    if run is None:
        raise NotFound.of("payout run", run_id)
    return with_tallies(run)


def with_tallies(run: PayoutRun) -> PayoutRun:
    """The run with its payouts counted; those of a closed one are stored."""
    return run if run.is_closed else replace(run, tallies=_tallies(run))


def start(*, program: str, now: datetime, actor: str) -> PayoutRun:
    """Start today's run of a program by hand; today is a date of the house's zone. A run of today goes on: partners
    whose payout was held before its lines were gathered are looked at again, others that had one are not, and a
    confirmation has to be given anew.

    Raises :class:`Invalid`, :class:`PaysNothingOut`.
    """
    if program not in program_names():
        raise Invalid(errors=[("program", f"must be one of {', '.join(program_names())}")])
    rules = load_program(program)
    if rules.commission is None:
        raise PaysNothingOut(f"The program {program} pays no commission.")
    run_on = local_date(now, rules.house.time_zone)

    def attempt() -> PayoutRun:
        found = run_rows.get(payout_runs.run_id(program, run_on=run_on))
        run = found or payout_runs.new_run(rules, run_on=run_on, by_hand=True, now=now)
        run = replace(run, woken=False, woken_to=None, confirmed_at=None, is_closed=False, look_at=now)
        commit(run_rows.put(run, actor=actor))
        return replace(run, version=run.version + 1)

    return with_tallies(_retry(attempt))


def confirm(*, run_id: str, expected: Tally | None = None, now: datetime, actor: str) -> PayoutRun:
    """Let the payouts of a run be sent. Once is enough. ``expected`` is what it was seen to send.

    Raises :class:`NotFound`, :class:`NothingToConfirm`, :class:`RunChanged`.
    """

    def attempt() -> PayoutRun:
        run = run_rows.get(run_id)
        if run is None:
            raise NotFound.of("payout run", run_id)
        if not run.needs_confirmation:
            raise NothingToConfirm(f"The program {run.program} sends its payouts without one.")
        if run.confirmed_at is not None:
            return run
        if expected is not None and with_tallies(run).to_send != expected:
            raise RunChanged("Its payouts have changed since they were shown, and none was sent. Look at them again.")
        run = replace(run, confirmed_at=now, is_closed=False, look_at=now)
        commit(run_rows.put(run, actor=actor))
        return replace(run, version=run.version + 1)

    return with_tallies(_retry(attempt))


def take_due_step(*, run_id: str, now: datetime, actor: str, out_of_time: Callable[[], bool]) -> tuple[str, bool]:
    """Wake the partners of a run that was started by hand, and what waits for a confirmation; close it in the end.

    Returns what was done, and whether all of it is.
    """
    run = run_rows.get(run_id)
    if run is None or run.look_at is None or run.look_at > now:
        return "payout_run_not_due", True
    while not run.woken:
        if out_of_time():
            return "payout_run_wakes", False
        run = _wake_some(run_id, now=now, actor=actor)
    if run.confirmed_at is not None:
        _wake_waiting(run, now=now)
    closes_at = payout_runs.closes_at(load_program(run.program), run)
    tallies = _tallies(run) if now >= closes_at else {}
    try:
        commit(run_rows.put(payout_runs.looked_after(run, tallies, closes_at=closes_at, now=now), actor=actor))
    except transactions.WriteConflict:
        return "payout_run_changed", False  # confirmed or started again meanwhile
    return "payout_run_looked_after", True


def begin_payout(*, partner_id: str, now: datetime, actor: str) -> Payout | None:
    """Begin a partner's payout if its alarm has rung, or hold it, and set the alarm of the next. Returns the payout.

    None if nothing is due, or nothing is payable, or today's payout was begun before. It begins later while an earlier
    one is still gathered: they would share lines.
    """
    partner = partners.get_partner(partner_id=partner_id)
    program = load_program(partner.program)

    def attempt() -> Payout | None:
        alarm = next(iter(run_rows.partner_alarms([partner_id])), None)
        if alarm is None or alarm.due_at > now:
            return None
        last = payout_rows.last_of(partner_id)
        if last is not None and last.is_gathering and last.run_on != alarm.run_on:
            commit([run_rows.put_partner_alarm(alarm._replace(due_at=now + _LATER))])
            return None
        run = _run_of(program, alarm.run_on, now=now, actor=actor)
        before = payout_rows.get(partner_id, payouts.payout_id(partner_id, run_on=run.run_on))
        books = open_books(partner, now=now, actor=actor)
        books.add(run_rows.put_partner_alarm(_next_alarm(alarm, program, now=now)))
        payout = None
        if before is None or (before.status is PayoutStatus.HELD and not before.is_frozen):
            payout = _begun(books, program, run, before)
        if payout is not None:
            for put in payout_rows.put(payout, actor=actor, event=_event_of(before, payout)):
                books.add(put)
        books.flush()
        return payout

    return _retry(attempt)


def _begun(books: Books, program: Program, run: PayoutRun, before: Payout | None) -> Payout | None:
    """The payout of a run as it is begun: to be gathered, or held. None if nothing is payable."""
    assert program.commission is not None
    partner, now = books.partner, books.now
    amount = balances.totals(books.balance, today=books.today).payable
    if not amount:
        return None
    if (settled_to := _settled_to(books)) != books.balance.settled_to:
        books.balance = replace(books.balance, settled_to=settled_to)
    payout = Payout(
        id=payouts.payout_id(partner.id, run_on=run.run_on),
        partner_id=partner.id,
        run_id=run.id,
        run_on=run.run_on,
        status=PayoutStatus.SCHEDULED,
        amount=amount,
        created_at=before.created_at if before else now,
        updated_at=now,
        payable_on=books.today,
        gathers_after=settled_to,
        gathers_until=books.balance.sequence,
        revision=before.revision if before else 0,
        version=before.version if before else 0,
    )
    too_little = payouts.too_little(amount, minimum=program.commission.payout_minimum)
    cause = too_little or hindrance_of(partner, payee_rows.get(partner.id), program, now=now)
    return payouts.held(payout, cause, now=now) if cause else payouts.gathering(payout, now=now)


def hindrance_of(partner: Partner, payee: Payee, program: Program, *, now: datetime) -> Cause | None:
    """Why nothing may be sent to a partner now, whatever the amount."""
    assert program.commission is not None
    hold_hours = program.commission.payout_hold_hours
    return payouts.hindrance(payee, suspended=partner.is_suspended, hold_hours=hold_hours, now=now)


def _event_of(before: Payout | None, payout: Payout) -> str:
    """The event of a payout that is begun; none if it is held again for the same cause."""
    if payout.status is PayoutStatus.HELD:
        return "" if before and before.cause is payout.cause else "payout.held"
    return "payout.scheduled"


def _settled_to(books: Books) -> int:
    """The place up to which all lines are settled. An index finds it, which has all lines but the newest for sure."""
    first = line_rows.first_unsettled(books.partner.id, after=books.balance.settled_to)
    if first is None or books.now - first.at < _INDEX_LAGS:
        return books.balance.settled_to
    return first.sequence - 1


def _next_alarm(alarm: PartnerAlarm, program: Program, *, now: datetime) -> PartnerAlarm:
    run_on = payout_runs.next_run_on(program, now=now)
    assert run_on is not None, f"{program.name} pays nothing out any more, but partners have earnings"
    return alarm._replace(run_on=run_on, due_at=payout_runs.begins_at(program, run_on=run_on))


def _run_of(program: Program, run_on: date, *, now: datetime, actor: str) -> PayoutRun:
    """The program's run of a day; the first partner whose alarm rings creates it."""
    found = run_rows.get(payout_runs.run_id(program.name, run_on=run_on))
    if found is not None:
        return found
    run = payout_runs.new_run(program, run_on=run_on, by_hand=False, now=now)
    commit(run_rows.put(run, actor=actor))
    return replace(run, version=1)


def _wake_some(run_id: str, *, now: datetime, actor: str) -> PayoutRun:
    """Let the alarms of some partners ring now, and note how far that has gone."""

    def attempt() -> PayoutRun:
        run = run_rows.get(run_id)
        assert run is not None
        before = dict(run.woken_to) if run.woken_to else None
        page = partner_rows.of_program(run.program, limit=_PARTNERS_AT_ONCE, before=before)
        alarms = _alarms_of(page, now=now, actor=actor)
        woken_to = partner_rows.place_of(page[-1]) if page else None
        after = replace(run, woken=len(page) < _PARTNERS_AT_ONCE, woken_to=woken_to)
        second = now.replace(microsecond=0)  # alarms are in whole seconds, rounded up
        moved = [each._replace(run_on=run.run_on, due_at=second) for each in alarms if each.due_at > now]
        commit([*run_rows.put(after, actor=actor), *(run_rows.put_partner_alarm(each) for each in moved)])
        return replace(after, version=after.version + 1)

    return _retry(attempt)


def _alarms_of(page: Sequence[Partner], *, now: datetime, actor: str) -> list[PartnerAlarm]:
    """The alarms of these partners. Who has lines but no alarm, from before there were any, is given one."""
    alarms = run_rows.partner_alarms([partner.id for partner in page])
    without = [partner for partner in page if partner.id not in {alarm.partner_id for alarm in alarms}]
    new = [partner.id for partner in without if open_books(partner, now=now, actor=actor).set_missing_alarm()]
    return [*alarms, *run_rows.partner_alarms(new)]


def _wake_waiting(run: PayoutRun, *, now: datetime) -> None:
    """Wake the worker for the payouts that wait for this run's confirmation. Whatever is missed looks for it daily."""
    waiting = payout_rows.waiting_of_run(run.id, run_on=run.run_on)
    due_queue.report_payouts(waiting, run=f"{run.id}-{now.isoformat()}")


def _tallies(run: PayoutRun) -> dict[PayoutStatus, Tally]:
    return payout_runs.counted(payout_rows.amounts_of_run(run.id, run_on=run.run_on))


def _retry(attempt: Callable[[], T]) -> T:
    return transactions.retry(attempt, busy=_BUSY)
