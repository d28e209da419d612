"""A partner's payouts as it reads them, and what operators decide about them (docs/rules.md §10)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.domain.earnings import payouts as domain
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.money import Money, total
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.models.earnings import payout_runs as run_rows
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.services.earnings import payout_lines, payout_sending, payout_steps, payout_writes
from chalicelib.services.earnings.books import Books, open_books
from chalicelib.services.partners import partners

_STEPS_IN_REQUEST = 10


class CannotBeMarkedPaid(Refusal):
    """The payout is paid, or may be: then nobody else may pay it."""

    code = "cannot_be_marked_paid"
    title = "The payout can't be marked as paid"


class OutcomeNotOpen(Refusal):
    """An operator decides only about a payout whose outcome has stayed unknown."""

    code = "outcome_not_open"
    title = "The payout's outcome is not open"


def get_payout(*, partner_id: str, payout_id: str) -> Payout:
    """A payout of the partner. Raises :class:`NotFound`."""
    payout = payout_rows.get(partner_id, payout_id)
    if payout is None:
        raise NotFound.of("payout", payout_id)
    return payout


def get_any(*, payout_id: str) -> Payout:
    """A payout, for operators, whoever is paid. Raises :class:`NotFound`."""
    return get_payout(partner_id=_payee_of(payout_id), payout_id=payout_id)


def _payee_of(payout_id: str) -> str:
    partner_id = payout_rows.partner_of(payout_id)
    if partner_id is None:
        raise NotFound.of("payout", payout_id)
    return partner_id


def list_payouts(
    *,
    partner_id: str | None,
    run_id: str | None = None,
    status: PayoutStatus | None = None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Payout], dict[str, Any] | None]:
    """A partner's payouts, or those of all partners, newest first, and where the next page starts."""
    return payout_rows.newest(partner_id=partner_id, run_id=run_id, status=status, limit=limit, start=start)


def mark_paid(*, payout_id: str, reference: str, amount: int | None = None, now: datetime, actor: str) -> Payout:
    """Note that a payout was paid by other means. The same reference again is a repeated request. Another ``amount``
    (minor units) than is to be paid is refused: the payout has changed since it was paid.

    One that was held before its lines were gathered is put together first; if that takes long, the worker goes on, and
    it is ``scheduled`` until then. Its amount was paid, whatever became of its lines: a difference is carried over.

    Raises :class:`NotFound`, :class:`CannotBeMarkedPaid`.
    """

    def change(books: Books, payout: Payout) -> Payout:
        if payout.paid_reference == reference:
            return payout
        _refuse_if_it_may_be_paid(payout)
        if not payout.is_frozen:
            _refuse_another_amount(amount, payout.amount)
            _keep_newest(books, payout)
            return payout_writes.write(books, domain.gathering(payout, now=now, paid_reference=reference))
        if payout.status in (PayoutStatus.HELD, PayoutStatus.FAILED, PayoutStatus.RETURNED):
            returned = payout_lines.given_back(payout)
            if (later := next((line.payout_id for line in returned if line.payout_id), None)) is not None:
                raise CannotBeMarkedPaid(f"It was given back, and {later} pays it.", extra={"payout_id": later})
            to_pay = total((line.amount for line in returned), currency=payout.amount.currency)
            _refuse_another_amount(amount, to_pay)
            payout_lines.take_again(books, payout, returned)
        else:
            _refuse_another_amount(amount, payout.amount)
        return payout_writes.write(books, domain.paid_otherwise(payout, reference, now=now), event="payout.paid")

    payout = _decide(payout_id, change, now=now, actor=actor)
    steps = iter(range(_STEPS_IN_REQUEST))
    if payout.is_gathering:
        payout_steps.take_due_steps(
            partner_id=payout.partner_id,
            payout_id=payout_id,
            now=now,
            actor=actor,
            out_of_time=lambda: next(steps, None) is None,
        )
    return get_payout(partner_id=payout.partner_id, payout_id=payout_id)


def give_up(*, payout_id: str, now: datetime, actor: str) -> Payout:
    """Decide that a payout whose outcome stayed unknown was not paid: it is given back. An operator has looked it up.

    Raises :class:`NotFound`, :class:`OutcomeNotOpen`.
    """

    def change(books: Books, payout: Payout) -> Payout:
        if not payout.is_undecided:
            raise OutcomeNotOpen(f"It is {payout.status}. {_CHECK_IN_TIME}")
        return payout_sending.settle(books, payout, domain.given_up(payout, now=now))

    return _decide(payout_id, change, now=now, actor=actor)


_CHECK_IN_TIME = "Only after 29 days without an answer of the processor, an operator decides."


def _refuse_if_it_may_be_paid(payout: Payout) -> None:
    """Raises :class:`CannotBeMarkedPaid` unless it is certain that the processor does not pay it."""
    if payout.is_gathering:
        raise CannotBeMarkedPaid("Its lines are being put together. Try again in a minute.")
    if payout.status is PayoutStatus.SENT and not payout.is_undecided:
        raise CannotBeMarkedPaid(f"It was sent, and may yet be paid. {_CHECK_IN_TIME}")
    if payout.status is PayoutStatus.UNCLAIMED:
        raise CannotBeMarkedPaid("It waits to be claimed. It is returned after 30 days, and can be marked then.")
    if payout.status is PayoutStatus.PAID:
        raise CannotBeMarkedPaid("It is paid.")
    if payout.amount.amount <= 0:
        raise CannotBeMarkedPaid("Nothing was payable.")


def _refuse_another_amount(paid: int | None, to_pay: Money) -> None:
    if paid is not None and paid != to_pay.amount:
        raise CannotBeMarkedPaid(f"It comes to {to_pay.amount}, not {paid} (minor units).")


def _keep_newest(books: Books, payout: Payout) -> None:
    """Make sure that no newer payout has begun, or begins meanwhile: it would gather the same lines.

    The alarm by which the next one begins is written too. It is read first, so that one of the two writes fails.
    """
    for alarm in run_rows.partner_alarms([payout.partner_id]):
        books.add(run_rows.put_partner_alarm(alarm))
    newest = payout_rows.last_of(payout.partner_id)
    if newest is not None and newest.id != payout.id:
        raise CannotBeMarkedPaid(f"It was held, and {newest.id} has taken over what it was about.")


def _decide(payout_id: str, change: Callable[[Books, Payout], Payout], *, now: datetime, actor: str) -> Payout:
    partner = partners.get_partner(partner_id=_payee_of(payout_id))

    def attempt() -> Payout:
        books = open_books(partner, now=now, actor=actor)
        return change(books, get_payout(partner_id=partner.id, payout_id=payout_id))

    return payout_writes.retry(attempt)
