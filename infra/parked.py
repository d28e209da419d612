"""What broke the worker and is parked: `python -m infra.parked list`, and once the fault is fixed `... unpark [ID]`.

`list` shows every parked account, purchase, refund and bill, since when it is due, and what to do next. No sweep finds
them. `unpark` returns all of them, or those named, to their sweeps. `--local` means the stack on this machine,
`--stack NAME` one on AWS. Exit code 0: nothing is parked (any more). 1: something is, or an ID is not. 2: the stack
could not be reached.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from infra.commands import DONE, parser_of, run, stack_options

if TYPE_CHECKING:
    from chalicelib.services.schedule.parked import Parked

LEFT = 1

KINDS = {
    "acct_": (
        "account",
        "Its renewal, retry or end waits. Fix the fault, then unpark it; any change of the account does so, too.",
    ),
    "txn_": ("purchase or refund", "Repeat its request with the same Idempotency-Key, or fix the fault and unpark it."),
    "bill_": ("Single Bill", "Fix the fault, then unpark it; PATCH /v1/single-bill unparks the open one, too."),
    "contract_": (
        "contract",
        "The partner's yearly invoice, or its retry, waits. Fix the fault, then unpark it; any change of the contract "
        "does so, too.",
    ),
    "earnings:": (
        "posting of earnings",
        "What an invoice, bill or account brings its partner waits. Fix the fault, then unpark it; its next change "
        "does so, too.",
    ),
    "payouts:": ("beginning of a partner's payout", "The partner is not paid. Fix the fault, then unpark it."),
    "pay_": ("payout", "It is not sent, or not asked about. Fix the fault, then unpark it."),
    "prun_": ("payout run", "The partners of a run by hand are not all paid. Fix the fault, then unpark it."),
    "xfer_": ("transfer", "Its next mail, or its lapse, waits. Fix the fault, then unpark it."),
    "prt_": ("balance check", "The partner gets no alert when prepaid money runs low. Fix the fault, then unpark it."),
}
"""What each kind of id names, and what to do about one that is parked."""


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return run(arguments, arguments.act)


def _list(arguments: argparse.Namespace) -> int:
    from chalicelib.services.schedule import parked

    found = parked.list_parked()
    if arguments.json:
        print(_as_json(found))
    elif not found:
        Console(highlight=False).print("[bold green]Nothing is parked.[/]")
    else:
        _show(found)
    return LEFT if found else DONE


def _unpark(arguments: argparse.Namespace) -> int:
    from chalicelib.services.schedule import parked

    unparked = parked.unpark(arguments.ids or None)
    missing = sorted(set(arguments.ids) - {each.id for each in unparked})
    if arguments.json:
        print(_as_json(unparked))
        return LEFT if missing else DONE
    console = Console(highlight=False)
    for each in unparked:
        console.print(f"{each.id} is unparked.", soft_wrap=True)
    for subject in missing:
        console.print(f"{subject} is not parked.", style="yellow", markup=False, soft_wrap=True)
    if unparked:
        console.print(
            "\nThe healing run sends them within half an hour. Look again then: `python -m infra.parked list`."
        )
    elif not missing:
        console.print("[bold green]Nothing is parked.[/]")
    return LEFT if missing else DONE


def _show(found: list["Parked"]) -> None:
    console, table = Console(highlight=False), Table("Parked", "What", "Payer", "Due since", "Error", "What to do")
    for each in found:
        what, advice = _kind(each.id)
        table.add_row(each.id, what, each.payer, f"{each.due_at:%Y-%m-%d %H:%M}Z", each.because or "unknown", advice)
    console.print(table, markup=False)
    console.print(
        f"\n[bold red]{len(found):,} parked.[/] The worker's log has a line `subject parked` with each one's id "
        "and the whole error.\nWhen that is fixed: `python -m infra.parked unpark`, or `unpark ID` for one.",
        soft_wrap=True,
    )


def _kind(subject: str) -> tuple[str, str]:
    return next(
        (kind for prefix, kind in KINDS.items() if subject.startswith(prefix)), ("", "Fix the fault, then unpark it.")
    )


def _as_json(found: list["Parked"]) -> str:
    return json.dumps(
        [
            {"id": each.id, "payer": each.payer, "due_at": each.due_at.isoformat(), "because": each.because}
            for each in found
        ]
    )


def _parser() -> argparse.ArgumentParser:
    common = stack_options()
    common.add_argument(
        "--json", action="store_true", help="print what was found or unparked as JSON, and nothing else"
    )
    parser = parser_of("infra.parked", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", parents=[common], help="show what is parked, and what to do about it")
    listing.set_defaults(act=_list)
    unparking = commands.add_parser("unpark", aliases=["free"], parents=[common], help="return it to its sweep")
    unparking.add_argument("ids", nargs="*", metavar="ID", help="only these; without any, all that is parked")
    unparking.set_defaults(act=_unpark)
    return parser


if __name__ == "__main__":
    sys.exit(main())
