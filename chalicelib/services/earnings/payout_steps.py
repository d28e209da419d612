"""The steps of a payout after it was begun: gathered, frozen, sent, asked about (docs/rules.md §10).

Each step is stored before the next begins: whoever goes on after an interruption, goes on from there. What is sent is
stored before it is sent, and sent again as it is until there is an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from aws_lambda_powertools import Logger

from chalicelib.domain.earnings import payouts as domain
from chalicelib.domain.earnings.lines import sums_by_kind
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payouts import Item, ItemStatus, Payout, PayoutStatus
from chalicelib.domain.earnings.postings import Posting
from chalicelib.gateways.choice import payout_gateway
from chalicelib.gateways.payouts import (
    Accepted,
    BatchState,
    BatchStatus,
    OutcomeUnknown,
    PayoutItem,
    ProcessorMisconfigured,
    Refused,
    most_per_item,
)
from chalicelib.models import transactions
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.earnings import payees as payee_rows
from chalicelib.models.earnings import payout_runs as run_rows
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.models.transactions import commit
from chalicelib.programs import program as load_program
from chalicelib.services.earnings import payout_lines
from chalicelib.services.earnings.books import MOST_AT_ONCE, Books, open_books
from chalicelib.services.earnings.payout_runs import hindrance_of
from chalicelib.services.partners import partners

T = TypeVar("T")

_GATHERED_AT_ONCE = MOST_AT_ONCE - 2
"""The payout and its alarm are written with the lines that are added to it."""
_BUSY = "Others kept changing the payout. The next sweep goes on."
_logger = Logger(service="sublet", child=True)


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
        return _prepare(payout, now=now, actor=actor)
    if payout.reference is None:
        return _send_again(payout, now=now, actor=actor)
    return _ask(payout, now=now, actor=actor)


def _gather_some(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Settle some more lines by the payout."""
    partner = partners.get_partner(partner_id=payout.partner_id)

    def attempt() -> Payout:
        current = _current(payout)
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
        return write(
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

    return _retry(attempt)


def _freeze(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Take the gathered amount off the balance by a line of its own, and decide what is next.

    Lines may have been held since the payout was begun: if what is left is too little, it is given back at once.
    """
    partner = partners.get_partner(partner_id=payout.partner_id)
    program = load_program(partner.program)
    assert program.commission is not None
    minimum = program.commission.payout_minimum

    def attempt() -> Payout:
        current = _current(payout)
        if not current.is_gathering:
            return current
        books = open_books(partner, now=now, actor=actor)
        if not current.lines:
            return write(books, domain.held(current, Cause.BELOW_MINIMUM, now=now), event="payout.held")
        current, reference = domain.frozen(current), current.paid_reference
        cause = domain.too_little(current.amount, minimum=1 if reference else minimum)
        if cause is not None:
            payout_lines.enter_and_give_back(books, current, cause)
            return write(books, domain.held(current, cause, now=now), event="payout.held")
        payout_lines.enter(books, current)
        if reference is not None:
            return write(books, domain.paid_otherwise(current, reference, now=now), event="payout.paid")
        run = run_rows.get(current.run_id)
        if run is not None and not run.may_send:
            return write(books, domain.waiting(current, now=now), event="payout.waiting_for_operator")
        return write(books, domain.ready(current, now=now))

    frozen = _retry(attempt)
    # Its run may have been confirmed between the read of the run and the write that waits for it.
    if frozen.status is PayoutStatus.WAITING_FOR_OPERATOR:
        return _release_if_confirmed(frozen, now=now, actor=actor)
    return frozen


def _release_if_confirmed(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Send a payout next whose run was confirmed; otherwise it waits on."""

    def attempt() -> Payout:
        current = _current(payout)
        if current.status is not PayoutStatus.WAITING_FOR_OPERATOR:
            return current
        run = run_rows.get(current.run_id)
        may_send = run is not None and run.may_send
        if not may_send and current.look_at is not None and current.look_at > now:
            return current
        return _put(domain.ready(current, now=now) if may_send else domain.waiting(current, now=now), actor=actor)

    return _retry(attempt)


def _prepare(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Store what is sent, and to whom, then send it; give it back if something has come in between."""
    partner = partners.get_partner(partner_id=payout.partner_id)
    program = load_program(partner.program)

    def attempt() -> tuple[Payout, bool]:
        current = _current(payout)
        if current.status is not PayoutStatus.SCHEDULED or not current.is_frozen:
            return current, False
        cause = hindrance_of(partners.get_partner(partner_id=partner.id), program, now=now)
        if cause is not None:
            books = open_books(partner, now=now, actor=actor)
            payout_lines.give_back(books, current, {cause: current.amount})
            return write(books, domain.held(current, cause, now=now), event="payout.held"), False
        recipient = payee_rows.get(partner.id).paypal_email
        assert recipient is not None
        most = most_per_item(current.amount.currency)
        return _put(domain.about_to_be_sent(current, recipient=recipient, most=most, now=now), actor=actor), True

    prepared, is_to_send = _retry(attempt)
    return _send(prepared, now=now, actor=actor) if is_to_send else prepared


def _send_again(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Store that the batch is sent once more, then send it; undecided if that would not be safe any more."""
    try:
        noted = _put(domain.asked_again(payout, now=now), actor=actor)
    except transactions.WriteConflict:
        return _current(payout)  # somebody else sends it, or was answered
    return noted if noted.is_undecided else _send(noted, now=now, actor=actor)


def _send(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Send the batch as it is stored. Without an answer it stays as it is, and is sent again under the same id."""
    assert payout.recipient is not None
    items = [PayoutItem(item.id, payout.recipient, item.amount) for item in payout.items]
    try:
        answer = payout_gateway().send(batch_id=payout.id, items=items, now=now)
    except (OutcomeUnknown, ProcessorMisconfigured) as error:
        _log("the payout processor gave no answer", payout, error)
        return payout
    if isinstance(answer, Refused):
        _logger.warning("the payout processor refused a batch", extra={"payout": payout.id, "code": answer.code})
    return _settle(payout, lambda current: _answered(current, answer, now=now), now=now, actor=actor)


def _answered(payout: Payout, answer: Accepted | Refused, *, now: datetime) -> Payout:
    if payout.reference is not None or payout.status is not PayoutStatus.SENT:
        return payout  # answered to another attempt meanwhile, or decided by an operator
    if isinstance(answer, Accepted):
        return domain.accepted(payout, answer.reference, now=now)
    return domain.refused(payout, answer.code, now=now)


def _ask(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Ask the processor what became of the batch, and settle that. Without an answer it is asked again later."""
    assert payout.reference is not None
    gateway, states = payout_gateway(), dict[str, Item]()
    batch: BatchState | None = None
    try:
        batch = gateway.find_batch(reference=payout.reference, now=now)
        if batch is not None:
            states = {state.id: state.as_item for state in batch.items}
        for item in _to_be_taken_back(payout, states, now=now):
            assert item.reference is not None
            taken = gateway.cancel_item(reference=item.reference, now=now)
            states |= {taken.id: taken.as_item} if taken is not None else {}
    except (OutcomeUnknown, ProcessorMisconfigured) as error:
        _log("the payout processor did not say what became of a batch", payout, error)
    is_denied = batch is not None and batch.status is BatchStatus.DENIED

    def answered(current: Payout) -> Payout:
        if not current.is_with_processor:
            return current
        return domain.denied(current, now=now) if is_denied else domain.told(current, states, now=now)

    return _settle(payout, answered, now=now, actor=actor)


def _to_be_taken_back(payout: Payout, states: Mapping[str, Item], *, now: datetime) -> Sequence[Item]:
    """The items that nobody has claimed in time and that the processor has not returned by itself."""
    assert payout.sent_at is not None
    if now < payout.sent_at + domain.CLAIMED_WITHIN:
        return ()
    return [item for item in states.values() if item.status is ItemStatus.UNCLAIMED]


def _settle(payout: Payout, change: Callable[[Payout], Payout], *, now: datetime, actor: str) -> Payout:
    """Write what an answer makes of a payout, with the lines that give back what was not paid."""
    partner = partners.get_partner(partner_id=payout.partner_id)

    def attempt() -> Payout:
        current = _current(payout)
        after = change(current)
        if after == current:
            return current
        return settle(open_books(partner, now=now, actor=actor), current, after)

    return _retry(attempt)


def settle(books: Books, before: Payout, after: Payout) -> Payout:
    """Write a payout of which the processor, or an operator, has told something, and what follows from it."""
    returned = domain.given_back(before, after)
    payout_lines.give_back(books, after, returned)
    if any(cause.is_for_good for cause in returned):
        payee = payee_rows.get(after.partner_id)
        if payee.paypal_email == after.recipient and not payee.cannot_receive:
            failing = replace(payee, cannot_receive=True)
            books.add(payee_rows.put(failing, now=books.now, actor=books.actor, event="earnings.paypal_failed"))
    return write(books, after, event=_event_of(before, after))


def _event_of(before: Payout, after: Payout) -> str:
    if before.reference is None and after.reference is not None:
        return "payout.sent"
    if before.status is not after.status:
        return f"payout.{after.status}"
    is_reversed = after.status is PayoutStatus.PAID and domain.given_back(before, after)
    return "payout.reversed" if is_reversed else ""


def _current(payout: Payout) -> Payout:
    current = payout_rows.get(payout.partner_id, payout.id)
    assert current is not None
    return current


def write(books: Books, payout: Payout, *, event: str = "") -> Payout:
    """Commit a payout with what else is in the books; returns it as it is stored."""
    puts = payout_rows.put(payout, actor=books.actor, event=event)
    for put in puts:
        books.add(put)
    books.flush()
    return payout_rows.stored(puts)


def _put(payout: Payout, *, actor: str) -> Payout:
    """Commit a payout alone; nothing is published."""
    puts = payout_rows.put(payout, actor=actor)
    commit(puts)
    return payout_rows.stored(puts)


def _name(payout: Payout | None) -> str:
    return "payout_unknown" if payout is None else f"payout_{payout.status}"


def _log(message: str, payout: Payout, error: Exception) -> None:
    _logger.warning(message, extra={"payout": payout.id, "partner": payout.partner_id, "error": str(error)})


def _retry(attempt: Callable[[], T]) -> T:
    return transactions.retry(attempt, busy=_BUSY)
