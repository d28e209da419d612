"""A payout: what is paid out to a partner at once, and what becomes of it (docs/rules.md §10).

A payout is gathered line by line, then frozen by a line of its own, then sent: as a batch under the payout's id, which
was stored before, with all that is sent.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.earnings import payout_items
from chalicelib.domain.earnings.lines import LineKind, LineSum
from chalicelib.domain.earnings.payees import Payee
from chalicelib.domain.earnings.payout_causes import BATCH_DENIED, GIVEN_UP, Cause
from chalicelib.domain.earnings.payout_items import Item, ItemStatus
from chalicelib.domain.ids import dated_id, derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

ANSWERED_WITHIN = timedelta(days=29)
"""The processor knows a batch by its id for 30 days. Later, the same id would pay again: an operator decides, as about
what is still being processed then."""
CLAIMED_WITHIN = timedelta(days=31)
"""The processor returns what nobody has claimed for 30 days. A day later it is taken back, each item by itself."""
LOOKED_AT_AGAIN = timedelta(days=60)
"""How long after its payment a payout is looked at once more: payments are reversed without a webhook."""


class PayoutStatus(StrEnum):
    """What has become of a payout. One that is ``scheduled`` is being gathered, or about to be sent."""

    SCHEDULED = "scheduled"
    WAITING_FOR_OPERATOR = "waiting_for_operator"
    SENT = "sent"
    PAID = "paid"
    UNCLAIMED = "unclaimed"
    RETURNED = "returned"
    FAILED = "failed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Payout:
    """What a partner is paid on the ``run_on`` of a run, or why it is not.

    It is gathered from the lines after the place ``gathers_after`` in the ledger and up to ``gathers_until`` that are
    payable on ``payable_on``, a date of the partner's zone. Those up to ``gathered_to`` have been looked at: ``lines``
    of them are part of it, which come to ``gathered`` minor units, and kind by kind to the ``sums``. Until it
    ``is_frozen``, by a line of its own that takes it off the balance, its ``amount`` is what was payable when it was
    begun; that is also what was paid if it was paid by other means before it was gathered.

    ``sent_at`` is when it was about to be sent first, ``asks`` how often that was tried, ``reference`` the processor's
    id of the batch. ``paid_reference`` is that of a payment by other means, which an operator has noted. ``look_at`` is
    when its next step is due.
    """

    id: str
    partner_id: str
    run_id: str
    run_on: date
    status: PayoutStatus
    amount: Money
    created_at: datetime
    updated_at: datetime
    payable_on: date
    lines: int = 0
    gathered: int = 0
    sums: Mapping[LineKind, LineSum] = field(default_factory=dict)
    gathers_after: int = 0
    gathers_until: int = 0
    gathered_to: int = 0
    is_frozen: bool = False
    recipient: str | None = None
    items: tuple[Item, ...] = ()
    sent_at: datetime | None = None
    asks: int = 0
    reference: str | None = None
    paid_at: datetime | None = None
    paid_reference: str | None = None
    cause: Cause | None = None
    look_at: datetime | None = None
    revision: int = 0
    version: int = 0

    @property
    def is_gathering(self) -> bool:
        """Whether lines are still being added to it."""
        return self.status is PayoutStatus.SCHEDULED and not self.is_frozen

    @property
    def is_undecided(self) -> bool:
        """Whether its outcome, or that of some of its items, stayed unknown for so long that an operator may decide."""
        return self.status is PayoutStatus.SENT and self.cause is Cause.UNKNOWN_OUTCOME

    @property
    def is_with_processor(self) -> bool:
        """Whether the processor knows it and can still tell something new of an item of it."""
        return self.reference is not None and bool(self.open_items)

    @property
    def open_items(self) -> list[Item]:
        """The items of which it is not certain for good what became of them.

        Of one that was still being processed when an operator marked the payout as paid, that was the decision.
        """
        is_decided = self.paid_reference is not None
        return [
            item
            for item in self.items
            if not item.status.is_given_back and not (is_decided and item.status is ItemStatus.PROCESSING)
        ]


def payout_id(partner_id: str, *, run_on: date) -> str:
    """The id of a partner's payout of a day: it has no second one."""
    return dated_id("pay", partner_id, on=run_on)


def line_id_of(payout: Payout) -> str:
    """The id of the line that takes a payout off the balance."""
    return derived_id("earn", payout.id)


def hindrance(payee: Payee, *, suspended: bool, hold_hours: int, now: datetime) -> Cause | None:
    """Why nothing may be sent to a partner now, whatever the amount."""
    if suspended:
        return Cause.SUSPENDED
    if payee.paypal_email is None or payee.set_at is None:
        return Cause.NO_ADDRESS
    if payee.is_shared:
        return Cause.SHARED_ADDRESS
    if payee.cannot_receive:
        return Cause.FAILED_BEFORE
    return Cause.NEW_ADDRESS if now < payee.set_at + timedelta(hours=hold_hours) else None


def too_little(amount: Money, *, minimum: int) -> Cause | None:
    """Why an amount is too small to be paid out; ``minimum`` is in minor units."""
    if amount.amount < 0:
        return Cause.OWED
    return Cause.BELOW_MINIMUM if amount.amount < minimum or not amount else None


def gathering(payout: Payout, *, now: datetime, paid_reference: str | None = None) -> Payout:
    """The payout whose lines are gathered next, from the first on; one that was paid by other means perhaps."""
    return replace(
        payout,
        status=PayoutStatus.SCHEDULED,
        cause=None,
        gathered_to=payout.gathers_after,
        paid_reference=paid_reference,
        look_at=now,
        updated_at=now,
    )


def frozen(payout: Payout) -> Payout:
    """The payout with its own line, whose amount is that of all lines that it settles."""
    return replace(payout, is_frozen=True, amount=Money(payout.gathered, payout.amount.currency))


def waiting(payout: Payout, *, now: datetime) -> Payout:
    """The payout that waits for an operator to confirm its run."""
    look_at = now + _LOOKED_AT_WHILE_WAITING
    return replace(payout, status=PayoutStatus.WAITING_FOR_OPERATOR, look_at=look_at, updated_at=now)


def ready(payout: Payout, *, now: datetime) -> Payout:
    """The payout that is sent next."""
    return replace(payout, status=PayoutStatus.SCHEDULED, look_at=now, updated_at=now)


def held(payout: Payout, cause: Cause, *, now: datetime) -> Payout:
    """The payout that is not sent, because of that: its lines, or one that gives them back, wait for the next."""
    return replace(payout, status=PayoutStatus.HELD, cause=cause, look_at=None, updated_at=now)


def paid_otherwise(payout: Payout, reference: str, *, now: datetime) -> Payout:
    """The payout that was paid by other means, as an operator says. What the processor paid of it is still watched."""
    changed = replace(
        payout, status=PayoutStatus.PAID, paid_reference=reference, paid_at=now, cause=None, updated_at=now
    )
    return replace(changed, look_at=_look_at(changed, now=now))


def about_to_be_sent(payout: Payout, *, recipient: str, most: int, now: datetime) -> Payout:
    """The payout as it is stored before it is sent: to whom, in items of at most ``most`` minor units."""
    return replace(
        payout,
        status=PayoutStatus.SENT,
        recipient=recipient,
        items=payout_items.split(payout.id, payout.amount, most=most),
        sent_at=now,
        asks=1,
        look_at=now + _ASKED_AGAIN[0],
        updated_at=now,
    )


def asked_again(payout: Payout, *, now: datetime) -> Payout:
    """The payout before it is sent once more under the same id; undecided if that is not safe any more."""
    assert payout.sent_at is not None
    if now >= payout.sent_at + ANSWERED_WITHIN:
        return replace(payout, cause=Cause.UNKNOWN_OUTCOME, look_at=None, updated_at=now)
    wait = _ASKED_AGAIN[min(payout.asks, len(_ASKED_AGAIN) - 1)]
    return replace(payout, asks=payout.asks + 1, look_at=now + wait, updated_at=now)


def accepted(payout: Payout, reference: str, *, now: datetime) -> Payout:
    """The payout whose batch the processor has."""
    return replace(payout, reference=reference, look_at=now, updated_at=now)


def reported(payout: Payout, state: Item, reference: str | None, *, now: datetime) -> Payout:
    """The payout of which the processor has told something unasked: an item of it, in its batch of that reference.

    An answer that was lost is made up for. One that an operator has decided, or that was refused, stays that; the audit
    compares it with the batch from then on.
    """
    if state.id not in {item.id for item in payout.items}:
        return payout
    if payout.reference is None and reference is not None:
        is_sent = payout.status is PayoutStatus.SENT
        return accepted(payout, reference, now=now) if is_sent else replace(payout, reference=reference, updated_at=now)
    return replace(payout, updated_at=now) if is_paid_although_given_back(payout, state) else payout


def is_paid_although_given_back(payout: Payout, state: Item) -> bool:
    """Whether the processor pays an item, or may, that was given back to the ledger."""
    given_back = {item.id for item in payout.items if item.status.is_given_back}
    return state.id in given_back and not state.status.is_given_back


def refused(payout: Payout, code: str, *, now: datetime) -> Payout:
    """The payout of which the processor accepts nothing.

    That is believed only if it was asked once. Had an earlier answer been lost, the batch might be on its way.
    """
    return payout if payout.asks > 1 else with_states(payout, payout_items.all_failed(payout.items, code), now=now)


def denied(payout: Payout, *, now: datetime) -> Payout:
    """The payout whose batch was denied as a whole."""
    return with_states(payout, payout_items.all_failed(payout.items, BATCH_DENIED), now=now)


def with_states(payout: Payout, states: Mapping[str, Item], *, now: datetime) -> Payout:
    """The payout with what the processor tells of its items, by their ids. What was given back stays given back.

    One that was paid by other means stays paid.
    """
    news = {item.id: states[item.id] for item in payout.open_items if item.id in states}
    items = payout_items.with_states(payout.items, news, now=now)
    if payout.paid_reference is not None:
        returned = payout_items.given_back(payout.items, items)
        changed = replace(payout, items=items, cause=next(iter(returned), payout.cause))
    else:
        status = _status(items)
        paid_at = (payout.paid_at or now) if status is PayoutStatus.PAID else payout.paid_at
        cause = Cause.UNKNOWN_OUTCOME if _is_overdue(payout, items, now=now) else payout_items.cause_to_show(items)
        changed = replace(payout, items=items, status=status, paid_at=paid_at, cause=cause)
    return replace(changed, look_at=_look_at(changed, now=now), updated_at=now)


def unanswered(payout: Payout, *, now: datetime) -> Payout:
    """The payout of which the processor has told nothing: it is asked again, tomorrow at the latest."""
    after = with_states(payout, {}, now=now)
    return replace(after, look_at=after.look_at or now + timedelta(days=1))


def given_up(payout: Payout, *, now: datetime) -> Payout:
    """The undecided payout of which an operator has found that what is still being processed was not paid."""
    unknown = [item for item in payout.items if item.status is ItemStatus.PROCESSING]
    return with_states(payout, payout_items.all_failed(unknown, GIVEN_UP), now=now)


def given_back(before: Payout, after: Payout) -> dict[Cause, Money]:
    """What is to be given back to the ledger since ``before``, by its cause."""
    return payout_items.given_back(before.items, after.items)


_ASKED_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 60, 6 * 60, 24 * 60))
"""How long after each attempt to send a batch it is sent again, if there was no answer; daily in the end."""
_LOOKED_AT_WHILE_WAITING = timedelta(days=1)
"""A confirmation wakes what waits for it. Should that be lost, this finds it."""


def _status(items: tuple[Item, ...]) -> PayoutStatus:
    """What items come to: what is not decided yet counts first, then what went wrong.

    A payment that was reversed had arrived; it is given back, and the payout stays paid.
    """
    found = {item.status for item in items}
    if found & {ItemStatus.PROCESSING, ItemStatus.HELD}:
        return PayoutStatus.SENT
    if ItemStatus.UNCLAIMED in found:
        return PayoutStatus.UNCLAIMED
    if found & {ItemStatus.FAILED, ItemStatus.BLOCKED}:
        return PayoutStatus.FAILED
    return PayoutStatus.RETURNED if found & {ItemStatus.RETURNED, ItemStatus.REFUNDED} else PayoutStatus.PAID


def _is_overdue(payout: Payout, items: tuple[Item, ...], *, now: datetime) -> bool:
    """Whether the processor has not told for too long what became of an item."""
    assert payout.sent_at is not None
    is_processing = any(item.status is ItemStatus.PROCESSING for item in items)
    return is_processing and now >= payout.sent_at + ANSWERED_WITHIN


def _look_at(payout: Payout, *, now: datetime) -> datetime | None:
    """When the processor is asked next: soon at first, then daily; once more long after what is open was paid."""
    if not payout.is_with_processor:
        return None
    assert payout.sent_at is not None
    found = {item.status for item in payout.open_items}
    if found == {ItemStatus.PAID}:
        again = (payout.paid_at or payout.sent_at) + LOOKED_AT_AGAIN
        return again if now < again else None
    if not found & {ItemStatus.PROCESSING, ItemStatus.HELD}:
        return now + timedelta(days=1)
    age = now - payout.sent_at
    if age < timedelta(hours=1):
        return now + timedelta(minutes=5)
    return now + (timedelta(hours=1) if age < timedelta(days=1) else timedelta(days=1))
