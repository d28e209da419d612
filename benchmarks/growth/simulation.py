"""Renewals that all fall due at one instant, found by a sweep, queued by payer, and taken by workers.

A FIFO queue gives a payer's messages to one worker at a time, in order, and looks for free payers among its first
messages only. The simulation goes from message to message. So that 100 million accounts take seconds, a message of the
simulation can stand for several of the same payer.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """What is simulated: the accounts of each payer, the messages, and how fast they are sent and worked on."""

    sizes: Sequence[int]
    workers: int
    seconds_a_message: float
    swept_a_second: float
    most_a_second: float = float("inf")
    """Accounts that the tables take in a second: workers wait for them, as after a throttle."""
    accounts_a_message: int = 33
    seen: int = 120_000
    """How many of its first messages the queue looks through."""


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
    """Send and work on everything. ``together`` messages of a payer are simulated as one."""
    size = run.accounts_a_message * together
    sent = _sent(run, size)
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
            took = run.seconds_a_message * accounts / run.accounts_a_message
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


def _sent(run: Run, size: int) -> list[tuple[float, int, int]]:
    """Each message: when it is sent, its payer, and its accounts.

    Due accounts lie in the index in no order of payers, so a payer's full messages are sent evenly over the sweep; what
    is left of each payer goes last.
    """
    whole = sum(run.sizes) / run.swept_a_second
    sent = []
    for payer, accounts in enumerate(run.sizes):
        full, rest = divmod(accounts, size)
        sent += [(whole * (number + 1) * size / accounts, payer, size) for number in range(full)]
        if rest:
            sent.append((whole, payer, rest))
    sent.sort()
    return sent


def sent_again(*, accounts: int, swept_a_second: float, worked_a_second: float, every: float = 60.0) -> float:
    """How many accounts sweeps send that another sweep has sent, while the first one is still under way.

    A sweep starts each minute from where the last *finished* one got to. One that begins before the first has finished
    finds all that is still due, and sends it too.
    """
    again, begins, ends = 0.0, every, accounts / swept_a_second
    while begins < ends:
        again += max(0.0, accounts - worked_a_second * begins)
        begins += every
    return again
