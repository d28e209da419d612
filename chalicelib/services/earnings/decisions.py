"""What operators decide about earnings: held lines, adjustments, suspended partners (docs/rules.md §10)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.domain.earnings import postings as domain
from chalicelib.domain.earnings.lines import EarningLine, Hold, LineKind
from chalicelib.domain.earnings.payees import Payee
from chalicelib.domain.earnings.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import KeyReused, NotFound, Refusal
from chalicelib.models import transactions
from chalicelib.models.earnings import balances as balance_rows
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.transactions import commit
from chalicelib.services.earnings import payees
from chalicelib.services.earnings.books import Books, open_books
from chalicelib.services.partners import partners

T = TypeVar("T")


class NotHeld(Refusal):
    """An operator decides about lines that are held; this one is not, or not any more."""

    code = "not_held"
    title = "The earning is not held"


class HouseEarnsNothing(Refusal):
    """The house is the vendor itself: it is neither paid nor suspended."""

    code = "house_earns_nothing"
    title = "The house earns nothing"


def list_held(*, limit: int, start: dict[str, Any] | None) -> tuple[list[EarningLine], dict[str, Any] | None]:
    """The commissions and bonuses of all partners that are held, and where the next page starts."""
    return line_rows.held(limit=limit, start=start)


def get_held(*, line_id: str) -> EarningLine:
    """A line that is held, whose partner's it may be. Raises :class:`NotFound`."""
    partner_id = line_rows.partner_of_held(line_id)
    line = line_rows.get(partner_id, line_id) if partner_id else None
    if line is None:
        raise NotFound.of("held earning", line_id)
    return line


def release(*, line_id: str, now: datetime, actor: str) -> EarningLine:
    """Release a held line, for good as far as its present reasons go. Raises :class:`NotHeld`, :class:`NotFound`."""
    return _decide(line_id, refused=False, now=now, actor=actor)


def refuse(*, line_id: str, now: datetime, actor: str) -> EarningLine:
    """Take a held line back whole, for good. Raises :class:`NotHeld`, :class:`NotFound`."""
    return _decide(line_id, refused=True, now=now, actor=actor)


def adjust(*, line_id: str, partner_id: str, amount: int, reason: str, now: datetime, actor: str) -> EarningLine:
    """Enter an adjustment, plus or minus; payable at once. The same ``line_id`` again is a repeated request.

    Raises :class:`NotFound`, :class:`HouseEarnsNothing`, :class:`KeyReused`.
    """
    partner = _earning_partner(partner_id)

    def attempt() -> EarningLine:
        before = line_rows.get(partner_id, line_id)
        if before is not None:
            if (before.amount.amount, before.reason) != (amount, reason):
                raise KeyReused("It entered another adjustment. Use a new Idempotency-Key.")
            return before
        books = open_books(partner, now=now, actor=actor)
        line = EarningLine(
            id=line_id,
            partner_id=partner_id,
            kind=LineKind.ADJUSTMENT,
            at=now,
            amount=Money(amount, books.balance.currency),
            payable_on=books.today,
            reason=reason,
        )
        books.post([Posting(None, line)])
        books.flush()
        return books.lines[line_id]

    return _retry(attempt)


def release_address(*, partner_id: str, now: datetime, actor: str) -> Payee:
    """Let payouts go to an address that another partner has used as well. Raises :class:`NotHeld`."""
    partners.get_partner(partner_id=partner_id)
    payee = payees.release_address(partner_id=partner_id, now=now, actor=actor)
    if payee is None:
        raise NotHeld("The partner's PayPal address is not held.")
    return payee


def suspend(*, partner_id: str, now: datetime, actor: str) -> Partner:
    """Give a partner no new lines and no payouts until it is resumed; its keys and accounts go on."""
    return _suspended(partner_id, now, event="partner.suspended", now=now, actor=actor)


def resume(*, partner_id: str, now: datetime, actor: str) -> Partner:
    """Let a suspended partner earn again. What was paid meanwhile brings it nothing."""
    return _suspended(partner_id, None, event="partner.resumed", now=now, actor=actor)


def _decide(line_id: str, *, refused: bool, now: datetime, actor: str) -> EarningLine:
    partner_id = line_rows.partner_of_held(line_id)
    if partner_id is None:
        raise NotFound.of("held earning", line_id)
    partner = partners.get_partner(partner_id=partner_id)

    def attempt() -> EarningLine:
        books = open_books(partner, now=now, actor=actor)
        books.read_lines([line_id])
        before = books.lines[line_id]
        if before.released and not before.held_for and before.refused is refused:
            return before  # decided just now: by this very request, if the answer to its write was lost
        if not before.held_for or before.is_settled:
            raise NotHeld(f"The earning {line_id} is not held.")
        if before.account_id is not None:
            books.accounts = balance_rows.with_accounts(partner.id, [before.account_id])
            _clear(books, before)
        decided = replace(before, held_for=(), released=_all_of(before), refused=refused)
        books.post(domain.restated(decided, before, books.reversals(before), now=now, today=books.today))
        books.flush()
        return books.lines[line_id]

    return _retry(attempt)


def _clear(books: Books, line: EarningLine) -> None:
    """With one line released, later lines of the account are not held for its first invoice."""
    assert line.account_id is not None
    if Hold.FIRST_INVOICE_DISPUTED in line.held_for:
        books.note(replace(books.account(line.account_id), cleared=True))


def _all_of(line: EarningLine) -> tuple[Hold, ...]:
    return tuple(hold for hold in Hold if hold in (*line.released, *line.held_for))


def _suspended(partner_id: str, since: datetime | None, *, event: str, now: datetime, actor: str) -> Partner:
    def attempt() -> Partner:
        partner = _earning_partner(partner_id)
        if partner.is_suspended is (since is not None):
            return partner
        put = partner_rows.put(replace(partner, suspended_at=since, updated_at=now), actor=actor, event=event)
        commit([put])
        return partner_rows.stored(put)

    return _retry(attempt)


def _earning_partner(partner_id: str) -> Partner:
    partner = partners.get_partner(partner_id=partner_id)
    if partner.house:
        raise HouseEarnsNothing("The house is the vendor itself: it is neither paid nor suspended.")
    return partner


def _retry(attempt: Callable[[], T]) -> T:
    return transactions.retry(attempt, busy="Others kept changing the partner's earnings. Try again in a moment.")
