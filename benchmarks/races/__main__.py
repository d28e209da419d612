"""Sixteen at once on the deployed stack, for every kind of charge, and then the audit.

    .venv/bin/python -m benchmarks.races --subjects 40

Starts a stack of its own on loopback. Requests are made sixteen times at once. What time does is
raced in the worker: its messages are made by hand, doubled, cut differently, shuffled, and given to
sixteen invocations at once, with sweeps beside them. Whatever lost a race or was given back comes
again, as a client or the queue would have it. Then all is counted: each thing asked for must be
there once. Exits with 1 if anything is double, lost, or found wrong by the audit.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.races.field import Field, Race
from benchmarks.races.kinds import race_all
from infra.local.stack import LocalStack


def table(races: Iterable[Race]) -> Table:
    """The counts, as docs/faults.md has them."""
    shown = Table("charge", "subjects", "tries", "once", "cards charged", "double", "lost", "audit")
    for race in races:
        numbers = (race.expected, race.tried, race.once, race.card_charges, race.double, race.lost, len(race.wrong))
        shown.add_row(race.name, *(f"{number:,}" for number in numbers))
    return shown


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.races", description=__doc__)
    parser.add_argument("--subjects", type=int, default=40, help="accounts or purchases of each kind (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="of the order in which messages come")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home, LocalStack(home=Path(home), progress=console.print) as stack:
        console.print("Racing")
        races = race_all(Field(stack, subjects=arguments.subjects, seed=arguments.seed))
        console.print(table(races))
    for race in races:
        console.print("\n".join([f"{race.name}: {dict(race.answers)}"] * bool(race.answers) + race.wrong), markup=False)
    console.print(f"{time.monotonic() - began:.0f} s")
    return int(not all(race.right for race in races))


if __name__ == "__main__":
    sys.exit(main())
