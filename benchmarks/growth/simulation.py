"""Renewals that all fall due at one instant, found by a sweep, queued by payer, and taken by workers.

A FIFO queue gives a payer's messages to one worker at a time, in order, and looks for free payers among its first
messages only. The simulation goes from message to message. So that 100 million accounts take seconds, a message of the
simulation can stand for several of the same payer.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

TRANSACTION = 33
"""The most accounts that one transaction renews, and that a message names."""

SWEEP_SECONDS, SWEEP_EVERY = 50, 60
"""A sweep begins each minute and works for up to 50 seconds of it; what it leaves, the next one goes on with."""
HEAL_SECONDS, HEAL_EVERY = 890, 1_800
"""A healing run begins every half hour, and takes up to fifteen minutes less the ten seconds it keeps."""


@dataclass(frozen=True)
class Run:
    """What is simulated: the accounts of each payer, and how fast they are found, sent and worked on."""

    sizes: Sequence[int]
    workers: int
    seconds_a_transaction: float
    seconds_an_account: float
    """A message takes the first for each transaction of up to 33 accounts, and the second for each account."""
    swept_a_second: float
    most_a_second: float = float("inf")
    """Accounts that the tables take in a second: workers wait for them, as after a throttle."""
    accounts_a_message: int = TRANSACTION
    seen: int = 120_000
    """How many of its first messages the queue looks through."""

    @property
    def windows(self) -> int:
        """In how many minutes a sweep finds everything."""
        return max(1, ceil(sum(self.sizes) / (self.swept_a_second * SWEEP_SECONDS)))

    @property
    def found_by(self) -> float:
        """When everything was found."""
        before = self.windows - 1
        return before * SWEEP_EVERY + sum(self.sizes) / self.swept_a_second - before * SWEEP_SECONDS


@dataclass
class Outcome:
    """When each message was done: (second, payer, accounts), in order; the payer is its place in the sizes."""

    done: list[tuple[float, int, int]] = field(default_factory=list)
    busy_seconds: float = 0.0

    @property
    def last(self) -> float:
        """When the last renewal was done, in seconds after the instant at which it fell due."""
        return self.done[-1][0] if self.done else 0.0

    def last_of_others(self, biggest: int) -> float:
        """When the last renewal was done of all payers but so many of the first."""
        return max((at for at, payer, _ in self.done if payer >= biggest), default=0.0)

    def lateness(self, share: float) -> float:
        """By when this share of the accounts was renewed."""
        wanted, so_far = share * sum(count for _, _, count in self.done), 0
        for at, _, count in self.done:
            so_far += count
            if so_far >= wanted:
                return at
        return self.last


def simulate(run: Run, *, together: int = 1) -> Outcome:
    """Send and work on everything. ``together`` messages of a payer, and minutes of the sweep, are simulated as one."""
    sent = _sent(run, together)
    waiting: dict[int, deque[tuple[int, int]]] = {}  # by payer: place in the queue and accounts of each message
    free: list[tuple[int, int]] = []  # the first message of each payer that no worker is busy with, by its place
    busy: list[tuple[float, int, int]] = []  # until when a worker is busy with which payer, and its accounts
    outcome, now, admitted, gone, written = Outcome(), 0.0, 0, 0, 0.0
    while admitted < len(sent) or free or busy:
        while admitted < len(sent) and sent[admitted][0] <= now and admitted - gone < run.seen // together:
            _, payer, accounts = sent[admitted]
            if payer in waiting:
                waiting[payer].append((admitted, accounts))
            else:
                waiting[payer] = deque([(admitted, accounts)])
                heapq.heappush(free, (admitted, payer))
            admitted += 1
        while free and len(busy) < run.workers:
            _, payer = heapq.heappop(free)
            accounts = waiting[payer][0][1]
            transactions = ceil(accounts / TRANSACTION)
            took = transactions * run.seconds_a_transaction + accounts * run.seconds_an_account
            written = max(written, now) + accounts / run.most_a_second
            until = max(now + took, written)
            outcome.busy_seconds += until - now
            heapq.heappush(busy, (until, payer, accounts))
        full = admitted - gone >= run.seen // together
        next_sent = sent[admitted][0] if admitted < len(sent) and not full else float("inf")
        if busy and busy[0][0] <= next_sent:
            now, payer, accounts = heapq.heappop(busy)
            outcome.done.append((now, payer, accounts))
            gone += 1
            waiting[payer].popleft()
            if waiting[payer]:
                heapq.heappush(free, (waiting[payer][0][0], payer))
            else:
                del waiting[payer]
        else:
            now = next_sent
    return outcome


def _sent(run: Run, together: int) -> list[tuple[float, int, int]]:
    """Each message: when it is sent, its payer, and its accounts.

    Due accounts lie in the index in no order of payers, so a payer's are found evenly over the sweep. Full messages are
    sent at once; what is left of each payer goes at the end of the minute's run.
    """
    size, windows = run.accounts_a_message * together, ceil(run.windows / together)
    lasts = run.found_by / windows
    sent = []
    for payer, accounts in enumerate(run.sizes):
        found = 0
        for window in range(windows):
            here = accounts * (window + 1) // windows - found
            found += here
            full, rest = divmod(here, size)
            sent += [(lasts * (window + (number + 1) * size / here), payer, size) for number in range(full)]
            if rest:
                sent.append((lasts * (window + 1), payer, rest))
    sent.sort()
    return sent


def sent_again(run: Run, outcome: Outcome) -> float:
    """How many accounts healing runs send that are still due because the workers have not come to them yet."""
    again, renewed, place = 0.0, 0, 0
    whole, begins = sum(run.sizes), HEAL_EVERY
    while begins < outcome.last:
        while place < len(outcome.done) and outcome.done[place][0] <= begins:
            renewed += outcome.done[place][2]
            place += 1
        again += min(whole - renewed, run.swept_a_second * HEAL_SECONDS)
        begins += HEAL_EVERY
    return again
