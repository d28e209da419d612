"""Sending payouts to the processor, asking it about them, and settling what it says (docs/rules.md §10).

What is sent is stored before it is sent, and sent again as it is until there is an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aws_lambda_powertools import Logger

from chalicelib.domain.earnings import payout_items
from chalicelib.domain.earnings import payouts as domain
from chalicelib.domain.earnings.payout_items import Item, ItemStatus
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
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
from chalicelib.models.earnings import payees as payee_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.programs import program as load_program
from chalicelib.services.earnings import payout_lines, payout_writes
from chalicelib.services.earnings.books import Books, open_books
from chalicelib.services.earnings.payout_runs import hindrance_of
from chalicelib.services.partners import partners

_logger = Logger(service="sublet", child=True)


def prepare(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Store what is sent, and to whom, then send it; give it back if something has come in between."""
    partner = partners.get_partner(partner_id=payout.partner_id)
    program = load_program(partner.program)

    def attempt() -> tuple[Payout, bool]:
        current = payout_writes.current(payout)
        if current.status is not PayoutStatus.SCHEDULED or not current.is_frozen:
            return current, False
        payee, partner_now = payee_rows.get(partner.id), partner_rows.get(partner.id, consistent_read=True)
        cause = hindrance_of(partner_now or partner, payee, program, now=now)
        if cause is not None:
            books = open_books(partner, now=now, actor=actor)
            payout_lines.give_back(books, current, {cause: current.amount})
            return payout_writes.write(books, domain.held(current, cause, now=now), event="payout.held"), False
        assert payee.paypal_email is not None
        most = most_per_item(current.amount.currency)
        prepared = domain.about_to_be_sent(current, recipient=payee.paypal_email, most=most, now=now)
        return payout_writes.write_alone(prepared, actor=actor), True

    prepared, is_to_send = payout_writes.retry(attempt)
    return _send(prepared, now=now, actor=actor) if is_to_send else prepared


def send_again(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Store that the batch is sent once more, then send it; undecided if that would not be safe any more."""
    asked = domain.asked_again(payout, now=now)
    try:
        noted = payout_writes.write_alone(asked, actor=actor, event="payout.undecided" if asked.is_undecided else "")
    except transactions.WriteConflict:
        return payout_writes.current(payout)  # somebody else sends it, or was answered
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


def ask(payout: Payout, *, now: datetime, actor: str) -> Payout:
    """Ask the processor what became of the batch, and settle that. Without an answer it is asked again later."""
    assert payout.reference is not None
    gateway, states = payout_gateway(), dict[str, Item]()
    batch: BatchState | None = None
    is_answered = False
    try:
        batch = gateway.find_batch(reference=payout.reference, now=now)
        is_answered = True
        if batch is None:
            _logger.error("the payout processor knows no such batch", extra={"payout": payout.id})
        else:
            states = {state.id: state.as_item for state in batch.items}
        for item in _to_be_taken_back(payout, states, now=now):
            assert item.reference is not None
            taken = gateway.cancel_item(reference=item.reference, now=now)
            states |= {taken.id: taken.as_item} if taken is not None else {}
    except (OutcomeUnknown, ProcessorMisconfigured) as error:
        _log("the payout processor did not say what became of a batch", payout, error)
    if differing := payout_items.differing(payout.items, states):
        _logger.error("the payout processor pays another amount", extra={"payout": payout.id, "items": differing})
    is_denied = batch is not None and batch.status is BatchStatus.DENIED

    def answered(current: Payout) -> Payout:
        if not current.is_with_processor:
            return current
        if not is_answered:
            return domain.unanswered(current, now=now)
        return domain.denied(current, now=now) if is_denied else domain.with_states(current, states, now=now)

    return _settle(payout, answered, now=now, actor=actor)


def _to_be_taken_back(payout: Payout, states: Mapping[str, Item], *, now: datetime) -> Sequence[Item]:
    """The items that nobody has claimed in time and that the processor has not returned by itself."""
    late = {
        item.id
        for item in payout.items
        if item.unclaimed_at is not None and now >= item.unclaimed_at + domain.CLAIMED_WITHIN
    }
    return [item for item in states.values() if item.status is ItemStatus.UNCLAIMED and item.id in late]


def _settle(payout: Payout, change: Callable[[Payout], Payout], *, now: datetime, actor: str) -> Payout:
    """Write what an answer makes of a payout, with the lines that give back what was not paid."""
    partner = partners.get_partner(partner_id=payout.partner_id)

    def attempt() -> Payout:
        current = payout_writes.current(payout)
        after = change(current)
        if after == current:
            return current
        return settle(open_books(partner, now=now, actor=actor), current, after)

    return payout_writes.retry(attempt)


def settle(books: Books, before: Payout, after: Payout) -> Payout:
    """Write a payout of which the processor, or an operator, has told something, and what follows from it."""
    returned = domain.given_back(before, after)
    payout_lines.give_back(books, after, returned)
    if any(cause.is_for_good for cause in returned):
        payee = payee_rows.get(after.partner_id)
        if payee.paypal_email == after.recipient and not payee.cannot_receive:
            failing = replace(payee, cannot_receive=True)
            books.add(payee_rows.put(failing, now=books.now, actor=books.actor, event="earnings.paypal_failed"))
    return payout_writes.write(books, after, event=_event_of(before, after))


def _event_of(before: Payout, after: Payout) -> str:
    if before.reference is None and after.reference is not None:
        return "payout.sent"
    if before.status is not after.status:
        return f"payout.{after.status}"
    if after.is_undecided and not before.is_undecided:
        return "payout.undecided"
    is_open = after.status in (PayoutStatus.SENT, PayoutStatus.UNCLAIMED)
    is_reversed = not is_open and domain.given_back(before, after)
    return "payout.reversed" if is_reversed else ""


def _log(message: str, payout: Payout, error: Exception) -> None:
    _logger.warning(message, extra={"payout": payout.id, "partner": payout.partner_id, "error": str(error)})
