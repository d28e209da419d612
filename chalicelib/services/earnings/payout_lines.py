"""The lines that payouts enter in an earnings ledger (docs/rules.md §10)."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.earnings import payouts as domain
from chalicelib.domain.earnings.lines import EarningLine, LineKind, sums_by_kind
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payouts import Payout
from chalicelib.domain.earnings.postings import Posting, reversal_id
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money, total
from chalicelib.models.earnings import lines as line_rows
from chalicelib.services.earnings.books import Books


def enter(books: Books, payout: Payout) -> None:
    """Take a payout off the balance."""
    books.post([Posting(None, _line(books, payout, domain.line_id_of(payout), payout.amount))])


def enter_paid_otherwise(books: Books, payout: Payout) -> Payout:
    """Take what was paid by other means off the balance, and return the payout frozen.

    Its lines may come to another sum than was paid, if some were held or released since. A pair of adjustments carries
    the difference over: one is settled by this payout, the other by the next.
    """
    difference = payout.amount - Money(payout.gathered, payout.amount.currency)
    if difference:
        reason = f"Difference between what was paid and the lines of payout {payout.id}"
        settled = EarningLine(
            id=derived_id("earn", payout.id, "difference"),
            partner_id=payout.partner_id,
            kind=LineKind.ADJUSTMENT,
            at=books.now,
            amount=difference,
            payable_on=books.today,
            reason=f"{reason}.",
            payout_id=payout.id,
        )
        carried_over = replace(
            settled,
            id=derived_id("earn", payout.id, "difference carried over"),
            amount=-difference,
            reason=f"{reason}, carried over.",
            payout_id=None,
        )
        books.post([Posting(None, settled), Posting(None, carried_over)])
        payout = replace(
            payout,
            lines=payout.lines + 1,
            gathered=payout.amount.amount,
            sums=sums_by_kind([settled], so_far=payout.sums),
            gathers_until=books.balance.sequence,
            gathered_to=books.balance.sequence,
        )
    enter(books, payout)
    return domain.frozen(payout)


def enter_and_give_back(books: Books, payout: Payout, cause: Cause) -> None:
    """Settle the lines of a payout that is not sent after all: it is taken off the balance and given back at once."""
    line = _line(books, payout, domain.line_id_of(payout), payout.amount)
    line, returned = _returned(books, line, {cause: payout.amount})
    books.post([Posting(None, line), *returned])


def give_back(books: Books, payout: Payout, amounts: Mapping[Cause, Money]) -> None:
    """Give back what of a payout did not reach its partner, by a line for each cause: the next payout pays it."""
    if amounts:
        before = _line_of(payout)
        line, returned = _returned(books, before, amounts)
        books.post([Posting(before, line), *returned])


def given_back(payout: Payout) -> list[EarningLine]:
    """The lines that gave back what did not reach the partner."""
    line = _line_of(payout)
    ids = [reversal_id(line, number) for number in range(1, line.reversals + 1)]
    return list(line_rows.get_many(payout.partner_id, ids).values())


def take_again(books: Books, payout: Payout, returned: list[EarningLine]) -> None:
    """Settle what was given back of a payout, by a second line of it: it was paid by other means."""
    amount = total((line.amount for line in returned), currency=payout.amount.currency)
    second = _line(books, payout, derived_id("earn", payout.id, "paid by other means"), amount)
    books.post([*(Posting(line, replace(line, payout_id=payout.id)) for line in returned), Posting(None, second)])


def _line(books: Books, payout: Payout, line_id: str, amount: Money) -> EarningLine:
    return EarningLine(
        id=line_id,
        partner_id=payout.partner_id,
        kind=LineKind.PAYOUT,
        at=books.now,
        amount=-amount,
        payable_on=books.today,
        payout_id=payout.id,
    )


def _line_of(payout: Payout) -> EarningLine:
    line = line_rows.get(payout.partner_id, domain.line_id_of(payout))
    assert line is not None, f"{payout.id} is frozen without a line"
    return line


def _returned(books: Books, line: EarningLine, amounts: Mapping[Cause, Money]) -> tuple[EarningLine, list[Posting]]:
    """The payout's line with what is given back of it noted, and the lines that do."""
    returned = []
    for cause, amount in amounts.items():
        so_far = line.reversed or Money.zero(amount.currency)
        line = replace(line, reversed=(so_far - amount) or None, reversals=line.reversals + 1)
        entered = EarningLine(
            id=reversal_id(line, line.reversals),
            partner_id=line.partner_id,
            kind=LineKind.PAYOUT_RETURNED,
            at=books.now,
            amount=amount,
            payable_on=books.today,
            reverses=line.id,
            reason=cause.in_words,
            returns=line.payout_id,
            cause=cause,
        )
        returned.append(Posting(None, entered))
    return line, returned
