"""The steps of a payout after it was begun: gathered, frozen, sent, asked about (docs/rules.md §10).

Each step is stored before the next begins: whoever goes on after an interruption, goes on from there.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.earnings import payouts as domain
from chalicelib.domain.earnings.lines import sums_by_kind
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.earnings.postings import Posting
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.earnings import payout_runs as run_rows
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.programs import program as load_program
from chalicelib.services.earnings import payout_lines, payout_sending, payout_writes
from chalicelib.services.earnings.books import MOST_AT_ONCE, open_books
from chalicelib.services.partners import partners

_GATHERED_AT_ONCE = MOST_AT_ONCE - 2
"""The payout and its alarm are written with the lines that are added to it."""


def take_due_steps(
    *, partner_id: str, payout_id: str, now: datetime, actor: str, out_of_time: Callable[[], bool]
) -> tuple[str, bool]:
    """Take a payout's steps until none is due. Returns what has become of it, and whether nothing is left to do now."""
    payout = payout_rows.get(partner_id, payout_id)
    while payout is not None and payout.look_at is not None and payout.look_at <= now:
        if out_of_time():
            return _name(payout), False
        payout = _take_step(payout, now=now, actor=actor)
    return _name(payout), True


def look_again(
    *, partner_id: str, payout_id: str, now: datetime, actor: str, out_of_time: Callable[[], bool]
) -> tuple[str, bool]:
    """Look at a payout of which there is news: its run was confirmed, or the processor reports something."""
    payout = payout_rows.get(partner_id, payout_id)
    if payout is not None and (payout.is_with_processor or payout.status is PayoutStatus.WAITING_FOR_OPERATOR):
        _take_step(payout, now=now, actor=actor)
    return take_due_steps(partner_id=partner_id, payout_id=payout_id, now=now, actor=actor, out_of_time=out_of_time)


def _take_step(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Take the next step, and return the payout as it is then."""
    if payout.is_gathering:
        step = _freeze if payout.gathered_to >= payout.gathers_until else _gather_some
        return step(payout, now=now, actor=actor)
    if payout.status is PayoutStatus.WAITING_FOR_OPERATOR:
        return _release_if_confirmed(payout, now=now, actor=actor)
    if payout.status is PayoutStatus.SCHEDULED:
        return payout_sending.prepare(payout, now=now, actor=actor)
    if payout.reference is None:
        return payout_sending.send_again(payout, now=now, actor=actor)
    return payout_sending.ask(payout, now=now, actor=actor)


def _gather_some(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Settle some more lines by the payout."""
    partner = partners.get_partner(partner_id=payout.partner_id)

    def attempt() -> Payout:
        current = payout_writes.current(payout)
        if not current.is_gathering:
            return current
        books = open_books(partner, now=now, actor=actor)
        lines, last = line_rows.payable(
            partner.id,
            after=current.gathered_to,
            until=current.gathers_until,
            payable_on=current.payable_on,
            limit=_GATHERED_AT_ONCE,
        )
        for line in lines:
            books.post([Posting(line, replace(line, payout_id=current.id))])
        return payout_writes.write(
            books,
            replace(
                current,
                lines=current.lines + len(lines),
                gathered=current.gathered + sum(line.amount.amount for line in lines),
                sums=sums_by_kind(lines, so_far=current.sums),
                gathered_to=last or current.gathers_until,
                updated_at=now,
            ),
        )

    return payout_writes.retry(attempt)


def _freeze(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Take the gathered amount off the balance by a line of its own, and decide what is next.

    Lines may have been held since the payout was begun: if what is left is too little, it is given back at once. One
    that was paid by other means stays paid, whatever is left.
    """
    partner = partners.get_partner(partner_id=payout.partner_id)
    program = load_program(partner.program)
    assert program.commission is not None
    minimum = program.commission.payout_minimum

    def attempt() -> Payout:
        current = payout_writes.current(payout)
        if not current.is_gathering:
            return current
        books = open_books(partner, now=now, actor=actor)
        if (reference := current.paid_reference) is not None:
            paid = domain.paid_otherwise(payout_lines.enter_paid_otherwise(books, current), reference, now=now)
            return payout_writes.write(books, paid, event="payout.paid")
        if not current.lines:
            return payout_writes.write(books, domain.held(current, Cause.BELOW_MINIMUM, now=now), event="payout.held")
        current = domain.frozen(current)
        cause = domain.too_little(current.amount, minimum=minimum)
        if cause is not None:
            payout_lines.enter_and_give_back(books, current, cause)
            return payout_writes.write(books, domain.held(current, cause, now=now), event="payout.held")
        payout_lines.enter(books, current)
        run = run_rows.get(current.run_id)
        if run is not None and not run.may_send:
            return payout_writes.write(books, domain.waiting(current, now=now), event="payout.waiting_for_operator")
        return payout_writes.write(books, domain.ready(current, now=now))

    frozen = payout_writes.retry(attempt)
    # Its run may have been confirmed between the read of the run and the write that waits for it.
    if frozen.status is PayoutStatus.WAITING_FOR_OPERATOR:
        return _release_if_confirmed(frozen, now=now, actor=actor)
    return frozen


def _release_if_confirmed(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Send a payout next whose run was confirmed; otherwise it waits on."""

    def attempt() -> Payout:
        current = payout_writes.current(payout)
        if current.status is not PayoutStatus.WAITING_FOR_OPERATOR:
            return current
        run = run_rows.get(current.run_id)
        may_send = run is not None and run.may_send
        if not may_send and current.look_at is not None and current.look_at > now:
            return current
        return payout_writes.write_alone(
            domain.ready(current, now=now) if may_send else domain.waiting(current, now=now), actor=actor
        )

    return payout_writes.retry(attempt)


def _name(payout: Payout | None) -> str:
    return "payout_unknown" if payout is None else f"payout_{payout.status}"
