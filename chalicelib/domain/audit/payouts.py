"""Payouts: each comes to the lines that it settles, and to what the processor paid (docs/rules.md §10)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.earnings import payouts as rules
from chalicelib.domain.earnings.balances import EarningBalance
from chalicelib.domain.earnings.lines import EarningLine, LineKind, LineSum
from chalicelib.domain.earnings.payout_items import Item, ItemStatus
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

AtProcessor = Mapping[str, Mapping[str, Item] | None]
"""The items of payouts' batches at the processor, by the payouts' and their own ids; None if it knows no such batch."""


@dataclass
class PayoutSums:
    """Adds up the lines of a ledger by the payout that settles them, as they come."""

    settled: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    given_back: Counter[str] = field(default_factory=Counter)
    taken_again: Counter[tuple[str, str]] = field(default_factory=Counter)
    paid_out: int = 0

    def watching(self, lines: Iterable[EarningLine]) -> Iterator[EarningLine]:
        """The same lines, which are added up on the way."""
        for line in lines:
            self._add(line)
            yield line

    def _add(self, line: EarningLine) -> None:
        amount = line.amount.amount
        if line.kind in (LineKind.PAYOUT, LineKind.PAYOUT_RETURNED):
            self.paid_out -= amount
        if line.kind is LineKind.PAYOUT:
            self.taken[line.payout_id or ""] -= amount
            return
        if line.kind is LineKind.PAYOUT_RETURNED:
            self.given_back[line.reverses or ""] += amount
        if line.payout_id is not None:
            self.taken_again[line.reverses or "", line.payout_id] += amount
            self.settled[line.payout_id] += amount
            self.lines[line.payout_id] += 1


def of_payouts(
    balance: EarningBalance, payouts: Sequence[Payout], sums: PayoutSums, at_processor: AtProcessor
) -> Findings:
    """Every difference between a partner's payouts, the lines of its ledger, and the batches that are given."""
    paid_out = Money(sums.paid_out, balance.currency)
    if (balance.paid_out or Money.zero(balance.currency)) != paid_out:
        text = (
            f"Paid out are {shown(balance.paid_out or Money.zero(balance.currency))}, by the lines {shown(paid_out)}."
        )
        yield Finding(Kind.EARNING_TOTALS, balance.partner_id, text)
    for payout in payouts:
        yield from _of_lines(payout, sums)
        if payout.id in at_processor:
            yield from _of_processor(payout, at_processor[payout.id])
    for unknown in sorted((sums.settled.keys() | sums.taken.keys()) - {payout.id for payout in payouts}):
        yield Finding(Kind.PAYOUT_LINES, unknown, "Lines name it as the payout that settles them, but there is none.")


def _of_lines(payout: Payout, sums: PayoutSums) -> Findings:
    def say(amount: int) -> str:
        return shown(Money(amount, payout.amount.currency))

    counted = LineSum(
        sum(of_kind.lines for of_kind in payout.sums.values()), sum(of_kind.amount for of_kind in payout.sums.values())
    )
    if counted != LineSum(payout.lines, payout.gathered):
        text = f"By kind it settles {counted.lines} lines of {say(counted.amount)}, in all {payout.lines} of"
        yield Finding(Kind.PAYOUT_LINES, payout.id, f"{text} {say(payout.gathered)}.")
    if payout.items and (sent := sum(item.amount.amount for item in payout.items)) != payout.amount.amount:
        yield Finding(Kind.PAYOUT_AMOUNT, payout.id, f"It is {shown(payout.amount)}, its items come to {say(sent)}.")
    line_id = rules.line_id_of(payout)
    returned = sums.given_back[line_id]
    taken, settled = sums.taken[payout.id], sums.settled[payout.id]
    if not payout.is_frozen:
        if (taken, settled, sums.lines[payout.id]) != (0, payout.gathered, payout.lines):
            gathered = f"{payout.lines} lines of {say(payout.gathered)}"
            text = f"{gathered} were gathered for it, {sums.lines[payout.id]} of {say(settled)} name it."
            yield Finding(Kind.PAYOUT_LINES, payout.id, text)
        return
    again = sums.taken_again[line_id, payout.id]  # what was given back and then paid by other means
    if taken != payout.amount.amount + again or settled != taken:
        both = f"its own lines take {say(taken)}, those it settles come to {say(settled)}"
        yield Finding(Kind.PAYOUT_LINES, payout.id, f"It is {shown(payout.amount)}; {both}.")
    elif not again and sums.lines[payout.id] != payout.lines:
        text = f"It is said to settle {payout.lines} lines, {sums.lines[payout.id]} name it."
        yield Finding(Kind.PAYOUT_LINES, payout.id, text)
    if (missing := _not_arrived(payout)) is not None and returned != missing:
        text = f"{say(missing)} of it did not arrive, {say(returned)} were given back."
        yield Finding(Kind.PAYOUT_RETURNED, payout.id, text)


def _not_arrived(payout: Payout) -> int | None:
    """What of a payout is to be given back, in minor units; None if the payout alone does not say."""
    if payout.items:
        return sum(item.amount.amount for item in payout.items if item.status.is_given_back)
    return payout.amount.amount if payout.status is PayoutStatus.HELD else None


def _of_processor(payout: Payout, found: Mapping[str, Item] | None) -> Findings:
    if found is None:
        yield Finding(Kind.PAYOUT_NOT_SENT, payout.id, f"The processor knows no batch {payout.reference}.")
        return
    for item_id in sorted({item.id for item in payout.items} | found.keys()):
        ours = next((item for item in payout.items if item.id == item_id), None)
        theirs = found.get(item_id)
        if ours is not None and theirs is None and ours.status.is_given_back:
            continue  # of a batch that was denied the processor tells no items
        if ours is None or theirs is None or ours.amount != theirs.amount:
            yield Finding(
                Kind.PAYOUT_AMOUNT,
                payout.id,
                f"Item {item_id} is {shown(ours.amount) if ours else 'not'} in our books, "
                f"{shown(theirs.amount) if theirs else 'not'} at the processor.",
            )
        elif ours.status.is_given_back and not theirs.status.is_given_back:
            text = f"Item {item_id} was given back as {ours.status}, but the processor says {theirs.status}."
            yield Finding(Kind.PAYOUT_OUTCOME, payout.id, text)
        elif ours.status is ItemStatus.PAID and theirs.status.is_given_back and payout.look_at is None:
            text = f"Item {item_id} counts as paid, but the processor says {theirs.status}."
            yield Finding(Kind.PAYOUT_OUTCOME, payout.id, text)
