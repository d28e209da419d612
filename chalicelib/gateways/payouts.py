"""The payout processor: paying partners, each batch exactly once (docs/decisions/earnings.md).

A batch is sent under an id that was stored before. Whatever is not an answer is :class:`OutcomeUnknown`: then the same
batch is sent again under the same id, within 29 days, and never under another one.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.earnings.payout_items import Item, ItemStatus
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class PayoutItem:
    """What one recipient gets. ``id`` comes back with what becomes of it."""

    id: str
    recipient: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Accepted:
    """The processor has the batch, now or from an earlier request; ``reference`` is its id of it."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing of the batch was accepted. ``code`` is the processor's."""

    code: str
    reason: str


class BatchStatus(StrEnum):
    """What became of a batch; of its items a batch that is done says nothing."""

    PROCESSING = "processing"
    DONE = "done"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class ItemState:
    """An item as the processor has it now. ``code`` is its reason for a status that is not plain, ``batch`` its id of
    the batch, if it tells.
    """

    id: str
    reference: str
    status: ItemStatus
    amount: Money
    code: str | None = None
    batch: str | None = None

    @property
    def as_item(self) -> Item:
        """The item in the form of our books."""
        return Item(self.id, self.amount, self.status, self.reference, self.code)


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch as the processor has it now, with those of its items that can be understood; none if it is denied."""

    reference: str
    status: BatchStatus
    items: tuple[ItemState, ...]


_MOST_PER_ITEM = {"USD": 2_000_000}
_MOST_ELSEWHERE = 1_000_000


def most_per_item(currency: str) -> int:
    """The most that one item may pay, in minor units: 20,000 USD, and half as many units of other currencies."""
    return _MOST_PER_ITEM.get(currency, _MOST_ELSEWHERE)


class OutcomeUnknown(Exception):
    """The processor may or may not have done it: its answer did not arrive, or can't be understood."""


class ProcessorMisconfigured(Exception):
    """The processor refuses our credentials, or what they may do. The message never contains them."""


class PayoutGateway(Protocol):
    """A payout processor. Everything raises :class:`OutcomeUnknown` and :class:`ProcessorMisconfigured`."""

    def send(self, *, batch_id: str, items: Sequence[PayoutItem], now: datetime) -> Accepted | Refused:
        """Send a batch in one currency. The same ``batch_id`` again pays nothing again, and answers alike."""
        ...

    def find_batch(self, *, reference: str, now: datetime) -> BatchState | None:
        """A batch and its items; None if the processor knows none."""
        ...

    def find_item(self, *, reference: str, now: datetime) -> ItemState | None:
        """An item; None if the processor knows none."""
        ...

    def cancel_item(self, *, reference: str, now: datetime) -> ItemState | None:
        """Take an unclaimed item back. Returns the item as it is then; None if it could not be taken back."""
        ...
