"""Writing payouts: alone, or with what else is in the books of their partner."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.domain.earnings.payouts import Payout
from chalicelib.models import transactions
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.models.transactions import commit
from chalicelib.services.earnings.books import Books

T = TypeVar("T")


def current(payout: Payout) -> Payout:
    """The payout as it is now."""
    found = payout_rows.get(payout.partner_id, payout.id)
    assert found is not None
    return found


def write(books: Books, payout: Payout, *, event: str = "") -> Payout:
    """Commit a payout with what else is in the books; returns it as it is stored."""
    puts = payout_rows.put(payout, actor=books.actor, event=event)
    for put in puts:
        books.add(put)
    books.flush()
    return payout_rows.stored(puts)


def write_alone(payout: Payout, *, actor: str, event: str = "") -> Payout:
    """Commit a payout alone; returns it as it is stored."""
    puts = payout_rows.put(payout, actor=actor, event=event)
    commit(puts)
    return payout_rows.stored(puts)


def retry(attempt: Callable[[], T]) -> T:
    """Call ``attempt``, which reads the payout anew, until nobody has changed it meanwhile."""
    return transactions.retry(attempt, busy="Others kept changing the payout. Try again in a moment.")
