"""Write accounts anew: `python -m infra.rewrite --local` for the stack on this machine, `--stack NAME` for one on AWS.

After a release that stores accounts in another form, or a program file with other days, rows that have not changed
since are in the old form, or have the old alarm, until they do. This goes through all accounts, partner by partner, and
writes those that this release would store otherwise. No account changes by it, no event is published, and what is
written at the same time is not lost. It may be stopped at any time and run again: what is done is only read.

The code of this directory writes, so run it from the release that is deployed. Exit code 0: every account is as this
release stores it. 1: some are not, run it again. 2: the stack could not be reached.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
from rich.console import Console

from infra.commands import DONE, NotDone, parser_of, run, stack_options

if TYPE_CHECKING:
    from chalicelib.domain.partners.partners import Partner

LEFT = 1

AT_ONCE = 100
"""DynamoDB reads no more items in one batch."""
WRITES_PER_SECOND = 50
"""By default: little beside what a stack does anyway, and 180,000 accounts an hour."""

WRITTEN, WOULD_BE_WRITTEN, CHANGED = "written", "would be written", "changed meanwhile"

Counts = Counter[str]
"""How many accounts were written, or why not."""


def rewrite(
    *, partner: str | None, per_second: float, dry_run: bool, pause: Callable[[float], None] = time.sleep
) -> Iterator[Counts]:
    """Write all accounts anew, or those of one partner; yields how many so far, after each hundred.

    Raises NotFound for an unknown partner.
    """
    counts = Counts()
    for each in _partners(partner):
        for items in _accounts(each.id):
            begun, before = time.monotonic(), counts[WRITTEN]
            counts.update(_write(item, partner=each, dry_run=dry_run) for item in items)
            yield counts
            pause(max(0.0, (counts[WRITTEN] - before) / per_second - (time.monotonic() - begun)))


def _partners(only: str | None) -> Iterator["Partner"]:
    from chalicelib.programs import program_names
    from chalicelib.services.partners import partners

    if only is not None:
        yield partners.get_partner(partner_id=only)
        return
    for name in program_names():
        start: dict[str, Any] | None = None
        while True:
            page, start = partners.list_partners(program=name, limit=AT_ONCE, start=start)
            yield from page
            if start is None:
                break


def _accounts(partner_id: str) -> Iterator[list[dict[str, Any]]]:
    """The stored rows of a partner's accounts, up to a hundred at a time, read consistently."""
    from chalicelib.models.accounts import overview

    ids = (item["id"]["S"] for item in overview.index_items(partner_id))
    while some := list(islice(ids, AT_ONCE)):
        yield list(_rows(some))


def _rows(ids: list[str]) -> Iterator[dict[str, Any]]:
    table, client = os.environ["ACCOUNTS_TABLE"], boto3.client("dynamodb")
    keys: list[dict[str, Any]] = [{"id": {"S": each}} for each in ids]
    while keys:
        answer = client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        yield from answer["Responses"].get(table, [])
        keys = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])


def _write(item: dict[str, Any], *, partner: "Partner", dry_run: bool) -> str:
    """Write an account's row anew, unless it has moved to another partner by now; returns what became of it."""
    from chalicelib.models.accounts import house_shards, rewrites
    from chalicelib.models.transactions import WriteConflict, commit
    from chalicelib.programs import program

    if house_shards.partner_of(item["partner_id"]["S"]) != partner.id:
        return CHANGED
    put = rewrites.anew(item, program=program(partner.program))
    if isinstance(put, rewrites.Left):
        return put.value
    if dry_run:
        return WOULD_BE_WRITTEN
    try:
        commit([put])
    except WriteConflict:
        return CHANGED
    return WRITTEN


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return run(arguments, _act)


def _act(arguments: argparse.Namespace) -> int:
    from chalicelib.domain.refusals import NotFound
    from chalicelib.models.transactions import Busy

    progress = Console(stderr=True, highlight=False)
    counts = Counts()
    try:
        for counts in rewrite(partner=arguments.partner, per_second=arguments.rate, dry_run=arguments.dry_run):
            if progress.is_terminal and not arguments.json:
                progress.print(f"{counts.total():,} read, {counts[WRITTEN]:,} written", end="\r")
    except (NotFound, Busy) as problem:
        raise NotDone(problem.detail) from problem
    _show(counts, as_json=arguments.json)
    return DONE if counts.total() == counts["newest"] + counts[WRITTEN] else LEFT


_EXPLAINED = {
    "newest": "as this release stores them",
    WRITTEN: "written",
    WOULD_BE_WRITTEN: "would be written",
    CHANGED: "changed while they were read: run it again",
    "charging": "with a charge in progress, which writes them when it is settled",
    "parked": "parked: see `python -m infra.parked list`, then run it again",
}


def _show(counts: Counts, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"accounts": counts.total(), **counts}))
        return
    console = Console(highlight=False)
    console.print(f"{counts.total():>10,}  accounts")
    for outcome, words in _EXPLAINED.items():
        if counts[outcome]:
            console.print(f"{counts[outcome]:>10,}  {words}", markup=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("infra.rewrite", __doc__, parents=[stack_options()])
    parser.add_argument("--partner", metavar="ID", help="one partner's accounts only")
    parser.add_argument(
        "--rate",
        type=_rate,
        default=WRITES_PER_SECOND,
        metavar="N",
        help=f"writes a second, at most (default: {WRITES_PER_SECOND})",
    )
    parser.add_argument("--dry-run", action="store_true", help="count, and write nothing")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON, and nothing else")
    return parser


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a number, not {text!r}") from error
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return rate


if __name__ == "__main__":
    sys.exit(main())
