"""What broke the worker and was set apart: `python -m infra.parked list`, and once it is mended `... free [ID]`.

`list` shows every account, purchase, refund and bill that no sweep looks at, since when it is due, and what to do next.
`free` lets all of them, or those named, back into the sweeps. `--local` means the stack on this machine, `--stack NAME`
one on AWS. Exit code 0: nothing is set apart (any more). 1: something is, or an ID is not. 2: it could not be told.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException
from rich.console import Console
from rich.table import Table

from infra.audit import CannotTell, take_on
from infra.local.deployed import STACK

if TYPE_CHECKING:
    from chalicelib.services.schedule.parked import Parked

DONE, LEFT, UNTOLD = 0, 1, 2

KINDS = {
    "acct_": (
        "account",
        "Its renewal, retry or end waits. Mend, then free it; any change of the account frees it too.",
    ),
    "txn_": ("purchase or refund", "Repeat its request with the same Idempotency-Key, or mend and free it."),
    "bill_": ("Single Bill", "Mend, then free it; PATCH /v1/single-bill frees the open one too."),
    "prt_": ("prepaid watch", "The partner is not told when prepaid money runs out. Mend, then free it."),
}
"""What each kind of id names, and what to do about one that is stuck."""


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        take_on(stack=None if arguments.local else arguments.stack)
        return _list(arguments) if arguments.command == "list" else _free(arguments)
    except CannotTell as problem:
        message = str(problem)
    except (BotoCoreError, ClientError, PynamoDBException) as problem:
        message = f"The stack cannot be read: {problem}"
    Console(stderr=True, highlight=False).print(message, style="red", markup=False, soft_wrap=True)
    return UNTOLD


def _list(arguments: argparse.Namespace) -> int:
    from chalicelib.services.schedule import parked

    found = parked.list_parked()
    if arguments.json:
        print(_as_json(found))
    elif not found:
        Console(highlight=False).print("[bold green]Nothing is set apart.[/]")
    else:
        _tell(found)
    return LEFT if found else DONE


def _free(arguments: argparse.Namespace) -> int:
    from chalicelib.services.schedule import parked

    freed = parked.unpark(arguments.ids or None)
    missing = sorted(set(arguments.ids) - {each.id for each in freed})
    if arguments.json:
        print(_as_json(freed))
        return LEFT if missing else DONE
    console = Console(highlight=False)
    for each in freed:
        console.print(f"{each.id} is back in its sweep.", soft_wrap=True)
    for subject in missing:
        console.print(f"{subject} is not set apart.", style="yellow", markup=False, soft_wrap=True)
    if freed:
        console.print(
            "\nThe healing run sends them within half an hour. Look again then: `python -m infra.parked list`."
        )
    elif not missing:
        console.print("[bold green]Nothing is set apart.[/]")
    return LEFT if missing else DONE


def _tell(found: list["Parked"]) -> None:
    console, table = Console(highlight=False), Table("Stuck", "What", "Payer", "Due since", "Error", "What to do")
    for each in found:
        what, advice = _kind(each.id)
        table.add_row(each.id, what, each.payer, f"{each.due_at:%Y-%m-%d %H:%M}Z", each.because or "unknown", advice)
    console.print(table, markup=False)
    console.print(
        f"\n[bold red]{len(found):,} set apart.[/] The worker's log has a line `is stuck` with each one's id "
        "and the whole error.\nWhen that is mended: `python -m infra.parked free`, or `free ID` for one.",
        soft_wrap=True,
    )


def _kind(subject: str) -> tuple[str, str]:
    return next((told for prefix, told in KINDS.items() if subject.startswith(prefix)), ("", "Mend, then free it."))


def _as_json(found: list["Parked"]) -> str:
    return json.dumps(
        [
            {"id": each.id, "payer": each.payer, "due_at": each.due_at.isoformat(), "because": each.because}
            for each in found
        ]
    )


def _parser() -> argparse.ArgumentParser:
    about, _, rest = (__doc__ or "").partition("\n\n")
    common = argparse.ArgumentParser(add_help=False)
    where = common.add_mutually_exclusive_group()
    where.add_argument("--stack", default=STACK, metavar="NAME", help=f"a deployed stack on AWS (default: {STACK})")
    where.add_argument("--local", action="store_true", help="the stack that runs on this machine (`make run`)")
    common.add_argument("--json", action="store_true", help="print what was found or freed as JSON, and nothing else")
    parser = argparse.ArgumentParser(prog="python -m infra.parked", description=about, epilog=rest)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    commands.add_parser("list", parents=[common], help="show what was set apart, and what to do about it")
    freeing = commands.add_parser("free", parents=[common], help="let it back into the sweeps")
    freeing.add_argument("ids", nargs="*", metavar="ID", help="only these; without any, all that was set apart")
    return parser


if __name__ == "__main__":
    sys.exit(main())
