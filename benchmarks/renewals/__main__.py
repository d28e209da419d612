"""The renewals of a morning: found by the sweep, taken by the worker, timed and counted.

    .venv/bin/python -m benchmarks.renewals --accounts 1000 10000
    .venv/bin/python -m benchmarks.renewals --accounts 1000 --peer

Starts an emulated AWS on loopback and runs the product's own sweep and worker on it, in this one process: partners with
250 accounts each that all renew at one instant, paid with prepaid money, then with a card that says yes at once. A
reminder comes first, as it does in real life. Then the sweep runs again and every message is delivered again: nothing
may be due, and each account must have one new invoice. CPU is this process's, user and system; requests and bytes are
what it sent and received. Items and DynamoDB's units are counted on 99 more accounts, which are not timed; their
events are those that the tables' streams would write.

With --peer, django-silver on PostgreSQL does the same number of renewals in the same run, turn by turn: some of theirs,
some of ours, and so on, so that both meet the same machine. The ratio is the median over the turns. silver has no
prepaid money: beside our prepaid renewals it only issues the invoices. PostgreSQL is set as it comes.
Exits with 1 if anything is charged twice, forgotten, or done again.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.emulated import tables
from benchmarks.renewals import counted, peer
from benchmarks.renewals.sublet import REMINDER, RENEWAL, Sublet, Turn, cards_say_yes, invoices_of
from benchmarks.renewals.wire import Wire

ACCOUNTS_OF_A_PARTNER = 250
"""Seven full messages and one of 19."""
TURNS = 4


@dataclass
class Beside:
    """The turns of both, each in the same order."""

    ours: list[Turn] = field(default_factory=list)
    theirs: list[Turn] = field(default_factory=list)


class Measured:
    """The renewals of one size and one way to pay."""

    def __init__(self, accounts: int, *, card: bool, console: Console) -> None:
        self.accounts, self.card, self._console = accounts, card, console
        self.sweep, self.reminders, self.renewals = Turn(), Turn(), Turn()
        self.wire = Wire()
        self.beside = Beside()
        self.messages = 0
        self.wrong: list[str] = []

    @property
    def name(self) -> str:
        return f"{self.accounts:,} {_way(self.card)}"

    def run(self, silver: peer.Silver | None) -> None:
        """Furnish, remind, renew and do it again."""
        self._console.print(f"{self.name}: writing the accounts")
        sublet = Sublet(payers=self.accounts // ACCOUNTS_OF_A_PARTNER, accounts=ACCOUNTS_OF_A_PARTNER, card=self.card)
        self._console.print(f"{self.name}: reminders")
        sublet.sweep(now=REMINDER)
        self.reminders = sublet.work(now=REMINDER)
        self._console.print(f"{self.name}: renewals")
        self.sweep = sublet.sweep(now=RENEWAL)
        messages = list(sublet.messages)
        self.messages = len(messages)
        while sublet.messages:
            if silver is not None:
                self.beside.theirs.append(self._their_turn(silver))
            with self.wire.watched():
                turn = sublet.work(now=RENEWAL, payers=self.accounts // ACCOUNTS_OF_A_PARTNER // TURNS)
            self.beside.ours.append(turn)
            self.renewals.add(turn)
        self._expect(self.sweep.counts["found"] == self.accounts, f"{self.sweep.counts['found']} were found due")
        self._expect(self.renewals.counts["paid"] == self.accounts, f"{self.renewals.counts} were paid")
        again = sublet.sweep(now=RENEWAL)
        self._expect(again.counts["found"] == 0, f"a second sweep found {again.counts['found']}")
        sublet.messages = messages
        redelivered = sublet.work(now=RENEWAL)
        self._expect(set(redelivered.counts) == {"accounts"}, f"messages delivered again did {redelivered.counts}")
        invoices = invoices_of(sublet)
        self._expect(invoices == 2 * self.accounts, f"there are {invoices} invoices")
        if silver is not None:
            self._expect(silver.again()["invoices"] == 0, "django-silver invoiced twice")

    def _their_turn(self, silver: peer.Silver) -> Turn:
        told = silver.renew(self.accounts // TURNS)
        paid = told["invoices"] if self.card else 0
        self._expect(
            (told["invoices"], told["paid"]) == (self.accounts // TURNS, paid), f"django-silver renewed {told}"
        )
        return Turn(cpu=told["cpu"], wall=told["wall"], counts=Counter(accounts=told["invoices"]))

    def _expect(self, right: bool, wrong: str) -> None:
        if not right:
            self.wrong.append(f"{self.name}: {wrong}")


def _way(card: bool) -> str:
    return "card" if card else "prepaid"


def saved(measured: list[Measured], parts: dict[bool, list[counted.Part]]) -> dict[str, Any]:
    """What benchmarks.growth goes on with, for one renewal with its reminder and events, by way to pay."""
    return {
        _way(each.card): {
            "accounts": each.accounts,
            "cpu_ms": each.renewals.cpu / each.accounts * 1e3,
            "requests_a_message": each.wire.requests / each.messages,
            "dollars": sum(part.seen.dollars for part in parts[each.card]) / counted.ACCOUNTS,
            "units": counted.units_by_place(parts[each.card]),
        }
        for each in sorted(measured, key=lambda each: each.accounts)
    }


def costs(measured: list[Measured]) -> Table:
    """What a renewal costs this process."""
    columns = ("renewals/s", "CPU ms", "reminder's", "sweep's", "requests", "bytes")
    table = Table("of a renewal", *columns, title="This process")
    for each in measured:
        count = each.accounts
        table.add_row(
            each.name,
            f"{count / each.renewals.wall:,.0f}",
            f"{each.renewals.cpu / count * 1e3:.2f}",
            f"{each.reminders.cpu / count * 1e3:.2f}",
            f"{each.sweep.cpu / count * 1e3:.3f}",
            f"{each.wire.requests / count:.3f}",
            f"{each.wire.bytes_moved / count:,.0f}",
        )
    return table


def beside(measured: list[Measured]) -> Table:
    """Both in the same run: milliseconds of a renewal, and the ratio turn by turn."""
    title = "django-silver / Sublet, medians of the turns, ratio (lowest to highest)"
    table = Table("renewals", "CPU ms", "ratio", "ms on the clock", "ratio", title=title)
    for each in measured:
        if not each.beside.theirs:
            continue
        row = [each.name]
        for what in ("cpu", "wall"):
            theirs, ours = ([turn.each(what) for turn in turns] for turns in (each.beside.theirs, each.beside.ours))
            ratios = sorted(their / our for their, our in zip(theirs, ours, strict=True))
            row.append(f"{statistics.median(theirs):.1f} / {statistics.median(ours):.2f}")
            row.append(f"{statistics.median(ratios):.1f} ({ratios[0]:.1f}–{ratios[-1]:.1f})")
        table.add_row(*row)
    return table


@contextmanager
def perhaps_silver(arguments: argparse.Namespace, accounts: int, *, card: bool) -> Iterator[peer.Silver | None]:
    """The peer if it is wanted for this size."""
    if not arguments.peer or accounts > arguments.peer_up_to:
        yield None
        return
    with peer.silver(
        arguments.peer_python,
        customers=accounts // ACCOUNTS_OF_A_PARTNER,
        subscriptions=ACCOUNTS_OF_A_PARTNER,
        card=card,
        in_memory=arguments.peer_in_memory,
    ) as silver:
        yield silver


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.renewals", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, nargs="+", default=[1_000, 10_000], help="due at once (1000 10000)")
    parser.add_argument("--only", choices=["prepaid", "card"], help="one way to pay instead of both")
    parser.add_argument("--endpoint", help="another DynamoDB, such as DynamoDB Local at http://127.0.0.1:8000")
    parser.add_argument("--peer", action="store_true", help="django-silver beside it, if it is installed")
    parser.add_argument("--peer-python", type=Path, default=peer.PYTHON, help=f"of its environment ({peer.PYTHON})")
    parser.add_argument("--peer-up-to", type=int, default=1_000, help="accounts; for more it would take minutes (1000)")
    parser.add_argument("--peer-in-memory", action="store_true", help="PostgreSQL doesn't wait for the disk")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write what benchmarks.growth goes on with")
    arguments = parser.parse_args()
    if any(accounts % (TURNS * ACCOUNTS_OF_A_PARTNER) for accounts in arguments.accounts):
        parser.error(f"--accounts takes multiples of {TURNS * ACCOUNTS_OF_A_PARTNER}.")
    console, measured = Console(highlight=False), []
    load = os.getloadavg()[0]
    cases = [(accounts, card) for accounts in arguments.accounts for card in (False, True)]
    wanted = {"prepaid": {False}, "card": {True}, None: {False, True}}[arguments.only]
    try:
        with tempfile.TemporaryDirectory() as home, tables(Path(home), endpoint=arguments.endpoint), cards_say_yes():
            parts = {card: counted.count(card=card) for card in sorted(wanted)}
            for accounts, card in cases:
                if card in wanted:
                    measured.append(Measured(accounts, card=card, console=console))
                    with perhaps_silver(arguments, accounts, card=card) as silver:
                        measured[-1].run(silver)
    except peer.NoPeer as missing:
        console.print(f"{missing}", markup=False)
        return 2
    units = [counted.table(part, title=f"In DynamoDB, {_way(card)}") for card, part in parts.items()]
    console.print(*units, costs(measured), sep="\n")
    if any(each.beside.theirs for each in measured):
        console.print(beside(measured))
    if arguments.save:
        arguments.save.write_text(json.dumps(saved(measured, parts), indent=2) + "\n", encoding="utf-8")
    wrong = [line for each in measured for line in each.wrong]
    console.print("\n".join(wrong) or "A second sweep found nothing, and messages delivered again did nothing.")
    console.print(f"Load {load:.1f} before, {os.getloadavg()[0]:.1f} after.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
