"""Restore a stack's tables to a moment: `python -m infra.restore beside`, `check`, `open`, `drop`; `drill` to practise.

`beside` restores the tables to a moment, each beside its live one, which stays as it is. `check` audits the restored
books and lists what the card processor has charged that they don't know of. `open` closes the stack (no request, no
schedule, no queue), puts the restored rows back into the live tables, and opens the stack again. `drop` deletes the
restored tables. `drill` does beside, check and drop, and says how long each took: do it every quarter. `close` and
`reopen` restore nothing: they stop a stack that charges or mails what it should not, and let it go on.

Deploy with `ChargesLookedUp=yes` before `open`: then no charge that was made after the moment is made again.
`--local` means the stack on this machine, `--stack NAME` one on AWS. Exit code 0: done, and the books are right. 1:
the audit found differences. 2: it could not be done.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

from infra.commands import DONE, NotDone, instant, parser_of, run, stack_of, stack_options
from infra.restore.tables import KEPT, RESTORED, drop_beside, name_beside, put_back, restore_beside, stamps
from infra.restore.triggers import Triggers

_WORKERS_TIME_OUT_SECONDS = 120
_AUDIT = "import sys; from infra import audit; sys.exit(audit.run(partner=(*sys.argv[1:], None)[0], as_json=False))"
"""In a process of its own: the product reads its settings, and so the names of its tables, once a process."""


class Restore:
    """The tables of one stack, live and beside."""

    def __init__(self, stack: str, console: Console, *, drain_seconds: int = _WORKERS_TIME_OUT_SECONDS) -> None:
        self.stack, self.console, self.drain_seconds = stack, console, drain_seconds
        self.dynamodb = boto3.client("dynamodb")
        self.live = {variable: os.environ[variable] for variable in RESTORED}

    def beside(self, at: datetime | None) -> str:
        """Restore all tables beside the live ones. Returns the stamp that their names end with."""
        stamp = f"restored-{datetime.now(UTC):%Y%m%d%H%M%S}"
        restore_beside(self.dynamodb, list(self.live.values()), stamp=stamp, at=at, progress=self._progress)
        return stamp

    def check(self, stamp: str, *, partner: str | None = None) -> int:
        """Audit the restored books, against all that the card processor has charged. Returns the audit's code."""
        beside = {variable: name_beside(table, stamp) for variable, table in self.live.items()}
        command = [sys.executable, "-c", _AUDIT, *([partner] if partner else [])]
        return subprocess.run(command, env={**os.environ, **beside}, check=False).returncode

    def open(self, stamp: str) -> None:
        """Put the restored rows back while the stack is closed."""
        self.close()
        try:
            if self.drain_seconds:
                self.console.print(f"Waiting {self.drain_seconds} s for workers that have begun")
                time.sleep(self.drain_seconds)
            shown = Table("Table", "Put back", "Removed")
            for table in self.live.values():
                difference = put_back(self.dynamodb, table, stamp=stamp)
                shown.add_row(table, f"{difference.put_back:,}", f"{difference.removed:,}")
            self.console.print(shown)
        except BaseException:
            self.console.print("[bold red]The stack stays closed.[/] Repeat this command: it goes on where it stopped.")
            raise
        self.reopen()

    def close(self) -> None:
        """Let nothing wake a function any more: no request, schedule, queue or stream."""
        self.console.print("Closing the stack")
        self._triggers().disable()

    def reopen(self) -> None:
        """Let everything in again."""
        self._triggers().enable()
        self.console.print("[green]The stack is open.[/] The healing run finds within half an hour what is due.")

    def _triggers(self) -> Triggers:
        return Triggers.of(
            self.stack,
            cloudformation=boto3.client("cloudformation"),
            events=boto3.client("events"),
            functions=boto3.client("lambda"),
        )

    def drop(self, stamp: str) -> None:
        """Delete the restored tables."""
        drop_beside(self.dynamodb, list(self.live.values()), stamp=stamp)
        self.console.print(f"Deleted the tables that end with {stamp}.")

    def drill(self, at: datetime | None) -> int:
        """Restore, audit, drop, timed."""
        began = time.monotonic()
        stamp = self.beside(at)
        restored = time.monotonic()
        try:
            code = self.check(stamp)
        finally:
            audited = time.monotonic()
            self.drop(stamp)
        shown = Table("Restored in", "Audited in", "Books")
        shown.add_row(
            f"{restored - began:,.0f} s", f"{audited - restored:,.0f} s", "right" if code == DONE else "see above"
        )
        self.console.print(shown)
        return code

    def stamp(self, given: str | None) -> str:
        """The stamp that was given, or the only one there is. Raises :class:`NotDone`."""
        known = stamps(self.dynamodb, self.live["ACCOUNTS_TABLE"])
        if given in known:
            return given
        if given is None and len(known) == 1:
            return known[0]
        raise NotDone(f"Which restored tables? There are: {', '.join(known) or 'none. Begin with `beside`'}.")

    def _progress(self, table: str, what: str) -> None:
        self.console.print(f"{table}: {what}", style="dim")


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return run(arguments, _act)


def _act(arguments: argparse.Namespace) -> int:
    act: Callable[[Restore, argparse.Namespace], int] = arguments.act
    return act(Restore(stack_of(arguments), Console(highlight=False), drain_seconds=arguments.drain), arguments)


def _beside(restore: Restore, arguments: argparse.Namespace) -> int:
    stamp = restore.beside(arguments.at)
    restore.console.print(f"Next: python -m infra.restore check {stamp}")
    return DONE


def _check(restore: Restore, arguments: argparse.Namespace) -> int:
    return restore.check(restore.stamp(arguments.stamp), partner=arguments.partner)


def _open(restore: Restore, arguments: argparse.Namespace) -> int:
    stamp = restore.stamp(arguments.stamp)
    if not arguments.yes and input("Everything after that moment will be gone. Type `open` to go on: ") != "open":
        raise NotDone("Nothing was changed.")
    restore.open(stamp)
    return DONE


def _close(restore: Restore, arguments: argparse.Namespace) -> int:  # noqa: ARG001
    restore.close()
    restore.console.print("It is closed; workers that have begun go on for up to two minutes. Next: `reopen`.")
    return DONE


def _reopen(restore: Restore, arguments: argparse.Namespace) -> int:  # noqa: ARG001
    restore.reopen()
    return DONE


def _drop(restore: Restore, arguments: argparse.Namespace) -> int:
    restore.drop(restore.stamp(arguments.stamp))
    return DONE


def _drill(restore: Restore, arguments: argparse.Namespace) -> int:
    return restore.drill(arguments.at)


def _parser() -> argparse.ArgumentParser:
    kept = "; ".join(f"{variable.removesuffix('_TABLE').lower()} ({why})" for variable, why in KEPT.items())
    where = stack_options()
    where.set_defaults(drain=_WORKERS_TIME_OUT_SECONDS)
    parser = parser_of("infra.restore", f"{__doc__}\nNot restored: {kept}.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    acts: tuple[tuple[str, Any, str], ...] = (
        ("beside", _beside, "restore the tables to a moment, beside the live ones"),
        ("check", _check, "audit the restored tables"),
        ("open", _open, "put their rows back into the live tables"),
        ("drop", _drop, "delete the restored tables"),
        ("close", _close, "in an emergency: let nothing wake a function, and restore nothing"),
        ("reopen", _reopen, "open a stack that was closed"),
        ("drill", _drill, "restore, audit and drop, to practise it"),
    )
    for name, act, what in acts:
        command = commands.add_parser(name, parents=[where], help=what)
        command.set_defaults(act=act)
        if name in {"beside", "drill"}:
            command.add_argument("--at", type=instant, metavar="TIME", help="the moment (default: the latest)")
        elif name not in {"close", "reopen"}:
            command.add_argument("stamp", nargs="?", metavar="STAMP", help="if there are several: which")
        if name == "check":
            command.add_argument("--partner", metavar="ID", help="one partner only")
        if name == "open":
            command.add_argument("--yes", action="store_true", help="don't ask")
            command.add_argument(
                "--drain", type=int, metavar="SECONDS", help="how long to wait for workers that have begun"
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
