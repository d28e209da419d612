"""The items of a payout: what the processor takes, and what becomes of each (docs/rules.md §10)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.earnings.payout_causes import Cause, cause_of
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


class ItemStatus(StrEnum):
    """What became of an item at the processor. Only ``processing``, ``held`` and ``unclaimed`` ones still change by
    themselves; one that is paid may be refunded or reversed."""

    PROCESSING = "processing"
    HELD = "held"
    UNCLAIMED = "unclaimed"
    PAID = "paid"
    RETURNED = "returned"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    BLOCKED = "blocked"
    FAILED = "failed"

    @property
    def is_given_back(self) -> bool:
        """Whether it is certain that the recipient does not have the money."""
        return self not in (ItemStatus.PROCESSING, ItemStatus.HELD, ItemStatus.UNCLAIMED, ItemStatus.PAID)


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a payout as the processor takes it: what it may pay at once is limited. ``code`` is the processor's
    reason for a status that is not plain, ``reference`` its id of the item. ``unclaimed_at`` is when it was first seen
    to be unclaimed, while it is.
    """

    id: str
    amount: Money
    status: ItemStatus = ItemStatus.PROCESSING
    reference: str | None = None
    code: str | None = None
    unclaimed_at: datetime | None = None


def split(payout_id: str, amount: Money, *, most: int) -> tuple[Item, ...]:
    """An amount in items of ``most`` minor units, but for the last: they add up to it."""
    starts = range(0, amount.amount, most)
    return tuple(
        Item(f"{payout_id}-{number}", Money(min(most, amount.amount - start), amount.currency))
        for number, start in enumerate(starts, start=1)
    )


def with_states(items: Sequence[Item], states: Mapping[str, Item], *, now: datetime) -> tuple[Item, ...]:
    """The items with what the processor tells of them, by their ids: never their amounts.

    What was given back stays given back. Nothing is believed of an item that has another amount at the processor.
    """
    return tuple(_with_state(item, states.get(item.id), now=now) for item in items)


def differing(items: Sequence[Item], states: Mapping[str, Item]) -> list[str]:
    """The ids of the items that have another amount at the processor."""
    return [item.id for item in items if item.id in states and states[item.id].amount != item.amount]


def all_failed(items: Sequence[Item], code: str) -> dict[str, Item]:
    """The items, by their ids, as if the processor told of each that it failed for that reason."""
    return {item.id: replace(item, status=ItemStatus.FAILED, code=code) for item in items}


def given_back(before: Sequence[Item], after: Sequence[Item]) -> dict[Cause, Money]:
    """What is to be given back to the ledger since ``before``, by its cause."""
    had = {item.id for item in before if item.status.is_given_back}
    found: dict[Cause, Money] = {}
    for item in after:
        if item.status.is_given_back and item.id not in had:
            cause = _cause_of_item(item) or Cause.OTHER
            found[cause] = found.get(cause, Money.zero(item.amount.currency)) + item.amount
    return found


def cause_to_show(items: Sequence[Item]) -> Cause | None:
    """The cause to show: that of the first item that is not simply paid or on its way."""
    return next((cause for cause in map(_cause_of_item, items) if cause is not None), None)


def _with_state(item: Item, state: Item | None, *, now: datetime) -> Item:
    if state is None or item.status.is_given_back or state.amount != item.amount:
        return item
    unclaimed_at = (item.unclaimed_at or now) if state.status is ItemStatus.UNCLAIMED else None
    return replace(item, status=state.status, reference=state.reference, code=state.code, unclaimed_at=unclaimed_at)


def _cause_of_item(item: Item) -> Cause | None:
    """Why an item is not simply paid or on its way."""
    match item.status:
        case ItemStatus.PROCESSING | ItemStatus.PAID:
            return None
        case ItemStatus.HELD:
            return Cause.UNDER_REVIEW
        case ItemStatus.REVERSED:
            return Cause.REVERSED
        case ItemStatus.REFUNDED:
            return Cause.REFUSED_BY_RECEIVER
        case ItemStatus.BLOCKED if cause_of(item.code) is Cause.OTHER:
            return Cause.CANNOT_RECEIVE
    return cause_of(item.code)
